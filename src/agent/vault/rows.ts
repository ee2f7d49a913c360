/** The own accounts as rows of the vault: what was submitted of each, and what answers show of it. */
import { toHex } from '../../../protocol/bytes.ts';
import { isStrong, type Kind, kindOf } from '../../../protocol/identifiers/kind.ts';
import { type Handle, handleFrom, otherSide } from '../../../protocol/ids.ts';
import { confirmKey, wrapKey } from '../../../protocol/keys.ts';
import type { VaultRow } from '../../../protocol/vault/row.ts';
import type { Agent } from '../agent.ts';
import { namedAccount, ownRecord } from '../own.ts';
import { type Account, listPopulations, populationsOf } from '../store/lists.ts';
import type { Partnership } from '../store/partnerships.ts';
import { accountOf } from '../sync/list.ts';
import { valuesByTag } from '../why.ts';

/** Handles looked through at once: some hundredths of a second of work between two breaths of the event loop. */
const PAGE_HANDLES = 200;
/** Of a company with more records than these, members are shown the first. */
const MAX_RECORDS = 200;

/** An account that is in the active list. */
export interface ListedRow {
  readonly handle: Handle;
  /** Changes exactly when the row does. */
  readonly digest: Uint8Array;
  readonly row: () => VaultRow;
}

/** All accounts of a submission, by handle, page by page. */
export function* listedRows(
  agent: Agent,
  partnership: Partnership,
  submission: number,
): Generator<ListedRow[]> {
  const { store } = agent;
  const { id } = partnership;
  const epoch = partnership.epoch?.number ?? 0;
  const theirs = otherSide(partnership.side);
  const populations = listPopulations(store);
  const valuesOf = valuesByTag(agent, partnership);
  let after = new Uint8Array();
  for (;;) {
    const handles = store.database
      .all<{ handle: Uint8Array }>(
        'select distinct handle from submitted where partnership = ? and submission = ? and handle > ? order by handle limit ?',
        id,
        submission,
        after,
        PAGE_HANDLES,
      )
      .map(({ handle }) => handle);
    const last = handles.at(-1);
    if (!last) return;
    yield handles.map(listed);
    after = Uint8Array.from(last);
  }

  function listed(bytes: Uint8Array): ListedRow {
    const handle = handleFrom(bytes);
    const key = accountOf(store, id, epoch, handle);
    const { name, first, records } = key ? namedAccount(store, key) : { name: '', first: null, records: [] };
    const others = records.filter((record) => !isSame(record, first));
    const shown = [...(first ? [first] : []), ...others].slice(0, MAX_RECORDS);
    const facts = {
      name,
      records: shown.map(ownRecord),
      populations: [...new Set(records.flatMap((record) => populationsOf(record, populations)))],
      owner: first?.record.fields.owner ?? '',
    };
    const submitted = identifiersOf(bytes);
    const tags = submitted.map(({ kind, tag }) => [kind, toHex(tag)]);
    return {
      handle,
      digest: store.vault.lookup('vault row', JSON.stringify([facts, tags])),
      row: () => {
        const values = valuesOf(records);
        const identifiers = submitted.map(({ kind, tag, sealed }) => {
          const secret = store.vault.open('identifier', sealed);
          return {
            kind,
            tag,
            confirm: confirmKey(secret, theirs),
            wrap: isStrong(kind) ? wrapKey(secret, theirs) : null,
            value: values.get(toHex(tag)) ?? '',
          };
        });
        return { ...facts, identifiers };
      },
    };
  }

  function identifiersOf(handle: Uint8Array): { kind: Kind; tag: Uint8Array; sealed: Uint8Array }[] {
    return store.database
      .all<{ tag: Uint8Array; kind: number; key: Uint8Array }>(
        `select s.tag, coalesce(s.kind, i.kind) as kind, coalesce(s.key, i.key) as key from submitted s
         left join identifiers i on i.partnership = s.partnership and i.epoch = ? and i.tag = s.tag
         where s.partnership = ? and s.handle = ? and s.submission = ? and coalesce(s.key, i.key) is not null
         order by 2, s.tag`,
        epoch,
        id,
        handle,
        submission,
      )
      .flatMap(({ tag, kind: number, key }) => {
        const kind = kindOf(number);
        return kind ? [{ kind, tag, sealed: key }] : [];
      });
  }
}

function isSame(a: Account, b: Account | null): boolean {
  return b !== null && a.source === b.source && a.record.id === b.record.id;
}
