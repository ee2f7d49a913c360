/** People of a test's organisations in homes of their own, in this process. */
import { join } from 'node:path';
import { toHex } from '../../protocol/bytes.ts';
import { systemRandom } from '../../protocol/hash.ts';
import type { MemberId, Role } from '../../protocol/member.ts';
import type { Agent } from '../../src/agent/agent.ts';
import { type Home, homeAt } from '../../src/agent/home.ts';
import { openAdmission } from '../../src/agent/member/admission.ts';
import { inviteMember, openCaller } from '../../src/agent/member/caller.ts';
import { joinOrganisation } from '../../src/agent/member/home.ts';
import { readMemberInvitation } from '../../src/agent/member/invitation.ts';
import { openViewer } from '../../src/agent/member/viewer.ts';
import type { Viewer } from '../../src/agent/viewer.ts';
import type { Pair } from './homes.ts';

export interface Joined {
  readonly id: MemberId;
  readonly home: Home;
}

/** Somebody whom the agent's organisation invited, with a home beside its own. */
export async function joinAs(pair: Pair, agent: Agent, role: Role): Promise<Joined> {
  const name = toHex(systemRandom(6));
  const caller = await openCaller(agent.home, Date.now);
  const { text, member: id } = await inviteMember(caller, { role, partners: undefined }, systemRandom);
  caller.close();
  const home = homeAt(join(pair.folder, name));
  await joinOrganisation(
    home,
    {
      invitation: readMemberInvitation(text),
      email: `${name}@people.example`,
      password: 'nine green lamps 17',
      lock: { keyFile: join(pair.folder, `${name}.member-key`) },
    },
    { random: systemRandom, now: Date.now },
  );
  return { id, home };
}

/** Admits somebody from a home of either kind, without comparing words. */
export async function admit(from: Home, to: Joined): Promise<void> {
  const admission = await openAdmission(from, Date.now);
  try {
    await admission.admit(await admission.find(to.id));
  } finally {
    admission.close();
  }
}

/** Opens a member's home for one piece of work. */
export async function asMember<Value>(
  { home }: Joined,
  work: (viewer: Viewer) => Promise<Value>,
): Promise<Value> {
  const viewer = await openViewer(home, Date.now);
  try {
    return await work(viewer);
  } finally {
    viewer.close();
  }
}
