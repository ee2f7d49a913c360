import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { type AccountFacts, identify } from '../../protocol/identifiers/index.ts';
import { DISTINGUISHING_KINDS, type Kind } from '../../protocol/identifiers/kind.ts';
import { type Tier, tierOf } from '../../protocol/tier.ts';

/** A company's name, or all that a CRM knows of it. */
type Side = string | AccountFacts;

interface Case {
  readonly lang: string;
  readonly a: Side;
  readonly b: Side;
}

/**
 * Cases of one difficulty. Names alone must be a pair of any tier, or of none; accounts must be a confirmed pair, or
 * not be confirmed.
 */
interface Difficulty {
  readonly note: string;
  readonly match: readonly Case[];
  readonly differ: readonly Case[];
}

/** The least precision and recall by difficulty; a difficulty that is not named must be without fault. */
const PINNED: Readonly<Record<string, { precision: number; recall: number }>> = {
  // Two forms of one name in one country may be two companies: the country's registers alone know.
  'legal-forms': { precision: 0.97, recall: 1 },
  // A first fund is "I" or nothing.
  numbers: { precision: 1, recall: 0.92 },
  // A translation is no transliteration, and Sony is not written as it sounds.
  scripts: { precision: 1, recall: 0.89 },
  // How a name is misspelled cannot be foreseen.
  unicode: { precision: 1, recall: 0.94 },
};

const folder = new URL('matching/', import.meta.url);
const difficulties = readdirSync(folder).map((file) => {
  const cases = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Difficulty;
  return [file.replace('.json', ''), cases] as const;
});

/** The values by kind; a derived one is told with the name it refines. */
function valuesOf(side: Side): Map<Kind, Set<string>> {
  const { identifiers, derived } = identify(typeof side === 'string' ? { names: [side], domains: [] } : side);
  const values = new Map<Kind, Set<string>>();
  const add = (kind: Kind, value: string) => values.set(kind, (values.get(kind) ?? new Set()).add(value));
  for (const { kind, value } of identifiers) add(kind, value);
  for (const { kind, value, of } of derived) add(kind, `${of}\n${value}`);
  return values;
}

/** The tier of two accounts that are alone in their lists. */
function tier({ a, b }: Case): Tier | null {
  const [left, right] = [valuesOf(a), valuesOf(b)];
  const both = [...left.keys()].filter((kind) => right.has(kind));
  const kinds = both.filter((kind) =>
    [...(left.get(kind) ?? [])].some((value) => right.get(kind)?.has(value)),
  );
  const differs = DISTINGUISHING_KINDS.filter((kind) => both.includes(kind) && !kinds.includes(kind));
  return tierOf({ kinds, differs, crowded: false, oneToMany: false })?.tier ?? null;
}

function found(one: Case): boolean {
  return typeof one.a === 'string' ? tier(one) !== null : tier(one) === 'confirmed';
}

const lines: string[] = [];

describe.each(difficulties)('%s', (name, { match, differ }) => {
  test('has at least eight pairs that match and four that do not', () => {
    expect(match.length).toBeGreaterThanOrEqual(8);
    expect(differ.length).toBeGreaterThanOrEqual(4);
  });

  test('keeps its precision and recall', () => {
    const missed = match.filter((one) => !found(one));
    const wrong = differ.filter(found);
    const right = match.length - missed.length;
    const recall = right / match.length;
    const precision = right / (right + wrong.length);
    lines.push(
      `${name.padEnd(16)} ${String(match.length).padStart(3)} + ${String(differ.length).padStart(2)}   recall ${recall.toFixed(3)}   precision ${precision.toFixed(3)}`,
    );
    const pinned = PINNED[name] ?? { precision: 1, recall: 1 };
    expect(recall, JSON.stringify(missed)).toBeGreaterThanOrEqual(pinned.recall);
    expect(precision, JSON.stringify(wrong)).toBeGreaterThanOrEqual(pinned.precision);
  });
});

test('the cases are of at least twelve languages', () => {
  const all = difficulties.flatMap(([, { match, differ }]) => [...match, ...differ]);
  expect(new Set(all.map(({ lang }) => lang)).size).toBeGreaterThanOrEqual(12);
});

afterAll(() => {
  console.log(`pairs that match + that differ, by difficulty\n${lines.sort().join('\n')}`);
});
