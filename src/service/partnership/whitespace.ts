/** White space: the partner's accounts that are in no pair, where their names are granted. */
import { toHex } from '../../../protocol/bytes.ts';
import { sideNumber } from '../../../protocol/ids.ts';
import { ok, type Result } from '../../../protocol/result.ts';
import type { ProblemCode } from '../problems.ts';
import { bit, chosen, type Ground, groundOf } from './cells.ts';
import type { OperationContext } from './context.ts';
import { record } from './ledger.ts';
import { EMPTY_PAGE, type Page, type PageInput, pageOf, position, sealed } from './overlap.ts';
import { handleAt } from './pairs.ts';

export interface WhiteSpaceInput extends PageInput {
  readonly theirs?: readonly string[] | undefined;
}

export interface WhiteSpaceRow {
  /** Hexadecimal. */
  readonly handle: string;
  readonly names: readonly { readonly population: number; readonly sealed: Uint8Array }[];
}

const DEFAULT_LIMIT = 500;

export function whiteSpace(
  context: OperationContext,
  input: WhiteSpaceInput,
): Result<Page<WhiteSpaceRow>, ProblemCode> {
  const from = position(context, 'whitespace', input);
  if (!from.ok) return from;
  const ground = groundOf(context);
  if (!ground) return ok(EMPTY_PAGE);
  // Names that were sealed under another scope are not given out.
  const cells = chosen(ground.cells, { theirs: input.theirs }).filter(
    (cell) => cell.decision.whiteSpace === 'names' && ground.theirs.isSealedNow,
  );
  if (cells.length === 0) return ok(pageOf(ground, [], [], null));
  const mask = cells.reduce((bits, cell) => bits | bit(cell.theirsIndex), 0);
  const limit = input.limit ?? DEFAULT_LIMIT;
  const { theirs } = ground;
  const accounts = context.store.all<{ handle: Uint8Array }>(
    `select a.handle from accounts a
     where a.side = ? and a.generation = ? and a.handle > ? and a.populations & ?
       and not exists (select 1 from pairs p where p.${theirs.side}_handle = a.handle)
     order by a.handle limit ?`,
    sideNumber(theirs.side),
    theirs.submission,
    handleAt(from.value.position, 0),
    mask,
    limit + 1,
  );
  const rows = accounts
    .slice(0, limit)
    .map(({ handle }) => ({ handle: toHex(handle), names: namesOf(context, ground, handle, mask) }));
  const entry = record(context, {
    question: 'whitespace',
    ground,
    cells,
    rows: rows.length,
    continues: from.value.entry,
  });
  const last = rows.at(-1);
  const next = accounts.length > limit && last ? { entry, position: last.handle } : null;
  return ok(pageOf(ground, cells, rows, next && sealed(context, 'whitespace', ground, next)));
}

function namesOf({ store }: OperationContext, { theirs }: Ground, handle: Uint8Array, mask: number) {
  return store.all<{ population: number; sealed: Uint8Array }>(
    `select population, sealed from names
     where side = ? and generation = ? and handle = ? and (1 << population) & ? order by population`,
    sideNumber(theirs.side),
    theirs.submission,
    handle,
    mask,
  );
}
