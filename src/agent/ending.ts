/**
 * Ending a partnership for good. This side's VOPRF seed goes, and with it everything that rests on it; what was blinded
 * before matches nothing any more. It happens on this side's own decision or on the partner's signature: a service that
 * only says so can stop answering and nothing else.
 */
import { toBase64url } from '../../protocol/bytes.ts';
import { type Ending, openEnding, signEnding } from '../../protocol/ending.ts';
import { otherSide } from '../../protocol/ids.ts';
import { type Agent, timestamp } from './agent.ts';
import type { PartnershipView } from './client.ts';
import { introduce, isUnknown, viewOf } from './partners.ts';
import { decode, followCertificate } from './pinned.ts';
import { Problem } from './problem.ts';
import {
  type EndedState,
  getPartnership,
  listPartnerships,
  type Partnership,
  updatePartnership,
} from './store/partnerships.ts';
import type { Store } from './store/store.ts';

/** What is kept of a partnership beside its document; the counts of what was evaluated stay as a record. */
const DELETED = [
  'handles',
  'identifiers',
  'submitted',
  'found',
  'shared',
  'wanted',
  'request_chunks',
  'paid_chunks',
  'outbox',
  'outgoing',
  'sorted',
  'reviews',
  'vault_rows',
  'vault_names',
] as const;

/**
 * Deletes this side's data, then tells the service, which shows it to the partner. Repeated, it does what is left to do.
 * With `wordsDiffer` the people found that their phrases are not the same, which is kept.
 */
export async function endPartnership(
  agent: Agent,
  partnership: Partnership,
  { wordsDiffer }: { readonly wordsDiffer: boolean } = { wordsDiffer: false },
): Promise<Partnership> {
  const { id, side } = partnership;
  if (partnership.ended?.by === 'theirs') return partnership;
  const endedAt = Math.floor(agent.now() / 1000);
  const signed =
    partnership.ended?.signed ??
    toBase64url(signEnding({ partnership: id, side, endedAt }, agent.keyring.agentSeed));
  const at = partnership.ended?.at ?? timestamp(endedAt * 1000);
  const told = partnership.ended?.told ?? false;
  const deadSince = partnership.deadSince ?? (wordsDiffer ? at : null);
  const ended = close(agent.store, { ...partnership, deadSince }, { by: 'mine', at, signed, told });
  if (told) return ended;
  try {
    return await tell(agent, ended, await viewOf(agent, partnership));
  } catch (error) {
    // An invitation that nobody accepted and the service deleted: there is nobody to tell.
    if (partnership.partner || !isUnknown(error)) throw error;
    return noteTold(agent, ended);
  }
}

/**
 * Takes note of an ending that the service shows, once its signature is checked, and tells the service of an own one
 * that it has not. Gives the partnership as it is then.
 */
export async function followEnding(
  agent: Agent,
  partnership: Partnership,
  view: PartnershipView,
): Promise<Partnership> {
  if (partnership.ended) return tell(agent, partnership, view);
  const { id, side, alias } = partnership;
  const own = view.endings[side];
  if (own) {
    // Known here no more: this home was restored from an older backup.
    const opened = openEnding(own, { partnership: id, side }, agent.keyring.certificate.agentKey);
    if (!opened.ok) throw endingAlarm(alias, opened.reason);
    return close(agent.store, partnership, { ...stateOf(opened.value, own), by: 'mine', told: true });
  }
  const theirs = view.endings[otherSide(side)];
  if (!theirs) {
    if (view.state === 'ended') throw endingAlarm(alias, 'no signature');
    return partnership;
  }
  const opened = await partnersEnding(agent, partnership, view, theirs);
  return close(agent.store, partnership, { ...stateOf(opened, theirs), by: 'theirs', told: true });
}

/**
 * Ends again what the service shows as not ended: one that was restored from an older backup has the rows of both sides
 * again. This side ends it whoever did so first.
 */
