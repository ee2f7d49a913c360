/** Answers as the tables that CRMs import. */
import { FIELDS, type Field } from '../../../protocol/scope.ts';
import type { OverlapRow, WhiteSpaceRow } from '../../agent/answers.ts';

export const EXPORT_FORMATS = ['salesforce', 'hubspot', 'csv'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];
type CrmFormat = Exclude<ExportFormat, 'csv'>;

export interface ExportTable {
  /** The header first. */
  readonly rows: readonly (readonly string[])[];
  /**
   * Pairs that are not in it: they are to review, or their account has no record id of this CRM, or is not in the list
   * any more.
   */
  readonly leftOut: number;
}

/** What each format calls its columns. A custom column is to be made in the CRM once. */
const COLUMNS = {
  salesforce: {
    id: 'Id',
    name: 'Name',
    partner: 'Commonground_Partner__c',
    populations: 'Commonground_Partner_Populations__c',
    matchedBy: 'Commonground_Matched_By__c',
    firstSeen: 'Commonground_First_Seen__c',
    field: (field: Field) => `Commonground_Partner_${field.split('_').map(capital).join('_')}__c`,
  },
  hubspot: {
    id: 'Record ID',
    name: 'Company name',
    partner: 'Commonground partner',
    populations: 'Commonground partner populations',
    matchedBy: 'Commonground matched by',
    firstSeen: 'Commonground first seen',
    field: (field: Field) => `Commonground partner ${field.replaceAll('_', ' ')}`,
  },
} as const satisfies Record<CrmFormat, unknown>;

/** Ids as the CRM makes them; another row could only be refused by it, or update something else. */
const RECORD_IDS: Readonly<Record<CrmFormat, RegExp>> = {
  salesforce: /^[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?$/,
  hubspot: /^\d{1,20}$/,
};

/**
 * The overlap: a row a pair as csv, a row a record for a CRM, which takes each record once in a file, and nothing that a
 * person has to look at first.
 */
export function overlapTable(format: ExportFormat, rows: readonly OverlapRow[]): ExportTable {
  const fields = FIELDS.filter((field) => rows.some((row) => row.fields[field] !== undefined));
  if (format === 'csv')
    return { rows: [pairHeader(fields), ...rows.map((row) => pair(row, fields))], leftOut: 0 };
  const byRecord = new Map<string, OverlapRow[]>();
  let leftOut = 0;
  for (const row of rows) {
    const isSure = (row.tier === 'confirmed' || row.decision === 'confirmed') && !row.removed;
    const ids = !isSure ? [] : row.records.filter(({ record }) => RECORD_IDS[format].test(record));
    if (ids.length === 0) leftOut++;
    for (const { record } of ids) byRecord.set(record, [...(byRecord.get(record) ?? []), row]);
  }
  const names = COLUMNS[format];
  const header = [
    names.id,
    names.partner,
    names.populations,
    names.matchedBy,
    names.firstSeen,
    ...fields.map(names.field),
  ];
  const records = [...byRecord].map(([id, pairs]) => [
    id,
    joined(pairs.map((row) => row.partner)),
    joined(pairs.flatMap((row) => row.theirPopulations)),
    joined(pairs.flatMap((row) => row.matchedBy)),
    timeIn(format, pairs.map((row) => row.firstSeenAt).sort()[0] ?? ''),
    ...fields.map((field) => fieldOf(pairs, field)),
  ]);
  return { rows: [header, ...records], leftOut };
}

/** White space: accounts to make anew, so without record ids. */
export function whiteSpaceTable(format: ExportFormat, rows: readonly WhiteSpaceRow[]): ExportTable {
  const { name, partner, populations } =
    format === 'csv'
      ? { name: 'name', partner: 'partner', populations: 'their_populations' }
      : COLUMNS[format];
  const accounts = rows.map((row) => [row.name, row.partner, joined(row.theirPopulations)]);
  return { rows: [[name, partner, populations], ...accounts], leftOut: 0 };
}

function pairHeader(fields: readonly Field[]): string[] {
  const fixed = ['partner', 'record', 'source', 'account', 'their_populations', 'matched_by'];
  return [...fixed, 'tier', 'first_seen', 'first_seen_at', ...fields.map((field) => `their_${field}`)];
}

function pair(row: OverlapRow, fields: readonly Field[]): string[] {
  return [
    row.partner,
    row.removed ? row.record : joined(row.records.map(({ record }) => record)),
    row.source,
    row.account,
    joined(row.theirPopulations),
    joined(row.matchedBy),
    row.decision ? `${row.decision} by you` : row.tier,
    String(row.firstSeen),
    row.firstSeenAt,
    ...fields.map((field) => row.fields[field] ?? ''),
  ];
}

/** The values of all pairs of a record; with the partner's name before each where there are several partners. */
function fieldOf(pairs: readonly OverlapRow[], field: Field): string {
  const several = new Set(pairs.map((row) => row.partner)).size > 1;
  return joined(
    pairs.flatMap((row) => {
      const value = row.fields[field];
      return value === undefined ? [] : [several ? `${row.partner}: ${value}` : value];
    }),
  );
}

/** Without repeats, as multi-select columns of both CRMs take it. */
function joined(values: readonly string[]): string {
  return [...new Set(values)].join(';');
}

/** Salesforce takes a date with its time; HubSpot's date columns take the day. */
function timeIn(format: CrmFormat, time: string): string {
  return format === 'hubspot' ? time.slice(0, 10) : time;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
