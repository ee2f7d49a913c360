/**
 * What is pinned of the papers of one partnership: both sides' rosters, and the versions of their sharing scopes with all
 * that was signed about them. What a service shows is checked against it and added to it, and nothing ever goes back: no
 * shorter roster, no other document under a number, no version that is gone, no signature that is unsaid. Pure, so that
 * the organisation's agent and a member's home come to the same answer.
 */
import { equal, fromBase64url, toBase64url, toHex } from '../../../protocol/bytes.ts';
import type { OrganisationId, PartnershipId } from '../../../protocol/ids.ts';
import { openRoster, type Roster, readRosters, rosterBytesOf } from '../../../protocol/roster.ts';
import type { Scope } from '../../../protocol/scope.ts';
import {
  hasBegun,
  inForce,
  isWhole,
  type OpenedPapers,
  openAbout,
  openPapers,
  type Papers,
  rosterNumber,
  type Signers,
  type Standing,
  standingOf,
} from '../../../protocol/standing.ts';
import type { Statement } from '../../../protocol/statement.ts';

/** One version with its statements; base64url. */
export interface KeptPapers {
  readonly signed: string;
  readonly statements: readonly string[];
}

/** One organisation's half: its rosters from the first, and its versions by ascending number; base64url. */
export interface PinnedSide {
  readonly rosters: readonly string[];
  readonly scopes: readonly KeptPapers[];
}

export interface Pins {
  readonly mine: PinnedSide;
  readonly theirs: PinnedSide;
}

export const NO_PAPERS: PinnedSide = { rosters: [], scopes: [] };

/** An organisation's keys, as they are pinned. */
export interface Party {
  readonly organisation: OrganisationId;
  readonly rootKey: Uint8Array;
  readonly agentKey: Uint8Array;
}

export interface Parties {
  readonly partnership: PartnershipId;
  readonly mine: Party;
  readonly theirs: Party;
}

export type Whose = 'mine' | 'theirs';
const OTHER: Readonly<Record<Whose, Whose>> = { mine: 'theirs', theirs: 'mine' };

/** One side as a service shows it. */
export interface ShownSide {
  readonly rosters: readonly Uint8Array[];
  readonly scopes: readonly Papers[];
}

/** Why what is shown is not followed. Everything that is pinned stays. */
export interface PapersAlarm {
  readonly whose: Whose;
  readonly what: /** Fewer versions of the roster than before. */
    | 'roster_hidden'
    | 'other_roster'
    /** Neither the root key nor enough of its own members signed it. */
    | 'roster_unsigned'
    /** A revocation that was there before is not shown any more. */
    | 'revocation_hidden'
    /** A version that was there before is not shown any more. */
    | 'scope_hidden'
    | 'older_scope'
    | 'other_scope'
    | 'not_its_successor'
    /** A signature is wrong, or of somebody who may not sign. */
    | 'bad_papers'
    | 'other_partnership'
    /** Too few signatures for what is shown as approved. */
    | 'unapproved';
  /** Of the version, or of the roster; 0 where none is meant. */
  readonly number: number;
  readonly detail: string;
}

/** A version, or a signature under one, that came first to this machine after its roster was replaced. */
export interface Late {
  readonly whose: Whose;
  readonly number: number;
  readonly act: 'draft' | Statement['act'];
}

/** What is pinned from now on, or why nothing of it is. */
export type Following =
  | {
      readonly ok: true;
      readonly pins: Pins;
      /** Not taken: who left since could still have signed it. It has to be signed anew. */
      readonly late: readonly Late[];
    }
  | { readonly ok: false; readonly alarm: PapersAlarm };

/** One version as it is pinned here, opened. */
export interface Version {
  readonly papers: OpenedPapers;
  readonly signed: Uint8Array;
  readonly standing: Standing;
  /** A later one has begun; this one can never be in force again. */
  readonly isReplaced: boolean;
}

