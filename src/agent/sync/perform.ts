/** Doing one step: what each is, and what came of it. */
import type { Scope } from '../../../protocol/scope.ts';
import type { Agent } from '../agent.ts';
import type { PartnershipView } from '../client.ts';
import { introduce } from '../partners.ts';
import { acceptAlone, publishPapers, toAccept } from '../scopes/granting.ts';
import { dueReceipts, giveReceipt } from '../scopes/receipts.ts';
import { getPartnership, type Partnership } from '../store/partnerships.ts';
import { sendVault } from '../vault/upload.ts';
import { type EpochSync, inEpoch, type Sync } from './context.ts';
import { offerEpoch, signEpoch } from './epoch.ts';
import { evaluateForPartner } from './evaluate.ts';
import type { ListState } from './list.ts';
import { collectEvaluations, finishRequest, makeRequest, sendRequest } from './request.ts';
import type { Step } from './step.ts';
import { makeSubmission, sendSubmission } from './submit.ts';
import { publishTerms } from './terms.ts';

/** What came of a step, as far as it is reported. */
export interface Outcome {
  /** Identifiers this side had evaluated, and evaluated for the partner. */
  readonly requested?: number;
  readonly evaluated?: number;
  /** Accounts in the submission that became active. */
  readonly submitted?: number;
  /** The version of the partner's scope that was accepted; null where people have to. */
  readonly accepted?: Scope | null;
}

/** Does a step that is due. `list` is the own list as the step was decided upon. */
export async function perform(
  sync: Sync,
  step: Step,
  view: PartnershipView,
  list: ListState | null,
): Promise<Outcome> {
  const { agent, id } = sync;
  const inside = (): EpochSync => inEpoch(sync, view);
  switch (step.do) {
    case 'introduce':
      await introduce(agent, getPartnership(agent.store, id), view);
      return {};
    case 'publish_scope':
      await publishPapers(agent, id, view);
      return {};
    case 'accept_scope':
      return { accepted: await acceptScope(agent, id) };
    case 'give_receipt': {
      const [due] = dueReceipts(agent, getPartnership(agent.store, id));
      if (due) await giveReceipt(agent, getPartnership(agent.store, id), due);
      return {};
    }
    case 'publish_terms':
      await publishTerms(agent, id, view);
      return {};
    case 'offer_epoch':
      await offerEpoch(agent, id);
      return {};
    case 'sign_epoch':
      await signEpoch(agent, id, view);
      return {};
    case 'evaluate':
      return { evaluated: await evaluateForPartner(inside()) };
    case 'make_request':
      return { requested: await makeRequest(inside()) };
    case 'send_request':
      await sendRequest(inside());
      return {};
    case 'collect':
      await collectEvaluations(inside());
      return {};
    case 'finish_request':
      await finishRequest(inside());
      return {};
    case 'make_submission':
      if (list) await makeSubmission(inside(), list);
      return {};
    case 'send_submission':
      await sendSubmission(inside());
      return { submitted: list?.accounts ?? 0 };
    case 'send_vault':
      await sendVault(inside());
      return {};
    case 'wait':
    case 'rest':
      return {};
  }
}

/** Accepts the partner's newest version where no person has to; null where people sign here. */
async function acceptScope(agent: Agent, id: Partnership['id']): Promise<Scope | null> {
  const partnership = getPartnership(agent.store, id);
  const version = toAccept(agent, partnership);
  if (!version || !(await acceptAlone(agent, partnership, version))) return null;
  return version.papers.scope;
}
