/** The papers of a partnership in the organisation's own home: pinned in its store, and what is in force by them. */
import { fromBase64url, toBase64url } from '../../../protocol/bytes.ts';
import { otherSide } from '../../../protocol/ids.ts';
import { grantsAnything, openScope, type Scope } from '../../../protocol/scope.ts';
import type { OpenedPapers } from '../../../protocol/standing.ts';
import type { PartnershipView } from '../client.ts';
import { decode, requireVerified } from '../pinned.ts';
import { getPartnership, type Partnership, updatePartnership } from '../store/partnerships.ts';
import { keepOwnRosters, ownRosters } from '../store/rosters.ts';
import type { Viewer } from '../viewer.ts';
import { papersAlarm } from './alarms.ts';
import {
  followPapers,
  type Late,
  type Parties,
  type Pins,
  prunedPins,
  type ShownSide,
  scopeInForce,
  signersOf,
  type Version,
  versionsOf,
  type Whose,
} from './papers.ts';

/** A version that is in force, with the exact bytes that were signed. */
export interface ScopeInForce extends OpenedPapers {
  readonly signed: Uint8Array;
}

export function partiesOf(agent: Viewer, partnership: Partnership): Parties {
  const { organisation, rootKey, agentKey } = agent.keyring.certificate;
  const partner = requireVerified(partnership);
  return {
    partnership: partnership.id,
    mine: { organisation, rootKey, agentKey },
    theirs: {
      organisation: partner.organisation,
      rootKey: decode(partner.rootKey),
      agentKey: decode(partner.agentKey),
    },
  };
}

export function pinsOf(agent: Viewer, { papers }: Partnership): Pins {
  return { mine: { rosters: ownRosters(agent.store), scopes: papers.mine }, theirs: papers.theirs };
}

/** Keeps pins in the place of those before; prepared lists of a scope that is in force no more are void. */
export function keepPins(agent: Viewer, { id }: Partnership, pins: Pins): Partnership {
  const { store } = agent;
  return store.database.transaction(() => {
    keepOwnRosters(store, pins.mine.rosters);
    const next = updatePartnership(store, id, (current) => ({
      ...current,
      papers: { mine: pins.mine.scopes, theirs: pins.theirs, past: pastOf(current, pins) },
    }));
    const inForce = scopeInForce(pinsOf(agent, next), partiesOf(agent, next), 'mine', agent.now());
    const pending = next.pendingSubmission;
    if (!pending || (inForce && pending.scope === toBase64url(inForce.signed))) return next;
    return updatePartnership(store, id, (current) => ({ ...current, pendingSubmission: null }));
  });
}

/** What was replaced before, and now. */
function pastOf({ papers }: Partnership, pins: Pins): Partnership['papers']['past'] {
  const kept = new Set([...pins.mine.scopes, ...papers.past].map(({ signed }) => signed));
  return [...papers.past, ...papers.mine.filter(({ signed }) => !kept.has(signed))];
}

/** Takes what the service shows of both sides' papers; an alarm where that goes back or does not check. */
export function followScopes(agent: Viewer, partnership: Partnership, view: PartnershipView): Partnership {
  return followShownPapers(agent, partnership, shownOf(partnership, view)).partnership;
}

/** The same, with what came too late to be taken. */
export function followShownPapers(
  agent: Viewer,
  partnership: Partnership,
  shown: Readonly<Record<Whose, ShownSide>>,
): { readonly partnership: Partnership; readonly late: readonly Late[] } {
  const parties = partiesOf(agent, partnership);
  const before = pinsOf(agent, partnership);
  const followed = followPapers(before, shown, parties);
  if (!followed.ok) throw papersAlarm(followed.alarm, partnership.alias);
  const pins = prunedPins(followed.pins, parties, agent.now());
  if (JSON.stringify(pins) === JSON.stringify(before)) return { partnership, late: followed.late };
  return { partnership: keepPins(agent, partnership, pins), late: followed.late };
}

export function shownOf({ side }: Partnership, view: PartnershipView): Record<Whose, ShownSide> {
  const of = (which: typeof side): ShownSide => ({
    rosters: view.rosters[which],
    scopes: view.scopes[which],
  });
  return { mine: of(side), theirs: of(otherSide(side)) };
}

/** This side's scope that is in force: what may be evaluated, submitted and sealed. */
export function myScope(agent: Viewer, partnership: Partnership): ScopeInForce | null {
  return inForceOf(agent, partnership, 'mine');
}

/** The partner's scope that is in force: what this side may ask. */
export function theirScope(agent: Viewer, partnership: Partnership): ScopeInForce | null {
  return inForceOf(agent, partnership, 'theirs');
}

/** All versions of a side that are pinned, ascending. */
export function versions(agent: Viewer, partnership: Partnership, whose: Whose): Version[] {
  return versionsOf(pinsOf(agent, partnership), partiesOf(agent, partnership), whose, agent.now());
}

/** The newest version of a side that is approved and has not ended, in force or not; null where there is none. */
export function newestScope(agent: Viewer, partnership: Partnership, whose: Whose): Version | null {
  const living = versions(agent, partnership, whose).filter(({ standing }) =>
    ['approved', 'waits', 'in_force'].includes(standing),
  );
  return living.at(-1) ?? null;
}

/** True where the scope lets any account leave. */
export function isGranting(scope: Pick<OpenedPapers, 'scope'> | null): boolean {
  return scope !== null && grantsAnything(scope.scope);
}

/**
 * The scope of the partner's under which its list was made: a pinned one, or one that was replaced since and that a
 * drafter of theirs signed. Whether that list was made under it, its signed head tells.
 */
export function scopeOfList(agent: Viewer, partnership: Partnership, signed: Uint8Array): Scope | null {
  const text = toBase64url(signed);
  const parties = partiesOf(agent, partnership);
  const pins = pinsOf(agent, partnership);
  const known = pins.theirs.scopes.find((kept) => kept.signed === text);
  const { theirs } = signersOf(pins, parties);
  const opened = openScope(known ? (fromBase64url(known.signed) ?? signed) : signed, (scope) => {
    if (scope.partnership !== partnership.id || scope.grantor !== theirs.organisation) return null;
    if (scope.drafter === null) return scope.roster === 0 ? theirs.agentKey : null;
    const roster = theirs.rosters.find(({ number }) => number === scope.roster);
    return roster?.approvers.find(({ member }) => member === scope.drafter)?.key ?? null;
  });
  return opened.ok ? opened.value : null;
}

function inForceOf(agent: Viewer, partnership: Partnership, whose: Whose): ScopeInForce | null {
  if (!partnership.verifiedAt || !partnership.partner || partnership.ended || partnership.deadSince)
    return null;
  const current = getPartnership(agent.store, partnership.id);
  const found = scopeInForce(pinsOf(agent, current), partiesOf(agent, current), whose, agent.now());
  return found && { ...found.papers, signed: found.signed };
}
