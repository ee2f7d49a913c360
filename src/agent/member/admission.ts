/** Admitting members to the vault from a home of either kind. */
import { type MemberId, parseMemberId } from '../../../protocol/member.ts';
import { type Agent, openAgent } from '../agent.ts';
import { type Home, isMemberHome } from '../home.ts';
import { Problem } from '../problem.ts';
import { type Candidate, candidateOf, wrapFor } from '../vault/admission.ts';
import { admitByAgent } from '../vault/holders.ts';
import { findMember } from './caller.ts';
import { openSeat } from './home.ts';
import { openKeyHeld } from './viewer.ts';

/** What admitting takes: finding the candidate, and giving the key once the words were compared. */
export interface Admission {
  /** By id, where members can be listed also by e-mail address. */
  find(wanted: string): Promise<Candidate>;
  admit(candidate: Candidate): Promise<void>;
  close(): void;
}

export async function openAdmission(home: Home, now: () => number): Promise<Admission> {
  return isMemberHome(home) ? byMember(home, now) : byAgent(await openAgent(home, now));
}

function byAgent(agent: Agent): Admission {
  return {
    find: async (wanted) =>
      candidateOf(agent.keyring.certificate.organisation, findMember(await agent.client().members(), wanted)),
    admit: (candidate) => admitByAgent(agent, candidate),
    close: () => agent.close(),
  };
}

/** A member gives only what it holds itself, and what the organisation's agent has named. */
async function byMember(home: Home, now: () => number): Promise<Admission> {
  const { client, profile } = openSeat(home, now);
  const { key, seed, close } = await openKeyHeld(home, now);
  const { organisation } = profile;
  return {
    find: async (wanted) => candidateOf(organisation, await client.member(idOf(wanted))),
    async admit(candidate) {
      const wrap = await wrapFor({ organisation, member: profile.member, seed }, key, candidate);
      await client.putWrap(candidate.member.id, key.number, wrap);
    },
    close,
  };
}

function idOf(wanted: string): MemberId {
  const id = parseMemberId(wanted);
  if (id) return id;
  throw new Problem(
    'bad_argument',
    `${wanted} is no member’s id`,
    'your colleague’s `commonground whoami` shows it: mbr_ and 32 characters',
  );
}