/** Both sides' signing keys, of the pinned rosters. */
export function signersOf(pins: Pins, parties: Parties): Record<Whose, Signers> {
  const of = (whose: Whose): Signers => {
    const { organisation, agentKey } = parties[whose];
    return { organisation, agentKey, rosters: rostersOf(pins[whose].rosters, parties[whose]) };
  };
  return { mine: of('mine'), theirs: of('theirs') };
}

/** A pinned chain of rosters, opened; it was checked when it was pinned. */
export function rostersOf(chain: readonly string[], party: Party): readonly Roster[] {
  const rosters = readRosters(chain.map(bytesOf), party.organisation);
  if (!rosters) throw new Error('what is pinned of rosters was checked');
  return rosters;
}

/** All pinned versions of one side, ascending. One whose signatures hold no longer, of a key that was replaced, is left out. */
export function versionsOf(pins: Pins, parties: Parties, whose: Whose, nowMs: number): Version[] {
  const opened = openAll(pins, parties, whose);
  const begun = Math.max(
    0,
    ...opened.filter(({ papers }) => hasBegun(papers, nowMs)).map(({ papers }) => papers.scope.number),
  );
  return opened.map(({ papers, signed }) => {
    const isReplaced = papers.scope.number < begun;
    const standing = standingOf(papers, isReplaced, nowMs);
    // What never came into force cannot any more once a later version has begun.
    return {
      papers,
      signed,
      isReplaced,
      standing: isReplaced && standing !== 'revoked' ? 'superseded' : standing,
    };
  });
}

/** The version of one side that is in force by what is pinned, or null. */
export function scopeInForce(
  pins: Pins,
  parties: Parties,
  whose: Whose,
  nowMs: number,
): { readonly papers: OpenedPapers; readonly signed: Uint8Array } | null {
  const all = openAll(pins, parties, whose);
  const found = inForce(
    all.map(({ papers }) => papers),
    nowMs,
  );
  return all.find(({ papers }) => papers === found) ?? null;
}

/** True where somebody said this of the version. */
export function isSaid(papers: Pick<OpenedPapers, 'statements'>, act: Statement['act']): boolean {
  return papers.statements.some((statement) => statement.act === act);
}

/**
 * Takes what a service, or a file, shows of both sides. `isFirstSight`: a member's home that has seen nothing of this
 * partnership takes what was approved and accepted under earlier rosters too, since it cannot know when; the
 * organisation's agent, which seals by it, never does.
 */
export function followPapers(
  pins: Pins,
  shown: Readonly<Record<Whose, ShownSide>>,
  parties: Parties,
  isFirstSight = false,
): Following {
  const late: Late[] = [];
  const rosters = { mine: pins.mine.rosters, theirs: pins.theirs.rosters };
  for (const whose of ['mine', 'theirs'] as const) {
    const chain = followRosters(pins[whose].rosters, shown[whose].rosters, parties[whose], whose);
    if ('what' in chain) return { ok: false, alarm: chain };
    rosters[whose] = chain.rosters;
  }
  let current: Pins = {
    mine: { ...pins.mine, rosters: rosters.mine },
    theirs: { ...pins.theirs, rosters: rosters.theirs },
  };
  for (const whose of ['mine', 'theirs'] as const) {
    const scopes = followSide(current, shown[whose].scopes, parties, whose, isFirstSight ? null : late);
    if ('what' in scopes) return { ok: false, alarm: scopes };
    current = { ...current, [whose]: { ...current[whose], scopes: scopes.kept } };
  }
  return { ok: true, pins: current, late };
}

/** Adds a statement to a pinned version; one that is there already changes nothing. */
export function withStatement(pins: Pins, whose: Whose, signed: Uint8Array, statement: Uint8Array): Pins {
  const [scope, text] = [toBase64url(signed), toBase64url(statement)];
  const scopes = pins[whose].scopes.map((kept) =>
    kept.signed === scope && !kept.statements.includes(text)
      ? { ...kept, statements: [...kept.statements, text] }
      : kept,
  );
  return { ...pins, [whose]: { ...pins[whose], scopes } };
}

