/** Tries the own tuning on labelled pairs, on this machine alone: what would be found, and what of it is right. */
import type { AccountFacts } from '../../../protocol/identifiers/account.ts';
import { identify } from '../../../protocol/identifiers/index.ts';
import { DISTINGUISHING_KINDS, KINDS, type Kind } from '../../../protocol/identifiers/kind.ts';
import { type Tier, type TierRule, tierOf } from '../../../protocol/tier.ts';
import { headerKey } from '../import/columns.ts';
import { readTable } from '../import/table.ts';
import { Problem } from '../problem.ts';
import { type Tuning, tuner } from './tuning.ts';

/** A pair of the sample; `a` is the own side, which the tuning is for. */
export interface LabelledPair {
  readonly line: number;
  readonly a: AccountFacts;
  readonly b: AccountFacts;
  readonly match: boolean;
}

/** Of the pairs found, how many are right (precision), and how many of the right ones are found (recall); 1 where there are none. */
export interface Score {
  readonly found: number;
  readonly right: number;
  readonly recall: number;
  readonly precision: number;
}

/** What a tuning makes of a sample. */
export interface SampleResult {
  readonly confirmed: Score;
  /** Both tiers together. */
  readonly both: Score;
  /** Pairs of the sample that the tuning keeps from ever leaving. */
  readonly excluded: number;
  readonly mistakes: readonly {
    readonly line: number;
    readonly mistake: 'missed' | 'wrong';
    readonly tier: Tier | null;
    readonly by: TierRule | null;
  }[];
}

const HINT =
  'write CSV with the columns a_name, a_domain, b_name, b_domain and label (1 for the same company, 0 for another); a_country, a_state and a_city may be there too';

/**
 * Reads a sample: columns `a_name`, `a_domain`, `b_name`, `b_domain`, `label`, of each side also `country`, `state` and
 * `city`. Throws `bad_input` with line numbers, and `ImportError`.
 */
export async function readSample(path: string): Promise<LabelledPair[]> {
  const { columns, rows } = await readTable(path);
  const keys = columns.map(headerKey);
  const label = keys.indexOf('label');
  const side = (letter: string) => {
    const cells = (name: string) => keys.indexOf(letter + name);
    return {
      name: cells('name'),
      domain: cells('domain'),
      country: cells('country'),
      region: cells('state'),
      city: cells('city'),
    };
  };
  const [a, b] = [side('a'), side('b')];
  const named = [a, b].every(({ name, domain }) => name !== -1 || domain !== -1);
  if (label === -1 || !named)
    throw new Problem('bad_input', `${path}: line 1: the columns are not those of a sample`, HINT);
  const pairs: LabelledPair[] = [];
  for await (const row of rows) {
    const wrong = (what: string) => new Problem('bad_input', `${path}: line ${row.line}: ${what}`, HINT);
    if ('rejected' in row) throw wrong(row.rejected);
    const said = row.cells[label]?.trim() ?? '';
    if (!/^[01]$/.test(said)) throw wrong(`the label is "${said}", not 1 or 0`);
    const facts = ({ name, domain, ...place }: typeof a): AccountFacts => {
      const text = (at: number) => row.cells[at]?.trim() ?? '';
      const list = (at: number) => (text(at) === '' ? [] : text(at).split(/[;|]\s*/));
      const placed = Object.entries(place).filter(([, at]) => text(at) !== '');
      return {
        names: text(name) === '' ? [] : [text(name)],
        domains: list(domain),
        ...Object.fromEntries(placed.map(([key, at]) => [key, text(at)])),
      };
    };
    pairs.push({ line: row.line, a: facts(a), b: facts(b), match: said === '1' });
  }
  if (pairs.length === 0) throw new Problem('bad_input', `${path} has no pairs`, HINT);
  return pairs;
}

const MISTAKES = 100;

/** What the tuning, of side `a`, makes of the pairs. No pair has neighbours, so no domain is crowded and no name shared. */
export function trySample(pairs: readonly LabelledPair[], tuning: Tuning): SampleResult {
  const own = tuner(tuning);
  const mistakes: SampleResult['mistakes'][number][] = [];
  const counts = { confirmed: 0, confirmedRight: 0, both: 0, bothRight: 0, excluded: 0 };
  for (const { line, a, b, match } of pairs) {
    const facts = own.extend(a);
    const isExcluded = own.isExcluded(facts, []);
    if (isExcluded) counts.excluded++;
    const verdict = isExcluded ? null : verdictOf(facts, b);
    if (verdict) {
      counts.both++;
      if (match) counts.bothRight++;
    }
    if (verdict?.tier === 'confirmed') {
      counts.confirmed++;
      if (match) counts.confirmedRight++;
    }
    const isMistake = match ? verdict?.tier !== 'confirmed' : verdict !== null;
    if (isMistake && mistakes.length < MISTAKES)
      mistakes.push({
        line,
        mistake: match ? 'missed' : 'wrong',
        tier: verdict?.tier ?? null,
        by: verdict?.reasons[0] ?? null,
      });
  }
  const matches = pairs.filter(({ match }) => match).length;
  return {
    confirmed: score(counts.confirmed, counts.confirmedRight, matches),
    both: score(counts.both, counts.bothRight, matches),
    excluded: counts.excluded,
    mistakes,
  };
}

function score(found: number, right: number, matches: number): Score {
  return {
    found,
    right,
    recall: matches === 0 ? 1 : right / matches,
    precision: found === 0 ? 1 : right / found,
  };
}

function verdictOf(a: AccountFacts, b: AccountFacts): ReturnType<typeof tierOf> {
  const values = (facts: AccountFacts) => {
    const { identifiers, derived } = identify(facts);
    const found = new Map<Kind, Set<string>>();
    const put = (kind: Kind, value: string) => found.set(kind, (found.get(kind) ?? new Set()).add(value));
    for (const { kind, value } of identifiers) put(kind, value);
    for (const { kind, value, of } of derived) put(kind, JSON.stringify([of, value]));
    return found;
  };
  const [mine, theirs] = [values(a), values(b)];
  const both = KINDS.filter((kind) => mine.has(kind) && theirs.has(kind));
  const kinds = both.filter((kind) =>
    [...(mine.get(kind) ?? [])].some((value) => theirs.get(kind)?.has(value)),
  );
  const differs = DISTINGUISHING_KINDS.filter((kind) => both.includes(kind) && !kinds.includes(kind));
  return tierOf({ kinds, differs, crowded: false, oneToMany: false });
}
