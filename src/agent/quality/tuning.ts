/** What an organisation says of its own list to be found better, or not at all. It is kept sealed and never leaves. */
import type { AccountFacts } from '../../../protocol/identifiers/account.ts';
import { normaliseDomain } from '../../../protocol/identifiers/domain.ts';
import { identify } from '../../../protocol/identifiers/index.ts';
import { canonicalId } from '../import/identity.ts';

/**
 * What counts as one account. `site`: records of one company in different cities stay apart; `company`: they are one;
 * `group`: as `company`, and every company is known by its topmost parent's names, domains and ids too, behind its own.
 */
export const LEVELS = ['site', 'company', 'group'] as const;
/** See `LEVELS`. */
export type Level = (typeof LEVELS)[number];

/** Further names and domains of every account of one name. */
export interface Alias {
  readonly name: string;
  readonly names: readonly string[];
  readonly domains: readonly string[];
}

/** Records, domains and names that never leave; accounts that have one are not shared at all. */
export interface Exclusions {
  readonly records: readonly string[];
  readonly domains: readonly string[];
  readonly names: readonly string[];
}

/** All of an organisation's own settings of matching. */
export interface Tuning {
  readonly aliases: readonly Alias[];
  readonly exclude: Exclusions;
  /** Words and phrases without which a name is a further form of it. */
  readonly stopWords: readonly string[];
  readonly level: Level;
}

/** Nothing set. */
export const UNTUNED: Tuning = {
  aliases: [],
  exclude: { records: [], domains: [], names: [] },
  stopWords: [],
  level: 'company',
};

/** A tuning made ready for many accounts. */
export interface Tuner {
  readonly level: Level;
  /** False where nothing is excluded, so that nobody needs to look. */
  readonly excludes: boolean;
  /** The facts with what the tuning knows more of the account: nothing that was there is taken away. */
  readonly extend: (facts: AccountFacts) => AccountFacts;
  /** True for an account that must not leave, by its facts and the ids of its records. */
  readonly isExcluded: (facts: AccountFacts, recordIds: readonly string[]) => boolean;
}

/** The values of kind `name` that a name is compared by. */
export function nameValues(name: string): string[] {
  return identify({ names: [name], domains: [] }).identifiers.flatMap(({ kind, value }) =>
    kind === 'name' ? [value] : [],
  );
}

/** Indexes the tuning. Aliases and excluded names hold for every way to write them that `identify` takes for equal. */
export function tuner(tuning: Tuning): Tuner {
  const aliases = new Map<string, Alias[]>();
  for (const alias of tuning.aliases) {
    for (const value of nameValues(alias.name)) aliases.set(value, [...(aliases.get(value) ?? []), alias]);
  }
  const stopWords = tuning.stopWords.map(wordsOf).filter((phrase) => phrase.length > 0);
  const records = new Set(tuning.exclude.records.map(canonicalId));
  const domains = new Set(tuning.exclude.domains);
  const names = new Set(tuning.exclude.names.flatMap(nameValues));
  const known = (facts: AccountFacts) => [...facts.names, ...(facts.formerNames ?? [])];
  return {
    level: tuning.level,
    excludes: records.size + domains.size + names.size > 0,
    extend(facts) {
      const given = known(facts);
      const found =
        aliases.size === 0 ? [] : given.flatMap(nameValues).flatMap((value) => aliases.get(value) ?? []);
      const more = [
        ...found.flatMap((alias) => alias.names),
        ...given.flatMap((name) => (stopWords.length === 0 ? [] : withoutWords(name, stopWords))),
      ].filter((name) => !given.includes(name));
      if (found.length === 0 && more.length === 0) return facts;
      return {
        ...facts,
        formerNames: [...new Set([...(facts.formerNames ?? []), ...more])],
        domains: [...new Set([...facts.domains, ...found.flatMap((alias) => alias.domains)])],
      };
    },
    isExcluded(facts, recordIds) {
      if (recordIds.some((id) => records.has(canonicalId(id)))) return true;
      const hasDomain = (raw: string) => {
        const domain = normaliseDomain(raw);
        return domain.ok && domains.has(domain.value);
      };
      if (domains.size > 0 && facts.domains.some(hasDomain)) return true;
      return (
        names.size > 0 &&
        known(facts)
          .flatMap(nameValues)
          .some((value) => names.has(value))
      );
    },
  };
}

/** Words of a text for comparing: case, accents and signs do not count. */
function wordsOf(text: string): string[] {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f'’]/g, '')
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter((word) => word !== '');
}

/** The name without the phrases, if it has any and at least a word of two letters is left; else nothing. */
function withoutWords(name: string, phrases: readonly (readonly string[])[]): string[] {
  const parts = name.split(/[\s,;()/–—-]+/).filter((part) => part !== '');
  const keys = parts.map((part) => wordsOf(part).join(' '));
  const dropped = new Set<number>();
  for (const phrase of phrases) {
    for (let at = 0; at + phrase.length <= keys.length; at++) {
      if (phrase.every((word, i) => keys[at + i] === word))
        phrase.forEach((_, i) => void dropped.add(at + i));
    }
  }
  const kept = parts.filter((_, at) => !dropped.has(at));
  if (dropped.size === 0 || !kept.some((part) => /[\p{L}\p{N}]{2}/u.test(part))) return [];
  return [kept.join(' ')];
}