/** True where this side owes the partner the word that it knows of a version's end. */
export function owesReceipt({ papers, standing }: Version): boolean {
  const isOver = standing === 'revoked' || standing === 'expired' || standing === 'superseded';
  return isOver && !isSaid(papers, 'seen') && (standing === 'revoked' || isSaid(papers, 'accept'));
}

/** Drops versions that nothing depends on any more: replaced by one that has begun, and not owed a receipt. */
export function prunedPins(pins: Pins, parties: Parties, nowMs: number): Pins {
  const prune = (whose: Whose): PinnedSide => {
    const scopes = versionsOf(pins, parties, whose, nowMs)
      .filter((version) => !version.isReplaced || (whose === 'theirs' && owesReceipt(version)))
      .map(({ signed }) => toBase64url(signed));
    return { ...pins[whose], scopes: pins[whose].scopes.filter((kept) => scopes.includes(kept.signed)) };
  };
  return { mine: prune('mine'), theirs: prune('theirs') };
}

function followRosters(
  kept: readonly string[],
  shown: readonly Uint8Array[],
  party: Party,
  whose: Whose,
): { readonly rosters: readonly string[] } | PapersAlarm {
  const texts = shown.map(toBase64url);
  const different = kept.findIndex((packed, i) => !isSameRoster(packed, texts[i] ?? packed));
  if (different >= 0) return { whose, what: 'other_roster', number: different + 1, detail: 'roster' };
  if (texts.length < kept.length) {
    // What this side published itself is brought back; the partner's own agent brings back the partner's.
    if (whose === 'mine') return { rosters: kept };
    return { whose, what: 'roster_hidden', number: kept.length, detail: 'roster' };
  }
  const chain = [...kept, ...texts.slice(kept.length)];
  let last = rostersOf(kept, party).at(-1) ?? null;
  // Only what is new: a partner may make its chain long, and its signatures many.
  for (const packed of shown.slice(kept.length)) {
    const next = openRoster(packed, party.organisation, party.rootKey, last);
    if (!next.ok) return { whose, what: 'roster_unsigned', number: chain.length, detail: next.reason };
    last = next.value;
  }
  return { rosters: chain };
}

/** The same version, perhaps signed by others of those who may: only what it says counts. */
function isSameRoster(a: string, b: string): boolean {
  const [one, other] = [rosterBytesOf(bytesOf(a)), rosterBytesOf(bytesOf(b))];
  return one !== null && other !== null && equal(one, other);
}

