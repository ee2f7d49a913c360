/**
 * Where people work on scopes: the home with the keyring, which in a company of one signs for all its people, or a
 * member's own. Both check the papers themselves, against what they have pinned, before anything is shown or signed.
 */
import { equal, fromBase64url } from '../../../protocol/bytes.ts';
import { otherSide, type Side } from '../../../protocol/ids.ts';
import type { MemberId } from '../../../protocol/member.ts';
import { approverKey, type Roster } from '../../../protocol/roster.ts';
import { openHead } from '../../../protocol/vault/head.ts';
import { type Agent, openAgent } from '../agent.ts';
import type { Client, PartnershipView } from '../client.ts';
import { type Home, isMemberHome } from '../home.ts';
import { findNamed } from '../member/caller.ts';
import { type MemberSeat, openSeat } from '../member/home.ts';
import { openOwnKeys } from '../member/keys.ts';
import {
  fingerprintOf,
  followOrganisation,
  type MemberPins,
  partyOf,
  pinnedPartner,
  readPins,
  writePins,
} from '../member/pins.ts';
import { decode, fingerprint, followCertificate, requireVerified } from '../pinned.ts';
import { Problem } from '../problem.ts';
import { findPartnership, getPartnership } from '../store/partnerships.ts';
import { papersAlarm } from './alarms.ts';
import { followShownPapers, partiesOf, pinsOf, shownOf } from './following.ts';
import {
  followPapers,
  type Late,
  NO_PAPERS,
  type Parties,
  type Pins,
  prunedPins,
  rostersOf,
  type ShownSide,
  type Version,
  versionsOf,
  type Whose,
} from './papers.ts';

/** The papers of one partnership as this home has checked and pinned them. */
export interface Papers {
  readonly alias: string;
  readonly id: PartnershipView['id'];
  readonly side: Side;
  /** What the partner calls itself. */
  readonly partner: string;
  readonly parties: Parties;
  readonly pins: Pins;
  readonly rosters: Readonly<Record<Whose, readonly Roster[]>>;
  readonly mine: readonly Version[];
  readonly theirs: readonly Version[];
  readonly late: readonly Late[];
  readonly limits: PartnershipView['limits'];
  /** As the service tells: a side without members and roster, whose keyring signs for all. */
  readonly isAlone: Readonly<Record<Whose, boolean>>;
  /** Of the partner's root key. */
  readonly fingerprint: string;
  /** True where this home saw the partner's key for the first time just now. */
  readonly isFirstSight: boolean;
}

/** By whom something is signed. */
export interface Signer {
  /** Null: the agent of a company of one. */
  readonly member: MemberId | null;
  readonly roster: number;
  readonly seed: Uint8Array;
}

export interface Desk {
  readonly name: string;
  readonly client: Client;
  readonly home: Home;
  readonly now: () => number;
  /** The home with the keyring; null on a member's. */
  readonly agent: Agent | null;
  /** Fetches, checks and pins. */
  papers(partner: string | undefined): Promise<Papers>;
  /** Pins what was shown otherwise than by the service. */
  take(papers: Papers, shown: Readonly<Record<Whose, ShownSide>>): Papers;
  /** Whoever signs here for the organisation by its newest roster; a problem where this home may not. */
  signer(papers: Pick<Papers, 'rosters' | 'isAlone'>): Promise<Signer>;
  /** The caller's member id; null for the agent. */
  readonly member: MemberId | null;
  close(): void;
}

export async function openDesk(home: Home, now: () => number): Promise<Desk> {
  return isMemberHome(home) ? memberDesk(openSeat(home, now), now) : agentDesk(await openAgent(home, now));
}

function agentDesk(agent: Agent): Desk {
  const build = (alias: string, id: Papers['id'], view: PartnershipView, late: readonly Late[]): Papers => {
    const partnership = getPartnership(agent.store, id);
    const partner = requireVerified(partnership);
    return papersOf({
      alias,
      view,
      partner: partner.name,
      parties: partiesOf(agent, partnership),
      pins: pinsOf(agent, partnership),
      late,
      fingerprint: fingerprint(decode(partner.rootKey)),
      isFirstSight: false,
      nowMs: agent.now(),
    });
  };
  let lastView: PartnershipView | null = null;
  return {
    name: agent.keyring.certificate.name,
    client: agent.client(),
    home: agent.home,
    now: agent.now,
    agent,
    member: null,
    async papers(name) {
      const found = findPartnership(agent.store, name);
      requireVerified(found);
      const view = await agent.client().partnership(found.id);
      lastView = view;
      const partnership = followCertificate(agent, found, view);
      const { late } = followShownPapers(agent, partnership, shownOf(partnership, view));
      return build(found.alias, found.id, view, late);
    },
    take(papers, shown) {
      const { late } = followShownPapers(agent, getPartnership(agent.store, papers.id), shown);
      if (!lastView) throw new Error('papers are fetched before they are added to');
      return build(papers.alias, papers.id, lastView, late);
    },
    async signer({ rosters, isAlone }) {
      if (rosters.mine.length > 0) throw notHere();
      if (!isAlone.mine) throw withoutRoster();
      return { member: null, roster: 0, seed: agent.keyring.agentSeed };
    },
    close: () => agent.close(),
  };
}

