/** The normaliser terms of a partnership: publishing this side's, pinning the partner's, and what they agree on. */
import { equal, toBase64url } from '../../../protocol/bytes.ts';
import { otherSide, type Side } from '../../../protocol/ids.ts';
import { type NormaliserTerms, openTerms, signTerms } from '../../../protocol/terms.ts';
import type { Agent } from '../agent.ts';
import type { PartnershipView } from '../client.ts';
import { agreedNormaliser, type Normaliser, ofKinds } from '../normalisers.ts';
import { decode, requireVerified } from '../pinned.ts';
import { Problem } from '../problem.ts';
import { getPartnership, type Partnership, updatePartnership } from '../store/partnerships.ts';
import { EPOCH, readEpoch } from './context.ts';
import type { Facts } from './step.ts';

/** Both sides' terms as they are pinned here. */
interface PinnedTerms {
  readonly mine: NormaliserTerms | null;
  readonly theirs: NormaliserTerms | null;
}

/** Pins the partner's terms where the view shows newer ones; older ones, as of a restored service, change nothing. */
export function followTerms(agent: Agent, partnership: Partnership, view: PartnershipView): Partnership {
  const shown = view.epoch.terms[otherSide(partnership.side)];
  if (!shown || toBase64url(shown) === partnership.terms.theirs) return partnership;
  const pinned = pinnedTerms(agent, partnership).theirs;
  const newer = open(partnership, otherSide(partnership.side), shown, partnerKey(partnership));
  if (!newer) throw new Problem('partner_alarm', `the normaliser terms of ${partnership.alias} do not check`);
  if (pinned && newer.number <= pinned.number) return partnership;
  return updatePartnership(agent.store, partnership.id, (current) => ({
    ...current,
    terms: { ...current.terms, theirs: toBase64url(shown) },
  }));
}

export function termsFacts(agent: Agent, partnership: Partnership, view: PartnershipView): Facts['terms'] {
  const { mine, theirs } = pinnedTerms(agent, partnership);
  const shown = view.epoch.terms[partnership.side];
  const newest = (terms: NormaliserTerms) => terms.versions.at(-1)?.version ?? 0;
  return {
    published:
      mine !== null &&
      shown !== null &&
      toBase64url(shown) === partnership.terms.mine &&
      mine.versions.every((term) => isKnown(agent, term)),
    partnerPublished: theirs !== null,
    agreed: mine !== null && theirs !== null && agreed(agent, mine, theirs) !== null,
    partnerIsNewer: mine !== null && theirs !== null && newest(theirs) > newest(mine),
  };
}

/**
 * Publishes which versions this side can use: at first all that the program has; later those that were published
 * before, as far as it still has them, until `raiseNormaliser` adds the newer ones.
 */
export async function publishTerms(
  agent: Agent,
  id: Partnership['id'],
  view: PartnershipView,
): Promise<void> {
  const partnership = getPartnership(agent.store, id);
  const { mine } = pinnedTerms(agent, partnership);
  const kept = mine?.versions.filter((term) => isKnown(agent, term)) ?? [];
  await publish(agent, partnership, view, kept.length > 0 ? kept : agent.normalisers);
}

/** Publishes every version that this program has, so that the partnership rises as soon as the partner has them, too. */
export function raiseNormaliser(
  agent: Agent,
  partnership: Partnership,
  view: PartnershipView,
): Promise<void> {
  return publish(agent, partnership, view, agent.normalisers);
}

/** The normaliser that both sides use now, with the kinds that both have keys for; null while there is none. */
export function normaliserOf(agent: Agent, partnership: Partnership): Normaliser | null {
  const { mine, theirs } = pinnedTerms(agent, partnership);
  const found = mine && theirs && agreed(agent, mine, theirs);
  return found && restricted(agent, partnership, found);
}

/** The newest normaliser of this program, with the kinds of the partnership. */
export function newestNormaliser(agent: Agent, partnership: Partnership): Normaliser {
  const newest = agent.normalisers.at(-1);
  if (!newest) throw new Error('a program has a normaliser');
  return restricted(agent, partnership, newest);
}

/** Versions that the two sides published, ascending; none where a side has not yet. */
export function publishedVersions(
  agent: Agent,
  partnership: Partnership,
): { readonly mine: readonly number[]; readonly theirs: readonly number[] } {
  const { mine, theirs } = pinnedTerms(agent, partnership);
  const versions = (terms: NormaliserTerms | null) => terms?.versions.map(({ version }) => version) ?? [];
  return { mine: versions(mine), theirs: versions(theirs) };
}

async function publish(
  agent: Agent,
  partnership: Partnership,
  view: PartnershipView,
  versions: NormaliserTerms['versions'],
): Promise<void> {
  const { id, side } = partnership;
  const { agentKey } = agent.keyring.certificate;
  const { mine } = pinnedTerms(agent, partnership);
  const shown = view.epoch.terms[side];
  // A home that was restored from a backup goes on behind what it published since.
  const shownNumber = (shown && open(partnership, side, shown, agentKey)?.number) ?? 0;
  const isKept = mine !== null && mine.number > shownNumber && sameVersions(mine.versions, versions);
  const signed =
    isKept && partnership.terms.mine
      ? decode(partnership.terms.mine)
      : signTerms(
          {
            partnership: id,
            epoch: EPOCH,
            side,
            number: Math.max(shownNumber, mine?.number ?? 0) + 1,
            versions,
          },
          agent.keyring.agentSeed,
        );
  updatePartnership(agent.store, id, (current) => ({
    ...current,
    terms: { ...current.terms, mine: toBase64url(signed) },
  }));
  await agent.client().putTerms(id, EPOCH, signed);
}

function pinnedTerms(agent: Agent, partnership: Partnership): PinnedTerms {
  const { side, terms } = partnership;
  const mine = terms.mine && open(partnership, side, decode(terms.mine), agent.keyring.certificate.agentKey);
  const theirs =
    terms.theirs && open(partnership, otherSide(side), decode(terms.theirs), partnerKey(partnership));
  return { mine: mine || null, theirs: theirs || null };
}

function open(
  partnership: Partnership,
  side: Side,
  signed: Uint8Array,
  key: Uint8Array,
): NormaliserTerms | null {
  const opened = openTerms(signed, { partnership: partnership.id, epoch: EPOCH, side }, key);
  return opened.ok ? opened.value : null;
}

function partnerKey(partnership: Partnership): Uint8Array {
  return decode(requireVerified(partnership).agentKey);
}

function agreed(agent: Agent, mine: NormaliserTerms, theirs: NormaliserTerms): Normaliser | null {
  return agreedNormaliser(agent.normalisers, mine.versions, theirs.versions);
}

function restricted(agent: Agent, partnership: Partnership, normaliser: Normaliser): Normaliser {
  const offer = partnership.epoch?.partnerOffer;
  return offer ? ofKinds(normaliser, readEpoch(agent, partnership, decode(offer)).kinds) : normaliser;
}

function isKnown(agent: Agent, term: NormaliserTerms['versions'][number]): boolean {
  return agent.normalisers.some(({ version, data }) => version === term.version && equal(data, term.data));
}

function sameVersions(a: NormaliserTerms['versions'], b: NormaliserTerms['versions']): boolean {
  return (
    a.length === b.length &&
    a.every((term, i) => b[i]?.version === term.version && equal(b[i].data, term.data))
  );
}
