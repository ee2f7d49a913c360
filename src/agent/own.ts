/** The own accounts where the list is: out of the local store. */
import { openWith } from '../../protocol/age.ts';
import { isStrong } from '../../protocol/identifiers/kind.ts';
import { otherSide } from '../../protocol/ids.ts';
import { confirmKey, wrapKey } from '../../protocol/keys.ts';
import type { Agent } from './agent.ts';
import { knownNames } from './known.ts';
import { Problem } from './problem.ts';
import { companyRecords } from './store/companies.ts';
import { type Account, findAccount } from './store/lists.ts';
import { getPartnership, type Partnership } from './store/partnerships.ts';
import type { Store } from './store/store.ts';
import { accountOf, submittedIdentifier } from './sync/list.ts';
import type { OwnAccounts, OwnRecord } from './viewer.ts';
import { explainer } from './why.ts';

/** An account as it is named to people, with its records. */
export interface NamedAccount {
  readonly name: string;
  /** The record that stands for it; null where it was removed since. */
  readonly first: Account | null;
  readonly records: readonly Account[];
}

/** The account of this key. */
export function namedAccount(store: Store, key: Uint8Array): NamedAccount {
  const first = findAccount(store, key);
  const name = first?.record.names[0] ?? first?.record.domains[0] ?? '';
  return { name, first, records: companyRecords(store, key) };
}

/** A record as answers name it. */
export function ownRecord({ record, source }: Account): OwnRecord {
  return { record: record.id, source };
}

export function localAccounts(agentOf: () => Agent): OwnAccounts {
  return {
    async follow(partnership, view) {
      const { store } = agentOf();
      const { active } = view.submissions.mine;
      // A sync of the same home may activate a list while the view is on its way, so before and after both count.
      const made = [partnership, getPartnership(store, partnership.id)].flatMap((current) => [
        current.lastSubmission?.number,
        current.pendingSubmission?.number,
      ]);
      if (active === null || made.includes(active)) return partnership;
      throw new Problem(
        'not_synced',
        `the list that ${partnership.alias} is compared with is not the last one of this home; the home or the service may be restored from a backup`,
        'run `commonground sync` first',
      );
    },
    of(partnership) {
      const { store } = agentOf();
      const epoch = partnership.epoch?.number ?? 0;
      const theirs = otherSide(partnership.side);
      let explain: ReturnType<typeof explainer> | null = null;
      return (handle) => {
        const key = accountOf(store, partnership.id, epoch, handle);
        if (!key) return null;
        const { name, first, records } = namedAccount(store, key);
        return {
          name,
          first: first && ownRecord(first),
          records: records.map(ownRecord),
          identifier(tag) {
            const found = submittedIdentifier(store, partnership.id, epoch, handle, tag);
            if (!found) return null;
            return {
              kind: found.kind,
              confirm: confirmKey(found.key, theirs),
              wrap: isStrong(found.kind) ? wrapKey(found.key, theirs) : null,
            };
          },
          evidence(kinds, tags) {
            explain ??= explainer(agentOf(), partnership);
            return explain(records, kinds, tags);
          },
        };
      };
    },
    namesKey: (_partnership: Partnership, sealed) => openWith(agentOf().keyring.ageIdentity, sealed),
    known: async (_partnership: Partnership, names) => knownNames(agentOf().store, names),
  };
}
