/**
 * Answers as people read them. Every released pair is checked before it is shown: the partner's signed head is not an
 * older one, my handle and tag are mine and belong together, and every box was made by someone who holds the same
 * identifier. One that fails is an alarm, not a row to leave out.
 */

import { equal, fromHex, toHex } from '../../protocol/bytes.ts';
import type { Context } from '../../protocol/evaluation.ts';
import { isStrong, KINDS, type Kind } from '../../protocol/identifiers/kind.ts';
import { type Handle, otherSide, type PartnershipId } from '../../protocol/ids.ts';
import { verifyBox } from '../../protocol/keys.ts';
import { FIELDS, type Field, type Scope, scopeHash } from '../../protocol/scope.ts';
import { openField, openName, unwrapRowKey } from '../../protocol/seal.ts';
import { openSubmission, type SubmissionHead } from '../../protocol/submission.ts';
import { isPlausible, type Tier, type TierRule } from '../../protocol/tier.ts';
import type {
  Client,
  LedgerAnswer,
  MatrixAnswer,
  OverlapAnswer,
  PartnershipView,
  Question,
  WhiteSpaceAnswer,
} from './client.ts';
import { decode, followCertificate, requireVerified } from './pinned.ts';
import { Problem } from './problem.ts';
import { followScopes, scopeOfList, theirScope } from './scopes/following.ts';
import { explainCells } from './scopes/reasons.ts';
import { getPartnership, type Partnership, updatePartnership } from './store/partnerships.ts';
import { type Decision, decisionOf } from './store/reviews.ts';
import type { OwnAccount, OwnRecord, Viewer } from './viewer.ts';
import type { Evidence } from './why.ts';

/** One account that both have, in my words, with what the partner granted of its side. */
export interface OverlapRow {
  readonly partner: string;
  /** Names of the two accounts in this partnership and epoch; they mean nothing elsewhere. */
  readonly myHandle: Handle;
  readonly theirHandle: Handle;
  /** My CRM record and where it came from. */
  readonly record: string;
  readonly source: string;
  /** All of my records that are this account, `record` among them; several where a company stands in the list twice. */
  readonly records: readonly OwnRecord[];
  readonly account: string;
  /** The partner's populations that it shows for this account. */
  readonly theirPopulations: readonly string[];
  readonly tier: Tier;
  readonly matchedBy: readonly Kind[];
  /** The rules of the tier; what lowers a pair rests on the service's word. */
  readonly reasons: readonly TierRule[];
  /** What a person here decided about a pair to review; nobody else is told. */
  readonly decision: Decision | null;
  /** What of the own list made the pair, where that was asked for. */
  readonly evidence?: readonly Evidence[];
  /** The rules, versions and sides that decided what shows of the pair, in sentences; likewise. */
  readonly decided?: readonly string[];
  readonly fields: Readonly<Partial<Record<Field, string>>>;
  readonly firstSeen: number;
  readonly firstSeenAt: string;
  /** My record is not in the list any more; the pair goes with the next sync. */
  readonly removed: boolean;
}

export interface WhiteSpaceRow {
  readonly partner: string;
  readonly name: string;
  readonly theirPopulations: readonly string[];
}

/** The partner's side of an answer, checked. */
interface PartnerHead {
  readonly head: SubmissionHead;
  readonly scope: Scope;
  readonly context: Context;
}

export async function askMatrix(viewer: Viewer, partnership: Partnership): Promise<MatrixAnswer> {
  requireVerified(partnership);
  followShown(viewer, partnership, await viewer.client().partnership(partnership.id));
  return viewer.client().matrix(partnership.id);
}

export async function askLedger(viewer: Viewer, partnership: Partnership): Promise<LedgerAnswer['entries']> {
  // What was revealed stays readable after the end.
  if (!partnership.ended) requireVerified(partnership);
  return readLedger(viewer.client(), partnership.id);
}

