/** Asking questions from a home of either kind. In a member's the own accounts come out of the vault, checked alike. */
import type { PartnershipId } from '../../../protocol/ids.ts';
import { VIEWER_ROLES } from '../../../protocol/member.ts';
import type { VaultKey } from '../../../protocol/vault/key.ts';
import { openAgent } from '../agent.ts';
import type { PartnershipView } from '../client.ts';
import { type Home, isMemberHome } from '../home.ts';
import type { Partnership } from '../store/partnerships.ts';
import { accountsOf, knownIn, namesKeyOf, type OpenedVault, openVault } from '../vault/opened.ts';
import type { Viewer } from '../viewer.ts';
import { type NamedPartner, partnersAsked } from './caller.ts';
import { followHead, followPartner } from './heads.ts';
import { openSeat } from './home.ts';
import { openOwnKeys } from './keys.ts';
import { openOrganisation, openSeatStore } from './seat.ts';

export async function openViewer(home: Home, now: () => number): Promise<Viewer> {
  return isMemberHome(home) ? openMemberViewer(home, now) : openAgent(home, now);
}

/** The newest vault key that this member holds and the organisation's agent has named, with the member's own seed. */
export async function openKeyHeld(
  home: Home,
  now: () => number,
): Promise<{ readonly key: VaultKey; readonly seed: Uint8Array; readonly close: () => void }> {
  const seat = openSeat(home, now);
  const keys = await openOwnKeys(home, now());
  const store = openSeatStore(home, keys);
  try {
    const { certificate, ...held } = await openOrganisation(seat, keys, store, now());
    let newest: VaultKey | null = null;
    for (const named of await partnersAsked(seat.client, undefined, false)) {
      const view = await seat.client.partnership(named.id);
      const { head } = followHead({ store, keyring: { certificate } }, named, view);
      const { key } = openVault(named.alias, head, held, view);
      if (!newest || key.number > newest.number) newest = key;
    }
    if (!newest) throw new Error('there is a partner, or a problem');
    return { key: newest, seed: keys.seed, close: () => store.close() };
  } catch (error) {
    store.close();
    throw error;
  }
}

async function openMemberViewer(home: Home, now: () => number): Promise<Viewer> {
  const seat = openSeat(home, now);
  const keys = await openOwnKeys(home, now());
  const role = VIEWER_ROLES.find((known) => known === seat.profile.role);
  if (!role) throw new Error('only roles that ask open the vault');
  const store = openSeatStore(home, keys);
  try {
    const { certificate, ...held } = await openOrganisation(seat, keys, store, now());
    const { client } = seat;
    const opened = new Map<PartnershipId, OpenedVault>();
    const vaultOf = ({ id, alias }: Partnership): OpenedVault => {
      const vault = opened.get(id);
      if (vault) return vault;
      throw new Error(`the vault of ${alias} was not opened`);
    };
    const follow = (named: NamedPartner, view: PartnershipView): Partnership => {
      const pinned = followHead(viewer, named, view);
      opened.set(named.id, openVault(named.alias, pinned.head, held, view));
      return followPartner(viewer, pinned, view);
    };
    const viewer: Viewer = {
      store,
      now,
      role,
      keyring: { certificate },
      client: () => client,
      own: {
        follow: async ({ id, alias }, view) => follow({ id, alias }, view),
        of: (partnership, answer) => accountsOf(partnership, vaultOf(partnership), answer),
        namesKey: (partnership, sealed) => namesKeyOf(vaultOf(partnership), sealed),
        known: (partnership, names) => knownIn(client, partnership, vaultOf(partnership), names),
      },
      async asked(name) {
        const partnerships: Partnership[] = [];
        for (const named of await partnersAsked(client, name, false))
          partnerships.push(follow(named, await client.partnership(named.id)));
        return partnerships;
      },
      close: () => store.close(),
    };
    return viewer;
  } catch (error) {
    store.close();
    throw error;
  }
}