function memberDesk({ home, profile, client }: MemberSeat, now: () => number): Desk {
  let lastView: PartnershipView | null = null;
  const follow = (
    alias: string,
    view: PartnershipView,
    shown: Readonly<Record<Whose, ShownSide>>,
  ): Papers => {
    const before = readPins(home);
    const known = pinnedPartner(before, view.id);
    const own = followOrganisation(before.own, view.certificates[view.side], profile.organisation, now());
    const theirs = followOrganisation(
      known?.organisation ?? null,
      view.certificates[otherSide(view.side)],
      null,
      now(),
    );
    const parties: Parties = { partnership: view.id, mine: partyOf(own), theirs: partyOf(theirs) };
    const isVouched = vouchedFor(alias, view, parties);
    const pins: Pins = {
      mine: { rosters: before.rosters, scopes: known?.mine ?? [] },
      theirs: known?.theirs ?? NO_PAPERS,
    };
    const followed = followPapers(pins, shown, parties, known === null);
    if (!followed.ok) throw papersAlarm(followed.alarm, alias);
    const next = prunedPins(followed.pins, parties, now());
    writePins(home, {
      version: 1,
      own,
      rosters: [...next.mine.rosters],
      partners: {
        ...before.partners,
        [view.id]: { organisation: theirs, mine: keptOf(next.mine.scopes), theirs: sideOf(next.theirs) },
      },
    });
    return papersOf({
      alias,
      view,
      partner: theirs.name,
      parties,
      pins: next,
      late: followed.late,
      fingerprint: fingerprintOf(theirs),
      isFirstSight: known === null && !isVouched,
      nowMs: now(),
    });
  };
  return {
    name: profile.name,
    client,
    home,
    now,
    agent: null,
    member: profile.member,
    async papers(name) {
      const listed = await client.partners();
      const open = listed.filter(({ state }) => state === 'opened');
      const [only] = open;
      const { alias, id } = findNamed(listed, name ?? (open.length === 1 && only ? only.id : ''));
      const view = await client.partnership(id);
      lastView = view;
      return follow(alias, view, shownIn(view));
    },
    take(papers, shown) {
      if (!lastView) throw new Error('papers are fetched before they are added to');
      return follow(papers.alias, lastView, shown);
    },
    async signer({ rosters }) {
      const roster = rosters.mine.at(-1);
      if (!roster) throw withoutRoster();
      const { seed } = await openOwnKeys(home, now());
      if (approverKey(roster, profile.member)) return { member: profile.member, roster: roster.number, seed };
      throw new Problem(
        'wrong_role',
        `you are not on roster ${roster.number} of ${profile.name}, so your signature would not count`,
        'ask for a new roster with you: `commonground scope roster set`; `scope roster show` tells who is on it',
      );
    },
    close: () => undefined,
  };
}

/**
 * Whether the own organisation's agent, on whose machine the words were compared, names the same root key of the
 * partner; an alarm where it names another.
 */
function vouchedFor(alias: string, view: PartnershipView, { mine, theirs }: Parties): boolean {
  const head = view.vault && openHead(view.vault, view.id, mine.agentKey);
  if (!head?.ok) return false;
  if (equal(head.value.partner.rootKey, theirs.rootKey)) return true;
  throw new Problem(
    'service_alarm',
    `the service shows another root key for ${alias} than your own organisation’s agent verified`,
    'do not sign anything; call your partner and the operator of the service',
  );
}

function keptOf(scopes: Pins['mine']['scopes']): MemberPins['partners'][string]['mine'] {
  return scopes.map(({ signed, statements }) => ({ signed, statements: [...statements] }));
}

function sideOf({ rosters, scopes }: Pins['theirs']): MemberPins['partners'][string]['theirs'] {
  return { rosters: [...rosters], scopes: keptOf(scopes) };
}

function shownIn(view: PartnershipView): Record<Whose, ShownSide> {
  const of = (side: Side): ShownSide => ({ rosters: view.rosters[side], scopes: view.scopes[side] });
  return { mine: of(view.side), theirs: of(otherSide(view.side)) };
}

function papersOf(of: {
  readonly alias: string;
  readonly view: PartnershipView;
  readonly partner: string;
  readonly parties: Parties;
  readonly pins: Pins;
  readonly late: readonly Late[];
  readonly fingerprint: string;
  readonly isFirstSight: boolean;
  readonly nowMs: number;
}): Papers {
  const { view, pins, parties, nowMs, ...rest } = of;
  return {
    ...rest,
    id: view.id,
    side: view.side,
    limits: view.limits,
    isAlone: {
      mine: view.companiesOfOne[view.side],
      theirs: view.companiesOfOne[otherSide(view.side)],
    },
    parties,
    pins,
    rosters: {
      mine: rostersOf(pins.mine.rosters, parties.mine),
      theirs: rostersOf(pins.theirs.rosters, parties.theirs),
    },
    mine: versionsOf(pins, parties, 'mine', nowMs),
    theirs: versionsOf(pins, parties, 'theirs', nowMs),
  };
}

/** What is pinned, in the form in which it is shown; more can be added to it. */
export function shownAgain({ pins }: Pick<Papers, 'pins'>): Record<Whose, ShownSide> {
  const of = (whose: Whose): ShownSide => ({
    rosters: pins[whose].rosters.map(bytesOf),
    scopes: pins[whose].scopes.map(({ signed, statements }) => ({
      signed: bytesOf(signed),
      statements: statements.map(bytesOf),
    })),
  });
  return { mine: of('mine'), theirs: of('theirs') };
}

export function withoutRoster(): Problem {
  return new Problem(
    'wrong_role',
    'your organisation has no roster yet, so nobody’s signature counts',
    'whoever holds the root key names who approves, on the keyring’s home: `commonground scope roster set … --root-key FILE`',
  );
}

function notHere(): Problem {
  return new Problem(
    'wrong_role',
    'people sign for this organisation, and the keyring’s home does not',
    'a member of the role legal signs on a home of their own; `commonground scope roster show` tells who',
  );
}

function bytesOf(text: string): Uint8Array {
  return fromBase64url(text) ?? new Uint8Array();
}
