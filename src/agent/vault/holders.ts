/** Who holds the vault, followed by the home with the keyring: who left, and whom holders admitted. */
import { equal, toHex } from '../../../protocol/bytes.ts';
import { sha256 } from '../../../protocol/hash.ts';
import type { MemberId } from '../../../protocol/member.ts';
import { openWrap, readWrap, vaultKeyId } from '../../../protocol/vault/key.ts';
import type { Agent } from '../agent.ts';
import type { ListedMember } from '../client.ts';
import { type Candidate, type Granter, isViewer, keysOf, mayHold, wrapFor } from './admission.ts';
import { type Before, letIn, readVault, renewKey, takeOut, type Vault } from './keys.ts';

/** Gives a member the vault key, once the words were compared. */
export async function admitByAgent(agent: Agent, candidate: Candidate): Promise<void> {
  const members = await agent.client().members();
  const vault = letIn(agent.store, candidate.member.id, toHex(candidate.keysHash), beforeOf(agent, members));
  const wrap = await wrapFor(granterOf(agent), vault.key, candidate);
  await agent.client().putWrap(candidate.member.id, vault.key.number, wrap);
}

/**
 * Brings the vault key in line with the members: who left is taken out, whom a holder admitted is let in, a key that
 * somebody took along gives way to the next, and every holder has the newest.
 */
export async function followHolders(agent: Agent): Promise<void> {
  const { store } = agent;
  const members = await agent.client().members();
  // First, so that what they signed lets nobody in any more.
  takeOut(store, goneOf(readVault(store), members));
  followWraps(agent, members);
  const last = readVault(store);
  if (!last) return;
  const above = highest(agent, members);
  // A higher number: this home was restored from a backup, and does not have the key that members hold.
  const vault = last.isStale || above > last.key.number ? renewKey(store, last.key.number, above) : last;
  for (const member of members) {
    const holds = member.vault?.number === vault.key.number;
    if (!vault.holders.has(member.id) || (holds && isOurs(agent, member, vault))) continue;
    const wrap = await wrapFor(granterOf(agent), vault.key, keysOf(granterOf(agent).organisation, member));
    await agent.client().putWrap(member.id, vault.key.number, wrap);
  }
}

/** Holders whom the service does not list as who they were. A service that lies can only lock somebody out. */
function goneOf(vault: Vault | null, members: readonly ListedMember[]): MemberId[] {
  const known = new Map(members.map((member) => [member.id, member]));
  const lost = [...(vault?.holders ?? [])].flatMap(([id, hash]) => {
    const member = known.get(id);
    return member && mayHold(member) && member.keys && toHex(hashOf(member)) === hash ? [] : [id];
  });
  return [...formerViewers(members), ...lost];
}

/** Members who left and asked questions: each may have been given the key. */
function formerViewers(members: readonly ListedMember[]): MemberId[] {
  return members
    .filter(({ state, role, keys }) => state === 'removed' && isViewer(role) && keys !== null)
    .map(({ id }) => id);
}

function beforeOf(agent: Agent, members: readonly ListedMember[]): Before {
  return { above: highest(agent, members), gone: formerViewers(members) };
}

/** Lets in whom this home's own signature names, as after a restore, and whom somebody admitted who was let in before. */
function followWraps(agent: Agent, members: readonly ListedMember[]): void {
  const { store } = agent;
  const { organisation, agentKey } = agent.keyring.certificate;
  for (let isNew = true; isNew; ) {
    isNew = false;
    const vault = readVault(store);
    for (const member of members) {
      const wrap = member.vault && readWrap(member.vault.wrap, organisation);
      if (!wrap || !member.vault || !mayHold(member) || vault?.holders.has(member.id)) continue;
      if (vault?.gone.has(member.id) || wrap.member !== member.id) continue;
      const granter = members.find(({ id }) => id === wrap.by);
      const key =
        wrap.by === null
          ? agentKey
          : granter && vault?.holders.has(granter.id)
            ? keysOf(organisation, granter).keys.signingKey
            : null;
      const isSigned = key !== null && openWrap(member.vault.wrap, organisation, key).ok;
      if (!isSigned || !equal(wrap.keysHash, hashOf(member))) continue;
      letIn(store, member.id, toHex(wrap.keysHash), beforeOf(agent, members));
      isNew = true;
    }
  }
}

function isOurs(agent: Agent, member: ListedMember, { key }: Vault): boolean {
  const wrap = member.vault && readWrap(member.vault.wrap, agent.keyring.certificate.organisation);
  return wrap !== null && wrap.number === key.number && equal(wrap.keyId, vaultKeyId(key.key));
}

function hashOf(member: ListedMember): Uint8Array {
  return sha256(member.keys ?? new Uint8Array());
}

/** The highest number that this home signed: one that a service made up would be kept, and nothing could stand above it. */
function highest(agent: Agent, members: readonly ListedMember[]): number {
  const { organisation, agentKey } = agent.keyring.certificate;
  const numbers = members.map(({ vault }) => {
    const opened = vault && openWrap(vault.wrap, organisation, agentKey);
    return opened?.ok && opened.value.by === null ? opened.value.number : 0;
  });
  return Math.max(0, ...numbers);
}

function granterOf({ keyring }: Agent): Granter {
  return { organisation: keyring.certificate.organisation, member: null, seed: keyring.agentSeed };
}
