import { KINDS } from '../../../protocol/identifiers/kind.ts';
import type { Agent } from '../../agent/agent.ts';
import type { PartnershipView } from '../../agent/client.ts';
import { openPool } from '../../agent/crypto/pool.ts';
import { fingerprint, operatorNotice } from '../../agent/partners.ts';
import { readMine, readTheirs } from '../../agent/scopes.ts';
import { countAccounts } from '../../agent/store/lists.ts';
import { getPartnership, listPartnerships, type Partnership } from '../../agent/store/partnerships.ts';
import { usedCount } from '../../agent/sync/evaluate.ts';
import { nextStep, type Step } from '../../agent/sync/step.ts';
import { gatherFacts, noteWaiting } from '../../agent/sync/sync.ts';
import { command, withAgent } from '../command.ts';
import { note, print, printJson } from '../output.ts';
import { WAITING_TEXTS } from './sync.ts';

/** `status`: this home, its service, and who waits for whom since when. */
export function statusCommand() {
  return command(
    'status',
    'This home, its service, and for each partner who waits for whom since when.',
    'commonground status',
  ).action(async (options) =>
    withAgent(options, async (agent) => {
      const { certificate } = agent.keyring;
      const service = agent.configuration.service ? await agent.client().service() : null;
      const partners = [];
      for (const partnership of listPartnerships(agent.store))
        partners.push(await partnerStatus(agent, partnership));
      const result = {
        organisation: certificate.organisation,
        name: certificate.name,
        fingerprint: fingerprint(certificate.rootKey),
        agentKeyValidUntil: new Date(certificate.validUntil * 1000).toISOString(),
        accounts: countAccounts(agent.store),
        service: agent.configuration.service,
        operator: service?.operator ?? null,
        clockSkewSeconds: service ? Math.round((Date.parse(service.time) - agent.now()) / 1000) : null,
        partners,
      };
      if (options.json) return printJson(result);
      print(`${result.name} (${result.organisation})`);
      print(`  fingerprint  ${result.fingerprint}`);
      print(`  agent key    valid until ${result.agentKeyValidUntil}`);
      print(`  accounts     ${result.accounts}`);
      print(
        `  service      ${result.service ?? 'none yet: `commonground register`'}${service ? `, operated by ${service.operator.name}` : ''}`,
      );
      if (service) note(operatorNotice(service, agent, null).text);
      if (Math.abs(result.clockSkewSeconds ?? 0) > 60)
        note(`the clocks of this machine and the service differ by ${result.clockSkewSeconds} s`);
      for (const partner of partners) {
        print(`${partner.partner}: ${partner.waiting}${partner.since ? ` (since ${partner.since})` : ''}`);
        if (partner.partnerLastSeen) print(`  partner’s agent last seen ${partner.partnerLastSeen}`);
        if (partner.snapshot) print(`  snapshot ${partner.snapshot.number} of ${partner.snapshot.at}`);
        print(
          `  scopes: you grant version ${partner.scopes.mine ?? '-'}, you are granted version ${partner.scopes.theirs ?? '-'}`,
        );
        for (const { kind, used, budget } of partner.budget)
          print(`  comparisons for the partner this year, ${kind}: ${used} of ${budget}`);
      }
    }),
  );
}

async function partnerStatus(agent: Agent, partnership: Partnership) {
  const { alias, id } = partnership;
  const base = { partner: alias, partnership: id };
  if (partnership.deadSince) {
    const waiting = 'ended: the words differed';
    return {
      ...base,
      waiting,
      since: partnership.deadSince,
      snapshot: null,
      partnerLastSeen: null,
      scopes: { mine: null, theirs: null },
      budget: [],
    };
  }
  const view = await agent.client().partnership(id);
  const pool = openPool(1);
  try {
    const step = nextStep(await gatherFacts({ agent, id, pool, progress: () => undefined }, view, null));
    const current = getPartnership(agent.store, id);
    const mine = readMine(agent, current);
    const theirs = current.verifiedAt ? readTheirs(current) : null;
    const year = new Date(agent.now()).getUTCFullYear();
    return {
      ...base,
      waiting: describe(step, view),
      since: noteWaiting(agent, id, step.do === 'wait' ? step.for : null),
      snapshot: view.snapshot,
      partnerLastSeen: view.since?.lastSeenAt ?? null,
      scopes: { mine: mine?.number ?? null, theirs: theirs?.number ?? null },
      budget: KINDS.map((kind) => ({
        kind,
        used: usedCount({ agent, id }, kind, year),
        budget: mine?.evaluationBudget[kind] ?? 0,
      })),
    };
  } finally {
    await pool.close();
  }
}

/** Without reading the list, a list that is in counts as current; `sync` finds what changed. */
function describe(step: Step, view: PartnershipView): string {
  if (step.do === 'wait') return WAITING_TEXTS[step.for];
  if (step.do !== 'make_submission') return 'your next `commonground sync` has something to do';
  return view.snapshot
    ? 'both lists are in'
    : view.submissions.mine.active === null
      ? 'your next `commonground sync` has something to do'
      : WAITING_TEXTS.partner_submits;
}
