/** What of an account its owner's organisation can share with a partner, if a sharing scope grants it. */
import type { AccountRecord } from './import/accounts.ts';
import { SHARED_NOTE } from './import/columns.ts';
import type { OpportunityRecord } from './import/opportunities.ts';
import { isOpen } from './population.ts';
import { dateOf, numberOf } from './values.ts';

/** The fields that a scope can name, in the order in which they are shown. */
const SHAREABLE_FIELDS = [
  'owner',
  'owner_email',
  'stage',
  'amount',
  'close_date',
  'industry',
  'city',
  'country',
  'type',
  'amount_band',
  'note',
] as const;

/**
 * The account's fields by the names of `SHAREABLE_FIELDS`; one without content is left out. Stage, amount, its band and
 * close date are all of one opportunity: the open one with the latest close date, which stands for the most advanced, then
 * the largest amount, then the smallest id; none of them where no opportunity is open.
 */
export function shareableFields(
  account: AccountRecord,
  opportunities: readonly OpportunityRecord[],
): Record<string, string> {
  const chosen = opportunities.filter(isOpen).sort(byCloseDate)[0];
  const shared: Record<string, string> = {};
  for (const field of SHAREABLE_FIELDS) {
    const value = fieldText(field, account, chosen);
    if (value !== undefined && value !== '') shared[field] = value;
  }
  return shared;
}

function fieldText(
  field: (typeof SHAREABLE_FIELDS)[number],
  account: AccountRecord,
  opportunity: OpportunityRecord | undefined,
): string | undefined {
  if (field === 'stage' || field === 'amount' || field === 'close_date') return opportunity?.fields[field];
  if (field === 'amount_band') return amountBand(opportunity?.fields.amount, opportunity?.fields.currency);
  // Only a column that the import was told to be the note.
  if (field === 'note') return account.fields[SHARED_NOTE] ?? opportunity?.fields[SHARED_NOTE];
  return field === 'country' ? account.country : account.fields[field];
}

/** Upper ends of the bands, in units of the currency. */
const BANDS = [
  { below: 10_000, text: '<10k' },
  { below: 50_000, text: '10k–50k' },
  { below: 250_000, text: '50k–250k' },
  { below: 1_000_000, text: '250k–1M' },
] as const;
const SIGNS: Readonly<Record<string, string>> = { '€': 'EUR', '£': 'GBP', '¥': 'JPY' };

/**
 * An amount as its band, behind the currency where the column or the cell names one; undefined where there is no number.
 * A `$` alone is told as it is, as many currencies are written so.
 */
export function amountBand(amount = '', currency = ''): string | undefined {
  const value = numberOf(amount);
  if (value === null) return undefined;
  const named = /^[A-Za-z]{3}$/.test(currency.trim()) ? currency.trim().toUpperCase() : null;
  const [inCell] = /\b[A-Z]{3}\b/.exec(amount) ?? [];
  const [sign] = /\p{Sc}/u.exec(amount) ?? [];
  const unit = named ?? inCell ?? (sign && (SIGNS[sign] ?? sign));
  const band = BANDS.find(({ below }) => value < below)?.text ?? '>1M';
  return unit ? `${unit} ${band}` : band;
}

function byCloseDate(a: OpportunityRecord, b: OpportunityRecord): number {
  const dates = compare(dateOf(b.fields.close_date ?? '') ?? '', dateOf(a.fields.close_date ?? '') ?? '');
  if (dates !== 0) return dates;
  const amounts = (numberOf(b.fields.amount ?? '') ?? 0) - (numberOf(a.fields.amount ?? '') ?? 0);
  return amounts !== 0 ? amounts : compare(a.id, b.id);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