export async function endAgain(agent: Agent): Promise<void> {
  const told = listPartnerships(agent.store).filter(({ ended }) => ended?.told);
  if (told.length === 0) return;
  const states = new Map((await agent.client().partners()).map(({ id, state }) => [id, state]));
  const again = told.flatMap(({ id, side, ended }) => {
    const state = states.get(id);
    if (!ended || state === undefined || state === 'ended') return [];
    // Signed anew: the agent's key may be another by now.
    const endedAt = Math.floor(Date.parse(ended.at) / 1000);
    const signed = signEnding({ partnership: id, side, endedAt }, agent.keyring.agentSeed);
    return [agent.client().putEnding(id, signed)];
  });
  // One that is refused holds up no other.
  const refused = (await Promise.allSettled(again)).find((outcome) => outcome.status === 'rejected');
  if (refused) throw refused.reason;
}

/** One sentence for people. */
export function describeEnding(
  { by, at, told }: EndedState,
  { alias, verifiedAt, deadSince }: Pick<Partnership, 'alias' | 'verifiedAt' | 'deadSince'>,
): string {
  const untold = told ? '' : '; the service was not told yet: run `commonground sync`';
  // Whoever ends before the words were compared may have found that they differ.
  const early = by === 'theirs' && !verifiedAt ? ', before you compared the words: call them' : '';
  const differed = deadSince ? 'the words differed; ' : '';
  return `${differed}ended by ${by === 'mine' ? 'you' : alias} on ${at}${early}${untold}`;
}

async function partnersEnding(
  agent: Agent,
  partnership: Partnership,
  view: PartnershipView,
  signed: Uint8Array,
): Promise<Ending> {
  const { id, alias } = partnership;
  const expected = { partnership: id, side: otherSide(partnership.side) };
  // A partner that ends early has opened, and so shown its key, before it could compare words.
  const { partner } =
    partnership.side === 'joiner' && view.opening ? await introduce(agent, partnership, view) : partnership;
  if (!partner) {
    throw new Problem(
      'partnership_ended',
      `the service says that ${alias} ended the partnership before you knew each other's keys`,
      `ask your partner; \`commonground partner end ${alias}\` ends it here too`,
    );
  }
  const pinned = openEnding(signed, expected, decode(partner.agentKey));
  if (pinned.ok) return pinned.value;
  // The partner may have a newer agent key than the one seen last; its root key has to vouch for it.
  const current = followCertificate(agent, getPartnership(agent.store, id), view).partner;
  const renewed = openEnding(signed, expected, decode(current?.agentKey ?? ''));
  if (renewed.ok) return renewed.value;
  throw endingAlarm(alias, renewed.reason);
}

function stateOf(ending: Ending, signed: Uint8Array): Pick<EndedState, 'at' | 'signed'> {
  return { at: timestamp(ending.endedAt * 1000), signed: toBase64url(signed) };
}

async function tell(agent: Agent, partnership: Partnership, view: PartnershipView): Promise<Partnership> {
  const { ended, id, side } = partnership;
  if (!ended || ended.told) return partnership;
  if (!view.endings[side]) await agent.client().putEnding(id, decode(ended.signed));
  return noteTold(agent, partnership);
}

function noteTold(agent: Agent, { id }: Partnership): Partnership {
  return updatePartnership(agent.store, id, (current) => ({
    ...current,
    ended: current.ended && { ...current.ended, told: true },
  }));
}

/** Deletes everything of the partnership but who it was with, what was granted and what was counted. */
function close(store: Store, { id, deadSince }: Partnership, ended: EndedState): Partnership {
  store.database.transaction(() => {
    for (const table of DELETED) store.database.run(`delete from ${table} where partnership = ?`, id);
    updatePartnership(store, id, (current) => ({
      ...current,
      ended,
      deadSince,
      invitation: null,
      epoch: null,
      lastSubmission: null,
      pendingSubmission: null,
      request: null,
      waiting: null,
      vault: null,
    }));
  });
  // Deleted rows, and older versions of the seed's row, would lie in free pages until these are used again.
  store.database.compact();
  return getPartnership(store, id);
}

function endingAlarm(alias: string, reason: string): Problem {
  return new Problem(
    'service_alarm',
    `the service says that the partnership with ${alias} is ended, and the proof does not check (${reason})`,
    'nothing was deleted here; call your partner',
  );
}
