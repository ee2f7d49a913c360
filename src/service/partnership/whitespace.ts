/**
 * White space: the partner's accounts that are in no pair, where their names are granted; in a month no more of them than
 * the partner's scope says, to all who ask together. What is withheld is skipped: it takes no place in a page, and no
 * cursor stands at it.
 */
import { compare, toHex } from '../../../protocol/bytes.ts';
import { sideNumber } from '../../../protocol/ids.ts';
import { ok, type Result } from '../../../protocol/result.ts';
import type { ProblemCode } from '../problems.ts';
import { first } from '../storage/partnership.ts';
import { whiteSpaceAnswer } from './answer.ts';
import { bit, wireText } from './block.ts';
import { chosen, type Ground, groundOf } from './cells.ts';
import type { OperationContext } from './context.ts';
import { record } from './ledger.ts';
import { monthAt } from './month.ts';
import { EMPTY_PAGE, type Page, type PageInput, pageOf, position, sealed } from './overlap.ts';
import { handleAt } from './pairs.ts';
import { type Allowance, allowanceOf, noteShownNames } from './shownnames.ts';

export interface WhiteSpaceInput extends PageInput {
  readonly theirs?: readonly string[] | undefined;
}

export interface WhiteSpaceRow {
  /** Hexadecimal. */
  readonly handle: string;
  /** Sealed, in base64url. */
  readonly names: readonly { readonly population: number; readonly sealed: string }[];
}

export interface WhiteSpacePage extends Page<WhiteSpaceRow> {
  /** True where there are more accounts than the month has names left for. */
  readonly capped: boolean;
  /** From when on there can be more of them; null where nothing is withheld, or the scope in force shows none ever. */
  readonly moreFromMs: number | null;
}

const DEFAULT_LIMIT = 500;
const WHOLE = { capped: false, moreFromMs: null };

/** An account that is in no pair; `known` is 1 where its name may be shown again. */
interface Unmatched {
  readonly handle: Uint8Array;
  readonly known: number;
}

/** A page of white space, as `answers.whiteSpace` has it. */
export function whiteSpace(context: OperationContext, input: WhiteSpaceInput): Result<string, ProblemCode> {
  const page = whiteSpacePage(context, input);
  return page.ok ? ok(whiteSpaceAnswer(page.value)) : page;
}

function whiteSpacePage(
  context: OperationContext,
  input: WhiteSpaceInput,
): Result<WhiteSpacePage, ProblemCode> {
  const ground = groundOf(context);
  const from = position(context.caller, ground, 'whitespace', input);
  if (!from.ok) return from;
  if (!ground) return ok({ ...EMPTY_PAGE, ...WHOLE });
  // Names that were sealed under another scope are not given out.
  const cells = chosen(ground.cells, { theirs: input.theirs }).filter(
    (cell) => cell.decision.whiteSpace === 'names' && ground.theirs.isSealedNow,
  );
  if (cells.length === 0) return ok({ ...pageOf(ground, [], [], null), ...WHOLE });
  const mask = cells.reduce((bits, cell) => bits | bit(cell.theirsIndex), 0);
  const limit = input.limit ?? DEFAULT_LIMIT;
  const allowance = allowanceOf(context, ground);
  const asked = { mask, after: handleAt(from.value.position, 0), limit: limit + 1 };
  const accounts = shownAccounts(context, ground, asked, allowance);
  const shown = accounts.slice(0, limit);
  const fresh = shown.filter(({ known }) => known === 0).map(({ handle }) => handle);
  noteShownNames(context, ground, fresh);
  const rows = shown.map(({ handle }) => ({
    handle: toHex(handle),
    names: namesOf(context, ground, handle, mask),
  }));
  const entry = record(context, {
    question: 'whitespace',
    ground,
    cells,
    rows: rows.length,
    continues: from.value.entry,
  });
  const last = rows.at(-1);
  const next = accounts.length > limit && last ? { entry, position: last.handle } : null;
  const page = pageOf(ground, cells, rows, next && sealed(context, 'whitespace', ground, next));
  const capped = fresh.length === allowance.left && withholdsAny(context, ground, mask, allowance);
  return ok({
    ...page,
    capped,
    moreFromMs: capped && ground.namesPerMonth > 0 ? monthAt(context.nowMs).endMs : null,
  });
}

/** Which accounts a question is about, from where on, and how many of them at most. */
interface Asked {
  readonly mask: number;
  readonly after: Uint8Array;
  readonly limit: number;
}

/** The next accounts that may be named, ascending: those named this month before, and as many new ones as are left. */
function shownAccounts(
  { store }: OperationContext,
  ground: Ground,
  { mask, after, limit }: Asked,
  { left, bound }: Allowance,
): Unmatched[] {
  const unmatched = unmatchedOf(ground, mask);
  const next = store.all<Unmatched>(
    `select a.handle, ${IS_KNOWN} as known from accounts a
     where ${IS_UNMATCHED} and a.handle > ? order by a.handle limit ?`,
    bound,
    ...unmatched,
    after,
    limit,
  );
  const fresh = next.filter(({ known }) => known === 0);
  if (fresh.length <= left) return next;
  // A cross join reads the left table first: the few that were named, not the many that stand between them.
  const again = store.all<Unmatched>(
    `select a.handle, 1 as known from shown_names n
     cross join accounts a on a.side = n.side and a.handle = n.handle
     where n.side = ? and n.handle > ? and n.handle < ? and ${IS_UNMATCHED}
     order by n.handle limit ?`,
    sideNumber(ground.theirs.side),
    after,
    bound,
    ...unmatched,
    limit,
  );
  return [...fresh.slice(0, left), ...again].sort((a, b) => compare(a.handle, b.handle)).slice(0, limit);
}

/** Whether an account is left that may not be named this month. */
function withholdsAny(
  { store }: OperationContext,
  ground: Ground,
  mask: number,
  { bound }: Allowance,
): boolean {
  const sql = `select 1 from accounts a where ${IS_UNMATCHED} and not ${IS_KNOWN} limit 1`;
  return first(store, sql, ...unmatchedOf(ground, mask), bound) !== undefined;
}

/** Takes the bound. */
const IS_KNOWN = `exists (select 1 from shown_names s
  where s.side = a.side and s.handle = a.handle and s.handle < ?)`;

/** In no pair of any tier; takes `unmatchedOf`. An account in a pair is the viewer's of what its own side is shown. */
const IS_UNMATCHED = `a.side = ? and a.generation = ? and a.populations & ? and not exists (
  select 1 from shown_pairs p where p.side = ? and p.snapshot = ? and p.viewer_handle = a.handle)`;

function unmatchedOf({ mine, theirs, snapshot }: Ground, mask: number): number[] {
  return [sideNumber(theirs.side), theirs.submission, mask, sideNumber(mine.side), snapshot.number];
}

function namesOf({ store }: OperationContext, { theirs }: Ground, handle: Uint8Array, mask: number) {
  const names = store.all<{ population: number; sealed: string }>(
    `select population, hex(sealed) as sealed from names
     where side = ? and generation = ? and handle = ? and (1 << population) & ? order by population`,
    sideNumber(theirs.side),
    theirs.submission,
    handle,
    mask,
  );
  return names.map(({ population, sealed }) => ({ population, sealed: wireText(sealed) }));
}