function followSide(
  pins: Pins,
  shown: readonly Papers[],
  parties: Parties,
  whose: Whose,
  /** Where what comes too late is noted; null where nothing does. */
  late: Late[] | null,
): { readonly kept: readonly KeptPapers[] } | PapersAlarm {
  const signers = signersOf(pins, parties);
  const [grantor, grantee] = [signers[whose], signers[OTHER[whose]]];
  const problem = (what: PapersAlarm['what'], number: number, detail: string = what): PapersAlarm => ({
    whose,
    what,
    number,
    detail,
  });
  const known = openAll(pins, parties, whose);
  const kept = new Map<number, KeptPapers>(
    known.map(({ papers, kept: text }) => [papers.scope.number, text]),
  );
  const newest = known.at(-1);
  const approved = known.filter(({ papers }) => papers.approved).at(-1);
  const numbers = new Set<number>();
  const whole: OpenedPapers[] = [];
  for (const papers of shown) {
    const opened = openPapers(
      { signed: papers.signed, statements: [] },
      parties.partnership,
      grantor,
      grantee,
    );
    if (!opened.ok)
      return problem(
        opened.reason === 'other_context' ? 'other_partnership' : 'bad_papers',
        0,
        opened.reason,
      );
    const { scope, hash } = opened.value;
    numbers.add(scope.number);
    const before = kept.get(scope.number);
    if (before && before.signed !== toBase64url(papers.signed)) return problem('other_scope', scope.number);
    const isOlder = !before && newest !== undefined && scope.number < newest.papers.scope.number;
    // Not taken when it was first shown, nor now: its roster had been replaced.
    const isLateDraft = !before && late !== null && scope.roster !== rosterNumber(grantor);
    if (isOlder && isLateDraft) continue;
    // A restored service shows what this side replaced long ago, until the newer ones are brought back.
    if (isOlder && whose === 'mine') continue;
    if (isOlder) return problem('older_scope', scope.number, String(newest.papers.scope.number));
    const opening = known.find((one) => one.papers.scope.number === scope.number);
    const ends = opening?.papers.statements.flatMap(({ act }, i) =>
      act === 'revoke' ? [opening.kept.statements[i]] : [],
    );
    let isEnded = false;
    const taken: string[] = [...(before?.statements ?? [])];
    const refused: Late[] = [];
    for (const signed of papers.statements) {
      isEnded ||= ends?.includes(toBase64url(signed)) ?? false;
      if (taken.includes(toBase64url(signed))) continue;
      const statement = openAbout(signed, scope, hash, grantor, grantee);
      if (!statement.ok) return problem('bad_papers', scope.number, statement.reason);
      if (late && isLate(statement.value, statement.value.act === 'approve' ? grantor : grantee))
        refused.push({ whose, number: scope.number, act: statement.value.act });
      else taken.push(toBase64url(signed));
      isEnded ||= statement.value.act === 'revoke';
    }
    // A service that forgot it would go on answering. What this side revoked itself is brought back.
    if (whose === 'theirs' && ends && ends.length > 0 && !isEnded)
      return problem('revocation_hidden', scope.number);
    // The partner's versions are nobody else's business before they are approved.
    const all = openPapers(papers, parties.partnership, grantor, grantee);
    if (all.ok) whole.push(all.value);
    if (whose === 'theirs' && !before && !(all.ok && all.value.approved))
      return problem('unapproved', scope.number);
    if (isLateDraft) {
      late?.push({ whose, number: scope.number, act: 'draft' });
      continue;
    }
    late?.push(...refused);
    const isUnapproved = refused.some(({ act }) => act === 'approve') && whose === 'theirs' && !before;
    if (isUnapproved) continue;
    if (!before && !follows(scope, approved?.papers)) return problem('not_its_successor', scope.number);
    kept.set(scope.number, { signed: toBase64url(papers.signed), statements: taken });
  }
  if (!isWhole(whole)) return problem('scope_hidden', Math.max(...numbers));
  // A newer one takes the place of those before. What this side signed itself is brought back where a service lost it.
  const highest = Math.max(0, ...numbers);
  if (whose === 'theirs' && newest && highest < newest.papers.scope.number)
    return problem(highest > 0 ? 'older_scope' : 'scope_hidden', highest, String(newest.papers.scope.number));
  return { kept: [...kept].sort(([a], [b]) => a - b).map(([, papers]) => papers) };
}

/** Whoever approves or accepts does so by the newest roster at the time when this machine first hears of it. */
function isLate({ act, roster }: Statement, party: Signers): boolean {
  return (act === 'approve' || act === 'accept') && roster !== rosterNumber(party);
}

/** A version right after one that is known names it; between others there may be some that were never seen. */
function follows(scope: Scope, last: OpenedPapers | undefined): boolean {
  if (!last || scope.number !== last.scope.number + 1) return true;
  return scope.previous === toHex(last.hash);
}

function openAll(pins: Pins, parties: Parties, whose: Whose) {
  const signers = signersOf(pins, parties);
  return pins[whose].scopes
    .flatMap((kept) => {
      const signed = bytesOf(kept.signed);
      const papers = openPapers(
        { signed, statements: kept.statements.map(bytesOf) },
        parties.partnership,
        signers[whose],
        signers[OTHER[whose]],
      );
      return papers.ok ? [{ papers: papers.value, signed, kept }] : [];
    })
    .sort((a, b) => a.papers.scope.number - b.papers.scope.number);
}

function bytesOf(text: string): Uint8Array {
  return fromBase64url(text) ?? new Uint8Array();
}
