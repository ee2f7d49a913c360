/** Why pairs are pairs, in words. */
import { DERIVED_KINDS, EVALUATED_KINDS, type Kind } from '../../../protocol/identifiers/kind.ts';
import type { TierRule } from '../../../protocol/tier.ts';
import type { OverlapRow } from '../../agent/answers.ts';
import { print, printable } from '../output.ts';

const RULE_TEXTS: Readonly<Record<TierRule, string>> = {
  id: 'an official number is equal',
  domain: 'a website is equal that no other account has',
  domain_and_name: 'website and name are equal',
  name_and_site: 'the name is equal, and both websites carry it',
  name_and_city: 'name and city are equal',
  name_and_country: 'name and country are equal',
  ids_differ: 'official numbers differ',
  countries_differ: 'the countries differ',
  domains_differ: 'the websites differ',
  one_to_many: 'several accounts have this name and place',
  domain_of_several: 'several accounts have this website',
  name_alone: 'only the name is equal',
};

/** What a rule of protocol/tier.ts says. */
export function ruleText(rule: TierRule | undefined): string {
  return rule ? RULE_TEXTS[rule] : '';
}

/** One block a pair: what decided, and what of the own list it rests on. */
export function printWhy(rows: readonly OverlapRow[]): void {
  for (const row of rows) {
    const decided = row.decision ? `, ${row.decision} by you` : '';
    print(
      `${row.account} (${row.records.map(({ record }) => record).join(', ')}) with ${row.partner}: ${row.tier}${decided}`,
    );
    for (const rule of row.reasons) print(`  ${RULE_TEXTS[rule]}`);
    for (const text of row.decided ?? []) print(`  shown by ${printable(text)}`);
    for (const { kind, value, columns } of row.evidence ?? []) {
      const from = columns.length > 0 ? `   your ${columns.map((column) => `“${column}”`).join(', ')}` : '';
      print(`    ${kind.padEnd(14)}${printable(value.replaceAll('\u001f', ' '))}${from}`);
    }
  }
}

/** `domain+name(city,site)`: what refines the name stands behind it. */
export function kindsText(kinds: readonly Kind[]): string {
  const derived = DERIVED_KINDS.filter((kind) => kinds.includes(kind)).map((kind) =>
    kind.replace('name_', ''),
  );
  return EVALUATED_KINDS.filter((kind) => kinds.includes(kind))
    .map((kind) => (kind === 'name' && derived.length > 0 ? `name(${derived.join(',')})` : kind))
    .join('+');
}