/** All entries, oldest first. They are the service's word. */
export async function readLedger(client: Client, id: PartnershipId): Promise<LedgerAnswer['entries']> {
  const entries: LedgerAnswer['entries'] = [];
  let cursor: string | undefined;
  do {
    const page = await client.ledger(id, cursor);
    entries.push(...page.entries);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return entries;
}

/** The overlap, page by page. All pages are of one snapshot. */
export async function* askOverlap(
  viewer: Viewer,
  partnership: Partnership,
  question: Question,
  options: { readonly why?: boolean | undefined } = {},
): AsyncGenerator<OverlapRow> {
  const current = await followed(viewer, partnership);
  for await (const page of pages(question, (next) => viewer.client().overlap(current.id, next))) {
    const head = partnerHead(viewer, current, page);
    if (!head) continue;
    const own = viewer.own.of(current, page);
    const decided = options.why ? explainCells(viewer, current, page.cells) : null;
    for (const row of page.rows) {
      const opened = openRow(viewer, current, head, row, own(row.mine), options.why ?? false);
      yield decided ? { ...opened, decided: decided(row.cells) } : opened;
    }
  }
}

/** That the month's names of a partner are spent; null where its scope shows none in any month. */
export interface Capped {
  readonly moreFrom: string | null;
}

/** Names of the partner's accounts that are in no pair, as far as it grants them; `onCapped` hears that some are withheld. */
export async function* askWhiteSpace(
  viewer: Viewer,
  partnership: Partnership,
  question: Question,
  options: { readonly onCapped?: ((capped: Capped) => void) | undefined } = {},
): AsyncGenerator<WhiteSpaceRow> {
  const current = await followed(viewer, partnership);
  let namesKey: Uint8Array | null = null;
  for await (const page of pages(question, (next) => viewer.client().whiteSpace(current.id, next))) {
    if (page.capped && page.next === null) options.onCapped?.({ moreFrom: page.moreFrom });
    const head = partnerHead(viewer, current, page);
    if (!head || page.rows.length === 0) continue;
    namesKey ??= await viewer.own.namesKey(current, head.head.sealedNamesKey);
    if (!namesKey) throw alarm('partner_alarm', current, 'the key of its names does not open');
    for (const row of page.rows) yield openNames(current, head, namesKey, row);
  }
}

async function* pages<Page extends OverlapAnswer | WhiteSpaceAnswer>(
  question: Question,
  ask: (question: Question) => Promise<Page>,
): AsyncGenerator<Page> {
  let next: Question = { limit: 500, ...question };
  let snapshot: number | undefined;
  for (;;) {
    const page = await ask(next);
    if (snapshot !== undefined && page.snapshot?.number !== snapshot) {
      throw new Problem('service_alarm', 'the service mixed two snapshots in one answer', 'ask again');
    }
    yield page;
    if (page.next === null || page.snapshot === null) return;
    snapshot = page.snapshot.number;
    next = { ...next, cursor: page.next, snapshot };
  }
}

async function followed(viewer: Viewer, partnership: Partnership): Promise<Partnership> {
  requireVerified(partnership);
  const before = getPartnership(viewer.store, partnership.id);
  const view = await viewer.client().partnership(partnership.id);
  return followShown(viewer, await viewer.own.follow(before, view), view);
}

/** Nothing is asked of a service that shows an older scope than before: it might answer what the partner has revoked. */
function followShown(viewer: Viewer, partnership: Partnership, view: PartnershipView): Partnership {
  return followScopes(viewer, followCertificate(viewer, partnership, view), view);
}

/** Checks the partner's head and scope of a page; null where the service has nothing of the partner's to show. */
function partnerHead(
  viewer: Viewer,
  partnership: Partnership,
  page: OverlapAnswer | WhiteSpaceAnswer,
): PartnerHead | null {
  if (!page.head || !page.scope) {
    if (page.rows.length > 0)
      throw alarm('service_alarm', partnership, 'rows without the partner’s signature');
    return null;
  }
  const epoch = partnership.epoch;
  if (!epoch?.hash) throw alarm('service_alarm', partnership, 'rows before an epoch was signed');
  if (page.rows.length > 0 && !theirScope(viewer, partnership))
    throw alarm('service_alarm', partnership, 'rows while nothing that it grants is in force');
  const partnerKey = decode(requireVerified(partnership).agentKey);
  const context: Context = {
    partnership: partnership.id,
    epoch: epoch.number,
    side: otherSide(partnership.side),
    epochHash: decode(epoch.hash),
  };
  const head = openSubmission(page.head, context, partnerKey);
  if (!head.ok)
    throw alarm('service_alarm', partnership, `its list's signature does not check (${head.reason})`);
  const scope = scopeOfList(viewer, partnership, page.scope);
  if (!scope || !equal(scopeHash(page.scope), head.value.scopeHash)) {
    throw alarm('service_alarm', partnership, 'the scope shown is not the one its list was made under');
  }
  const { number } = head.value;
  if (number < getPartnership(viewer.store, partnership.id).seenSubmission) {
    throw alarm('service_alarm', partnership, `list ${number} is older than one that was seen before`);
  }
  updatePartnership(viewer.store, partnership.id, (current) => ({
    ...current,
    seenSubmission: Math.max(current.seenSubmission, number),
  }));
  return { head: head.value, scope, context };
}

function openRow(
  viewer: Viewer,
  partnership: Partnership,
  partner: PartnerHead,
  row: OverlapAnswer['rows'][number],
  own: OwnAccount | null,
  why: boolean,
): OverlapRow {
  if (!own) throw alarm('service_alarm', partnership, 'a pair names an account that is not yours');
  if (row.matches.length === 0) throw alarm('service_alarm', partnership, 'a pair without a match');
  const handle = fromHex(row.theirs) ?? new Uint8Array();
  const populations = new Set<number>();
  const fields: Partial<Record<Field, string>> = {};
  for (const match of row.matches) {
    const mine = own.identifier(match.tag);
    if (!mine || mine.kind !== match.kind)
      throw alarm('service_alarm', partnership, 'a pair that your account does not make');
    if (match.boxes.length === 0) throw alarm('service_alarm', partnership, 'a pair without a confirmation');
    for (const { population, box } of match.boxes) {
      const content = { handle, population, submission: partner.head.number };
      if (!verifyBox(mine.confirm, partner.context, content, box))
        throw alarm('service_alarm', partnership, 'a pair that the partner did not confirm');
      populations.add(population);
    }
    const isProof = partner.scope.strongKinds.some((kind) => kind === match.kind);
    if (match.wrapped && (row.tier !== 'confirmed' || !isStrong(match.kind) || !isProof || !mine.wrap))
      throw alarm('service_alarm', partnership, 'fields of a pair that opens none');
    if (match.wrapped && mine.wrap)
      Object.assign(fields, openFields(partnership, partner, match.tag, match.wrapped, mine.wrap, row));
  }
  const matchedBy = KINDS.filter((kind) => row.matches.some((match) => match.kind === kind));
  if (!isPlausible(row, matchedBy))
    throw alarm('service_alarm', partnership, `a pair called ${row.tier} that its matches do not make`);
  const tags = new Set(row.matches.map(({ tag }) => toHex(tag)));
  return {
    partner: partnership.alias,
    myHandle: row.mine,
    theirHandle: row.theirs,
    record: own.first?.record ?? '',
    source: own.first?.source ?? '',
    records: own.records,
    account: own.name,
    theirPopulations: populationNames(partner.scope, [...populations]),
    tier: row.tier,
    matchedBy,
    reasons: row.reasons,
    decision: decisionOf(viewer.store, partnership.id, { myHandle: row.mine, theirHandle: row.theirs }),
    ...(why ? { evidence: own.evidence(matchedBy, tags) } : {}),
    fields,
    firstSeen: row.firstSeen,
    firstSeenAt: row.firstSeenAt,
    removed: own.first === null,
  };
}

function openFields(
  partnership: Partnership,
  partner: PartnerHead,
  tag: Uint8Array,
  wrapped: Uint8Array,
  wrap: Uint8Array,
  row: OverlapAnswer['rows'][number],
): Partial<Record<Field, string>> {
  const context = {
    context: partner.context,
    handle: fromHex(row.theirs) ?? new Uint8Array(),
    submission: partner.head.number,
    scopeHash: partner.head.scopeHash,
  };
  const rowKey = unwrapRowKey(wrap, context, tag, wrapped);
  if (!rowKey) throw alarm('partner_alarm', partnership, 'sealed fields do not open');
  const fields: Partial<Record<Field, string>> = {};
  for (const field of FIELDS) {
    const sealed = row.fields[field];
    if (!sealed) continue;
    const text = openField(rowKey, context, field, sealed);
    if (text === null) throw alarm('partner_alarm', partnership, `the sealed field ${field} does not open`);
    if (text !== '') fields[field] = text;
  }
  return fields;
}

function openNames(
  partnership: Partnership,
  partner: PartnerHead,
  namesKey: Uint8Array,
  row: {
    readonly handle: Handle;
    readonly names: readonly { readonly population: number; readonly sealed: Uint8Array }[];
  },
): WhiteSpaceRow {
  const context = {
    context: partner.context,
    handle: fromHex(row.handle) ?? new Uint8Array(),
    submission: partner.head.number,
    scopeHash: partner.head.scopeHash,
  };
  const names = row.names.map(({ population, sealed }) => openName(namesKey, context, population, sealed));
  const [name] = names;
  if (name === undefined || name === null || names.some((other) => other !== name)) {
    throw alarm('partner_alarm', partnership, 'a sealed name does not open');
  }
  return {
    partner: partnership.alias,
    name,
    theirPopulations: populationNames(
      partner.scope,
      row.names.map((entry) => entry.population),
    ),
  };
}

function populationNames(scope: Scope, indexes: readonly number[]): string[] {
  return [...indexes].sort((a, b) => a - b).map((index) => scope.populations[index] ?? `#${index}`);
}

function alarm(code: 'service_alarm' | 'partner_alarm', partnership: Partnership, what: string): Problem {
  return new Problem(
    code,
    `the answer about ${partnership.alias} does not check: ${what}; nothing of it is shown`,
    'call your partner and the operator of the service',
  );
}
