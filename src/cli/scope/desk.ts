/** What the commands about scopes share: the place to work at, asking before anything is signed, and showing papers. */
import type { MemberId } from '../../../protocol/member.ts';
import type { Scope } from '../../../protocol/scope.ts';
import { timestamp } from '../../agent/agent.ts';
import { Problem } from '../../agent/problem.ts';
import { lateText } from '../../agent/scopes/alarms.ts';
import { type Desk, openDesk, type Papers } from '../../agent/scopes/desk.ts';
import { differences } from '../../agent/scopes/difference.ts';
import { receipts } from '../../agent/scopes/life.ts';
import type { Version, Whose } from '../../agent/scopes/papers.ts';
import { competitorWarnings, describeScope } from '../../agent/scopes/sentences.ts';
import type { Terms } from '../../agent/scopes/terms.ts';
import { command, homeOf } from '../command.ts';
import { note, printable } from '../output.ts';
import { ask } from '../prompt.ts';
import type { Asks } from '../rights.ts';
import { STANDING_TEXTS } from '../states.ts';

/** Opens the desk of a home of either kind for one command. */
export async function withDesk<Value>(
  options: { readonly home?: string | undefined },
  work: (desk: Desk) => Promise<Value>,
): Promise<Value> {
  const desk = await openDesk(homeOf(options), Date.now);
  try {
    return await work(desk);
  } finally {
    desk.close();
  }
}

/** A command about scopes that signs something: asks, unless told not to. */
export function signingCommand(name: string, asks: Asks, description: string, example: string) {
  return command(name, asks, description, example).option(
    '--yes',
    'sign without asking; everything is shown all the same',
  );
}

/** Asks for the word before something is signed. */
export async function confirm(
  question: string,
  options: { readonly yes?: boolean | undefined },
): Promise<void> {
  if (options.yes) return;
  const typed = await ask(`${question} yes, or anything else to stop`, {
    instead: 'read what is shown above, then use --yes',
  });
  if (typed.trim() !== 'yes')
    throw new Problem('bad_argument', 'nothing was signed', 'you did not type yes; nothing was changed');
}

/** The partner's papers, with what has to be said of them: a key that is new here, papers that came too late. */
export async function papersOf(desk: Desk, partner: string | undefined): Promise<Papers> {
  const papers = await desk.papers(partner);
  if (papers.isFirstSight) {
    note(
      `this machine sees ${printable(papers.partner)} for the first time; from now on it takes no other key for it`,
    );
    note(
      `its fingerprint: ${papers.fingerprint}. Compare it with what \`commonground partner list\` shows in the home with the keyring`,
    );
  }
  for (const late of papers.late) note(lateText(late, papers.alias));
  return papers;
}

/** What is about to be signed: every rule as a sentence, and what changes. */
export function showTerms(scope: Terms, before: Terms | null, grantee: string, grantor = 'we'): void {
  for (const sentence of describeScope(scope, grantee, grantor)) note(`  ${sentence}`);
  for (const warning of competitorWarnings(scope)) note(`mind: ${warning}`);
  if (!before) return;
  note('what changes to the version before:');
  showChanges(before, scope, grantee, note, grantor);
}

/** The differences in words. */
export function showChanges(
  before: Terms | null,
  after: Terms,
  grantee: string,
  say: (text: string) => void,
  grantor = 'we',
): void {
  const changes = differences(before, after, grantee, grantor);
  if (changes.length === 0) say('  nothing changes');
  const signs = { more: '+', less: '-', term: '~' } as const;
  for (const { direction, text } of changes) say(`  ${signs[direction]} ${text}`);
}

/** A version with its life, for `--json`. */
export function versionJson(version: Version, names: ReadonlyMap<string, string>) {
  const { scope, statements } = version.papers;
  return {
    number: scope.number,
    standing: version.standing,
    drafter: scope.drafter && (names.get(scope.drafter) ?? scope.drafter),
    signed: statements.map(({ act, signer, at }) => ({
      act,
      by: signer && (names.get(signer) ?? signer),
      at: timestamp(at * 1000),
    })),
    scope,
  };
}

/** Who drafted, approved and accepted, and what became of it; one line each. */
export function lifeLines(
  version: Version,
  whose: Whose,
  papers: Papers,
  names: ReadonlyMap<string, string>,
  reader: MemberId | null,
): string[] {
  const { scope, statements } = version.papers;
  const [granting, receiving] = whose === 'mine' ? ['you', papers.partner] : [papers.partner, 'you'];
  const who = (signer: MemberId | null, side: string) => {
    const isOwn = side === 'you';
    if (!signer)
      return isOwn ? 'your keyring, for all your people' : `the keyring of ${side}, for all its people`;
    if (signer === reader) return `you (${names.get(signer) ?? signer})`;
    return names.get(signer) ?? `${isOwn ? 'a colleague' : side} (${signer})`;
  };
  const lines = [
    `version ${scope.number}: ${STANDING_TEXTS[version.standing]}`,
    `drafted by ${who(scope.drafter, granting)} on ${scope.issuedAt}`,
  ];
  for (const { act, signer, at } of statements) {
    const when = timestamp(at * 1000);
    if (act === 'approve') lines.push(`approved by ${who(signer, granting)} on ${when}`);
    if (act === 'accept') lines.push(`accepted by ${who(signer, receiving)} on ${when}`);
    if (act === 'revoke') lines.push(`revoked by ${signer ? who(signer, granting) : granting} on ${when}`);
  }
  if (version.standing !== 'revoked' && version.standing !== 'expired') return lines;
  const { seen, deleted } = receipts(version);
  lines.push(
    seen
      ? `the machine of ${receiving} knows of the end since ${seen}`
      : `sent; the machine of ${receiving} has not acknowledged it yet`,
  );
  if (deleted) lines.push(`${receiving} deleted what was kept of it on ${deleted}`);
  return lines;
}

/** The own members by id, for showing who signed; empty where the caller may not see them. */
export async function namesOf(desk: Pick<Desk, 'client'>): Promise<ReadonlyMap<string, string>> {
  try {
    const members = await desk.client.members();
    return new Map(members.map(({ id, email }) => [id, printable(email ?? id)]));
  } catch {
    return new Map();
  }
}

/** Whether people may have signed a scope alone, as partners see it. */
export function rosterText(papers: Papers, whose: Whose): string {
  const roster = papers.rosters[whose].at(-1);
  const who = whose === 'mine' ? 'You' : papers.partner;
  if (!roster && !papers.isAlone[whose])
    return `${who} ${whose === 'mine' ? 'have' : 'has'} members and no roster yet: nobody can sign scopes before one names who approves.`;
  if (!roster)
    return `${who} ${whose === 'mine' ? 'have' : 'has'} no roster: one keyring signs for all people (a company of one).`;
  const count = roster.approvers.length;
  const alone = roster.drafterAlone ? '; whoever drafted may approve alone' : '';
  return `${who} ${whose === 'mine' ? 'have' : 'has'} ${count} ${count === 1 ? 'person' : 'people'} who approve; it takes ${roster.quorum}${alone} (roster ${roster.number}).`;
}

/** The scope of a version or null. */
export function scopeOf(version: Version | null): Scope | null {
  return version?.papers.scope ?? null;
}
