/** Whether the records of a submission rest on each other: searched page by page, before anything is matched. */
import { RECORD_TYPES, type RecordType } from '../../../protocol/submission.ts';
import { first, type PartnershipStore } from '../storage/partnership.ts';
import { keysOf, weightOf } from './garbage.ts';
import { PAGE_ROWS, pageOf } from './pages.ts';

/** What a record that rests on nothing is called, where it should stand, and by which columns. */
const RESTS_ON: Readonly<Record<Exclude<RecordType, 'accounts'>, readonly [string, RecordType, string]>> = {
  tags: ['a tag without its account', 'accounts', 'o.handle = r.handle'],
  boxes: ['a box without its tag', 'tags', 'o.tag = r.tag and o.handle = r.handle'],
  wraps: ['a wrapped key without its tag', 'tags', 'o.tag = r.tag and o.handle = r.handle'],
  fields: ['a field without its account', 'accounts', 'o.handle = r.handle'],
  names: [
    'a name for a population that its account is not in',
    'accounts',
    'o.handle = r.handle and o.populations & (1 << r.population)',
  ],
};

/** A box rests on its account's population too. */
const BOX_IN_POPULATION = [
  'a box for a population that its account is not in',
  'accounts',
  'o.handle = r.handle and o.populations & (1 << r.population)',
] as const;

export type CheckedType = keyof typeof RESTS_ON;
export const CHECKED_TYPES = RECORD_TYPES.filter((type): type is CheckedType => type !== 'accounts');

export interface CheckedPage {
  /** What contradicts, in words for the uploader. */
  readonly contradiction: string | null;
  readonly cost: number;
  readonly next: Uint8Array | null;
}

/** Checks one page of one type of records. */
export function checkPage(
  store: PartnershipStore,
  type: CheckedType,
  of: { readonly side: number; readonly number: number },
  after: Uint8Array,
): CheckedPage {
  const rows = Math.floor(PAGE_ROWS / weightOf(type));
  const where = ['side = ? and generation = ?', of.side, of.number] as const;
  const range = pageOf(store, { table: type, columns: keysOf(type), where }, after, rows);
  const rules = type === 'boxes' ? [RESTS_ON.boxes, BOX_IN_POPULATION] : [RESTS_ON[type]];
  const broken = rules.find(([, other, condition]) =>
    first(
      store,
      `select 1 from ${type} r where r.side = ? and r.generation = ? and ${range.sql('r')} and not exists
         (select 1 from ${other} o where o.side = r.side and o.generation = r.generation and ${condition}) limit 1`,
      of.side,
      of.number,
      ...range.parameters,
    ),
  );
  return { contradiction: broken?.[0] ?? null, cost: 1 + (range.next ? PAGE_ROWS : 0), next: range.next };
}
