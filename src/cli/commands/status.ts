import { EVALUATED_KINDS } from '../../../protocol/identifiers/kind.ts';
import { otherSide } from '../../../protocol/ids.ts';
import type { Agent } from '../../agent/agent.ts';
import type { PartnershipView, ServiceView } from '../../agent/client.ts';
import { describeEnding, followEnding } from '../../agent/ending.ts';
import { viewOf } from '../../agent/partners.ts';
import { fingerprint } from '../../agent/pinned.ts';
import { myScope, theirScope } from '../../agent/scopes/following.ts';
import { forPeople, NOTHING_FOR_PEOPLE } from '../../agent/scopes/people.ts';
import { countCompanies } from '../../agent/store/companies.ts';
import { countAccounts } from '../../agent/store/lists.ts';
import {
  getPartnership,
  isLive,
  listPartnerships,
  type Partnership,
} from '../../agent/store/partnerships.ts';
import { usedCount } from '../../agent/sync/evaluate.ts';
import { standingOf } from '../../agent/sync/standing.ts';
import { command, withAgent } from '../command.ts';
import { noteEnded, unfinished } from '../ended.ts';
import { note, print, printJson } from '../output.ts';
import { acceptText, reportText, standingText } from '../states.ts';

/** `status`: this home, its service, and who waits for whom since when. */
export function statusCommand() {
  return command(
    'status',
    'keyring',
    'This home, its service, and for each partner who waits for whom since when.',
    'commonground status',
  ).action(async (options) =>
    withAgent(options, async (agent) => {
      const { certificate } = agent.keyring;
      const service = agent.configuration.service ? await agent.client().service() : null;
      const partners = [];
      const before = listPartnerships(agent.store);
      for (const partnership of before) partners.push(await partnerStatus(agent, partnership));
      const result = {
        organisation: certificate.organisation,
        name: certificate.name,
        fingerprint: fingerprint(certificate.rootKey),
        agentKeyValidUntil: new Date(certificate.validUntil * 1000).toISOString(),
        accounts: countCompanies(agent.store),
        records: countAccounts(agent.store),
        service: agent.configuration.service,
        operator: service?.operator ?? null,
        clockSkewSeconds: service ? Math.round((Date.parse(service.time) - agent.now()) / 1000) : null,
        partners,
      };
      if (options.json) return printJson(result);
      print(`${result.name} (${result.organisation})`);
      print(`  fingerprint  ${result.fingerprint}`);
      print(`  agent key    valid until ${result.agentKeyValidUntil}`);
      const { accounts, records } = result;
      print(`  accounts     ${accounts}${records === accounts ? '' : ` (${records} records)`}`);
      print(
        `  service      ${result.service ?? 'none yet: `commonground register`'}${service ? `, operated by ${operatorText(service, agent)}` : ''}`,
      );
      if (Math.abs(result.clockSkewSeconds ?? 0) > 60)
        note(`the clocks of this machine and the service differ by ${result.clockSkewSeconds} s`);
      noteEnded(before);
      const shown = new Set(unfinished(before).map(({ id }) => id));
      for (const partner of partners.filter(({ partnership }) => shown.has(partnership))) {
        print(`${partner.partner}: ${partner.waiting}${partner.since ? ` (since ${partner.since})` : ''}`);
        const toAccept = acceptText(partner.people, partner.partner);
        if (toAccept) print(`  ${toAccept}`);
        if (partner.partnerLastSeen)
          print(
            `  partner’s agent last seen ${partner.partnerLastSeen}${describeReport(partner.partnerReports)}`,
          );
        if (partner.partnerIsOne)
          print('  a company of one there: whoever holds its keyring is all its roles');
        if (partner.snapshot) print(`  snapshot ${partner.snapshot.number} of ${partner.snapshot.at}`);
        print(
          `  scopes: you grant ${versionText(partner.scopes.mine)}, you are granted ${versionText(partner.scopes.theirs)}`,
        );
        for (const { kind, used, budget } of partner.budget.filter((one) => one.used > 0))
          print(
            `  comparisons for the partner this year, ${kind}: ${budget > 0 ? `${used} of ${budget}` : `${used}; nothing is granted, so no more`}`,
          );
      }
    }),
  );
}

async function partnerStatus(agent: Agent, partnership: Partnership) {
  const { alias, id } = partnership;
  const base = { partner: alias, partnership: id };
  const over = (waiting: string, since: string | null) => ({
    ...base,
    waiting,
    people: NOTHING_FOR_PEOPLE,
    since,
    snapshot: null,
    partnerLastSeen: null,
    partnerReports: null,
    partnerIsOne: null,
    scopes: { mine: null, theirs: null },
    budget: [],
  });
  if (partnership.ended?.told) return over(describeEnding(partnership.ended, partnership), null);
  if (partnership.deadSince) return over('ended: the words differed', partnership.deadSince);
  const view = await viewOf(agent, partnership);
  const { ended } = await followEnding(agent, partnership, view);
  if (ended) return over(describeEnding(ended, partnership), null);
  const { standing, since } = await standingOf(agent, id, view);
  const current = getPartnership(agent.store, id);
  const people = forPeople(agent, current, view);
  const mine = myScope(agent, current)?.scope;
  const theirs = theirScope(agent, current)?.scope;
  const year = new Date(agent.now()).getUTCFullYear();
  return {
    ...base,
    waiting: standingText(standing, people),
    people,
    since,
    snapshot: view.snapshot,
    partnerLastSeen: view.since?.lastSeenAt ?? null,
    partnerReports: view.since?.health ?? null,
    partnerIsOne: view.companiesOfOne[otherSide(current.side)],
    scopes: { mine: mine?.number ?? null, theirs: theirs?.number ?? null },
    budget: EVALUATED_KINDS.map((kind) => ({
      kind,
      used: usedCount({ agent, id }, kind, year),
      budget: mine?.evaluationBudget[kind] ?? 0,
    })),
  };
}

/** Who runs the service, where it is one of those concerned more than by name. */
function operatorText({ operator }: ServiceView, agent: Agent): string {
  const { name, organisation } = operator;
  if (!organisation) return name;
  if (organisation === agent.keyring.certificate.organisation) return `${name}, your own organisation`;
  const partner = listPartnerships(agent.store).find(
    (one) => isLive(one) && one.partner?.organisation === organisation,
  );
  return partner ? `${name}: your partner ${partner.alias}, on whose word levels and counts rest` : name;
}

function versionText(version: number | null): string {
  return version === null ? 'nothing' : `version ${version}`;
}

/** What the partner's unattended agent said of itself; nothing where it has none. */
function describeReport(health: NonNullable<PartnershipView['since']>['health']): string {
  return health ? `, reports since ${health.since}: ${reportText(health.code)}` : '';
}
