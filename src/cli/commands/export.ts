import { Argument, Option } from '@commander-js/extra-typings';
import { createSecretFile, replaceFile } from '../../agent/home.ts';
import { Problem } from '../../agent/problem.ts';
import { theirScope } from '../../agent/scopes/following.ts';
import { findPartnership } from '../../agent/store/partnerships.ts';
import type { Viewer } from '../../agent/viewer.ts';
import { collect, command, withViewer } from '../command.ts';
import { csv } from '../csv.ts';
import { EXPORT_FORMATS, type ExportFormat, overlapTable, whiteSpaceTable } from '../export/tables.ts';
import { note, printJson } from '../output.ts';
import { noteCapped, noteKnown, overlapRows, whiteSpaceRows } from './questions.ts';

/** `export`: answers as files for a CRM. */
export function exportCommand() {
  return command(
    'export',
    'POST /v1/partnerships/{partnership}/overlap',
    `Write the overlap or the white space as a CSV file that Salesforce (Data Loader) or HubSpot imports, with their record ids.

Salesforce: update Accounts by Id; make the text columns Commonground_…__c once. HubSpot: import companies by Record ID.
A cell that a spreadsheet would compute gets an apostrophe before it.`,
    'commonground export overlap --format salesforce --out overlap.csv\ncommonground export overlap --format hubspot --partner borealis --mine open-opportunities --out -\ncommonground export whitespace --format csv --bom --out whitespace.csv',
  )
    .addArgument(new Argument('<what>').choices(['overlap', 'whitespace'] as const))
    .addOption(
      new Option('--format <format>', 'which program is to import it')
        .choices(EXPORT_FORMATS)
        .makeOptionMandatory(),
    )
    .requiredOption('--out <file>', 'a new file, or - for standard output')
    .option('--force', 'overwrite the file')
    .option('--bom', 'begin with a byte order mark, as Excel wants UTF-8')
    .option('--partner <alias>', 'only this partner (default: all verified)')
    .option('--mine <population>', 'only accounts in this population of yours (overlap)', collect)
    .option('--theirs <population>', 'only accounts in this population of theirs', collect)
    .option('--since <snapshot>', 'only pairs first seen after this snapshot (overlap)', Number)
    .option('--limit <n>', 'at most so many rows of the answer', Number)
    .action(async (what, options) =>
      withViewer(options, async (viewer) => {
        const { out, bom = false, format } = options;
        if (out === '-' && options.json)
          throw new Problem('bad_argument', 'standard output takes the file or the JSON document, not both');
        if (what === 'whitespace' && (options.mine || options.since !== undefined))
          throw new Problem('bad_argument', '--mine and --since are for the overlap');
        const answer =
          what === 'overlap'
            ? { ...(await overlapRows(viewer, options)), what, known: 0, capped: [] }
            : { ...(await whiteSpaceRows(viewer, options)), what };
        refuseUnlessExportable(viewer, answer.rows);
        const { rows, leftOut } =
          answer.what === 'overlap'
            ? overlapTable(format, answer.rows)
            : whiteSpaceTable(format, answer.rows);
        const text = csv(rows, { bom });
        if (out === '-') process.stdout.write(text);
        else if (options.force) replaceFile(out, text);
        else createSecretFile(out, text);
        if (options.json)
          return printJson({
            file: out,
            rows: rows.length - 1,
            leftOut,
            empty: answer.empty,
            known: answer.known,
            capped: answer.capped,
          });
        note(`${rows.length - 1} rows${out === '-' ? '' : ` in ${out}`}`);
        if (leftOut > 0) note(`${leftOut} pairs left out: ${whyLeftOut(format)}`);
        noteKnown(answer.known);
        noteCapped(answer.capped);
        for (const { message } of answer.empty) note(message);
      }),
    );
}

/** Whoever accepted a scope without export undertook to take no answers out. */
function refuseUnlessExportable(viewer: Viewer, rows: readonly { readonly partner: string }[]): void {
  for (const partner of new Set(rows.map((row) => row.partner))) {
    const scope = theirScope(viewer, findPartnership(viewer.store, partner))?.scope;
    if (!scope || scope.export) continue;
    throw new Problem(
      'export_not_granted',
      `version ${scope.number} of what ${partner} grants you does not allow files; your organisation accepted that`,
      'name another partner with --partner, or ask for it: `commonground scope request`',
    );
  }
}

function whyLeftOut(format: ExportFormat): string {
  const program = format === 'salesforce' ? 'Salesforce' : 'HubSpot';
  return `they are to review, or their accounts have no record id of ${program}, or are not in your list any more`;
}
