/** Checks of one partnership: who waits for whom, budgets, keys, and what the partner's agent says of itself. */
import { openCertificate } from '../../../protocol/certificate.ts';
import { EVALUATED_KINDS } from '../../../protocol/identifiers/kind.ts';
import type { PartnershipId } from '../../../protocol/ids.ts';
import type { Agent } from '../agent.ts';
import type { PartnershipView } from '../client.ts';
import { describeEnding, followEnding } from '../ending.ts';
import { lockHolder } from '../home.ts';
import { myScope } from '../scopes/following.ts';
import { type ForPeople, forPeople } from '../scopes/people.ts';
import { listPopulations } from '../store/lists.ts';
import { getPartnership, type Partnership, startAnew } from '../store/partnerships.ts';
import { usedCount } from '../sync/evaluate.ts';
import { type Standing, standingOf } from '../sync/standing.ts';
import { expiry, type Finding, findings } from './finding.ts';
import { release } from './service.ts';

const NEARLY_SPENT = 0.8;
const SILENT_MS = 7 * 86_400_000;
/** What a partner's agent reports when a person has to do something. */
const STUCK = new Set([
  'budget_spent',
  'partner_expired',
  'partner_alarm',
  'service_alarm',
  'service_refused',
  'local_problem',
  'stopped',
]);

/** What a partner's check needs to know beside the partnership. */
export interface PartnerTools {
  readonly version: string;
  readonly standingText: (standing: Standing, people: ForPeople) => string;
  readonly acceptText: (people: ForPeople, alias: string) => string | null;
  readonly reportText: (code: string) => string;
}

/** `known` are the partnerships that the service knows; null where it could not be asked. */
export async function checkPartner(
  agent: Agent,
  partnership: Partnership,
  known: readonly PartnershipId[] | null,
  tools: PartnerTools,
): Promise<Finding[]> {
  const { id, alias } = partnership;
  const { warning, error, failure } = findings('partner', alias);
  if (partnership.deadSince && !partnership.ended) {
    const hint = `call your partner on a number you know, end it with \`commonground partner end ${alias}\`, then ${startAnew(alias)}`;
    return [error('phrase_mismatch', `the words differed on ${partnership.deadSince}`, hint)];
  }
  const local = [...checkGrant(agent, partnership)];
  if (known === null) return [...checkVerified(partnership), ...local];
  if (!known.includes(id)) {
    const hint = partnership.partner
      ? 'its operator may have restored an older backup; start a new invitation if it stays so'
      : `nobody accepted the invitation in time; \`commonground partner end ${alias}\` removes it here`;
    return [error('unknown_there', 'the service does not know this partnership', hint), ...local];
  }
  try {
    const view = await agent.client().partnership(id);
    const { ended } = await followEnding(agent, partnership, view);
    if (ended) return [warning('ended', describeEnding(ended, partnership), 'run `commonground sync`')];
    const { standing, since } = await standingOf(agent, id, view);
    const people = forPeople(agent, getPartnership(agent.store, id), view);
    return [
      checkStanding(agent, alias, standing, since, people, tools),
      ...(standing === 'you_accept_scope' ? [] : checkAcceptance(alias, people, tools)),
      ...local,
      ...checkCertificate(agent, getPartnership(agent.store, id), view),
      ...checkReport(agent, alias, view, tools),
    ];
  } catch (problem) {
    return [failure(problem), ...local];
  }
}

function checkVerified({ alias, partner, verifiedAt, waiting }: Partnership): Finding[] {
  const { ok, note, warning } = findings('partner', alias);
  if (!partner) return [note('partner_accepts', 'has not answered yet, as far as is known')];
  if (!verifiedAt) {
    const hint = `run \`commonground partner verify ${alias}\` with your partner on the phone`;
    return [warning('you_verify', 'not verified on this machine', hint)];
  }
  const last = waiting ? `; waiting since ${waiting.since} (${waiting.for})` : '';
  return [ok('verified', `verified on ${verifiedAt}${last}`)];
}

