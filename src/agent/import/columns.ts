/** What columns can mean, and the two ways to spell a key. The names of columns stand in headers.ts. */
import { ID_KINDS } from '../../../protocol/identifiers/kind.ts';

/** What a column can mean to an import; `ignore` leaves it out. */
export const MEANINGS = [
  'id',
  'name',
  'other_name',
  'domain',
  'country',
  'state',
  'city',
  'parent',
  ...ID_KINDS,
  'type',
  'owner',
  'owner_email',
  'industry',
  'account_id',
  'stage',
  'amount',
  'currency',
  'close_date',
  'opportunity_name',
  'note',
  'ignore',
] as const;

/** See `MEANINGS`. */
export type Meaning = (typeof MEANINGS)[number];

/**
 * Under which a column is kept that `--map` names as the note to share. No header has this key, so that a column that
 * only happens to be called so is never shared.
 */
export const SHARED_NOTE = 'shared note';

/** Meanings that an account is compared by. */
export const COMPARED = ['name', 'other_name', 'domain', 'country', 'state', 'city', ...ID_KINDS] as const;
export type ComparedMeaning = (typeof COMPARED)[number];

/** Meanings that several columns of one file may have. */
export const SEVERAL: readonly Meaning[] = ['name', 'other_name', 'domain', 'parent', ...ID_KINDS];

/**
 * A header as it is looked up: letters and digits in lower case without accents of Latin letters, so `Billing Country`
 * is `BillingCountry` and `Société` is `societe`.
 */
export function headerKey(column: string): string {
  return column
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .replace(/[^\p{L}\p{M}\p{N}]/gu, '');
}

/** The key of an attribute in rules: lower case, `_` for spaces and signs. `Lifecycle Stage` is `lifecycle_stage`. */
export function attributeKey(column: string): string {
  const key = column
    .toLowerCase()
    .normalize('NFC')
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, '_')
    .replace(/^_+|_+$/g, '');
  return ATTRIBUTE_KEYS.get(key) ?? (key === '' ? 'column' : key);
}

/** API names without word breaks, under the key that the same column has when exported by its label. */
const ATTRIBUTE_KEYS: ReadonlyMap<string, string> = new Map([
  ['lifecyclestage', 'lifecycle_stage'],
  ['isclosed', 'is_closed'],
  ['hs_is_closed', 'is_closed'],
]);

/** Words before `_id` that point at another record than the row's own. */
export const FOREIGN_IDS =
  /^(owner|user|parent|ultimate|master|record_?type|campaign|created|last|modified|associated|partner|group|tax|vat)/;