function checkStanding(
  agent: Agent,
  alias: string,
  standing: Standing,
  since: string | null,
  people: ForPeople,
  tools: PartnerTools,
): Finding {
  const { ok, note, warning } = findings('partner', alias);
  const text = `${tools.standingText(standing, people)}${since ? ` (since ${since})` : ''}`;
  switch (standing) {
    case 'up_to_date':
      return ok(standing, text);
    case 'you_verify':
      return warning(
        standing,
        text,
        `run \`commonground partner verify ${alias}\` with your partner on the phone`,
      );
    case 'you_grant':
      return warning(
        standing,
        text,
        people.sign
          ? 'a member of the role legal runs `commonground scope propose` on a home of their own'
          : `run \`commonground scope grant --partner ${alias}\``,
      );
    case 'you_shorten':
      return warning(standing, text);
    case 'you_accept_scope':
      return warning(
        standing,
        tools.acceptText(people, alias) ?? text,
        'nothing of the partner’s shows before',
      );
    case 'sync_due':
      return lockHolder(agent.home) === null
        ? warning(standing, text, 'run `commonground sync`')
        : note(standing, text);
    default: {
      const isLong = since !== null && agent.now() - Date.parse(since) > SILENT_MS;
      return isLong ? warning(standing, text, 'ask your partner') : note(standing, text);
    }
  }
}

function checkAcceptance(alias: string, people: ForPeople, tools: PartnerTools): Finding[] {
  const text = tools.acceptText(people, alias);
  return text ? [findings('partner', alias).warning('scope_to_accept', text)] : [];
}

/** The scope names populations that are there, and the budget it gives is not nearly used up. */
function* checkGrant(agent: Agent, partnership: Partnership): Generator<Finding> {
  const { alias, id } = partnership;
  const { warning, error } = findings('partner', alias);
  const scope = myScope(agent, partnership)?.scope;
  if (!scope) return;
  const populations = new Set(listPopulations(agent.store).map(({ name }) => name));
  for (const name of scope.populations.filter((granted) => !populations.has(granted))) {
    const hint = `add it with \`commonground population add ${name}\`, or grant a new scope`;
    yield error('unknown_population', `your scope names the population ${name}, which is not there`, hint);
  }
  const year = new Date(agent.now()).getUTCFullYear();
  for (const kind of EVALUATED_KINDS) {
    const used = usedCount({ agent, id }, kind, year);
    const budget = scope.evaluationBudget[kind];
    if (used === 0 || used < budget * NEARLY_SPENT) continue;
    const hint = 'grant a new scope with a larger --budget if the partner’s list really grew';
    yield warning(
      'budget_nearly_spent',
      `the partner has used ${used} of ${budget} comparisons of ${kind} this year`,
      hint,
    );
  }
}

function checkCertificate(agent: Agent, { side, alias }: Partnership, view: PartnershipView): Finding[] {
  const { warning } = findings('partner', alias);
  const shown = view.certificates[side === 'founder' ? 'joiner' : 'founder'];
  const certificate = shown && openCertificate(shown, agent.now());
  // One that does not check is the standing's to tell.
  const soon = certificate?.ok ? expiry(certificate.value.validUntil * 1000, agent.now()) : null;
  return soon
    ? [
        warning(
          'partner_certificate_expiring',
          `the partner’s agent key expires in ${soon.days} days`,
          'remind your partner to renew it',
        ),
      ]
    : [];
}

function checkReport(agent: Agent, alias: string, view: PartnershipView, tools: PartnerTools): Finding[] {
  const { note, warning } = findings('partner', alias);
  if (!view.since) return [];
  const { lastSeenAt, health } = view.since;
  const found: Finding[] = [];
  if (agent.now() - Date.parse(lastSeenAt) > SILENT_MS)
    found.push(
      warning('partner_silent', `the partner’s agent was last seen on ${lastSeenAt}`, 'ask your partner'),
    );
  if (health && STUCK.has(health.code)) {
    const text = `the partner’s agent reports since ${health.since}: ${tools.reportText(health.code)}`;
    found.push(warning(`partner_reports_${health.code}`, text, 'call your partner'));
  }
  if (health && release(health.version) !== release(tools.version))
    found.push(
      note('partner_version_differs', `the partner has version ${health.version}, you ${tools.version}`),
    );
  return found;
}
