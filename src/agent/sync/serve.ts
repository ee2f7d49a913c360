/** Evaluating for the partner while this side's own work is under way: neither side waits for the other's list. */
import { setTimeout as sleep } from 'node:timers/promises';
import { toBase64url } from '../../../protocol/bytes.ts';
import type { PartnershipView } from '../client.ts';
import { inEpoch, type Sync } from './context.ts';
import { dueChunks, evaluateForPartner } from './evaluate.ts';

const LOOK_MS = 500;

/**
 * Does own work and meanwhile evaluates whatever comes for the partner; `count` is told the elements of each look. Ends
 * when both have ended; the own work's failure counts before the other's. `view` is what the own work rests on.
 */
export async function whileServing<Value>(
  sync: Sync,
  view: PartnershipView,
  work: () => Promise<Value>,
  count: (elements: number) => void,
): Promise<Value> {
  const over = new AbortController();
  const [own, served] = await Promise.allSettled([
    work().finally(() => over.abort()),
    serve(sync, view, over.signal, count),
  ]);
  if (own.status === 'rejected') throw own.reason;
  if (served.status === 'rejected') throw served.reason;
  return own.value;
}

async function serve(
  sync: Sync,
  begun: PartnershipView,
  over: AbortSignal,
  count: (elements: number) => void,
): Promise<void> {
  let found = false;
  for (;;) {
    // While chunks come in, the next ones are likely there already.
    if (!found) await sleep(LOOK_MS, undefined, { signal: over }).catch(() => undefined);
    if (over.aborted) return;
    const view = await sync.agent.client().partnership(sync.id);
    // Anything else that is new is judged before the next step, and nothing is answered until then.
    if (documentsOf(view) !== documentsOf(begun)) return;
    const inside = inEpoch(sync, view);
    found = dueChunks(inside).length > 0;
    if (found) count(await evaluateForPartner(inside));
  }
}

/** What the checks before a step judge: everything signed but requests. */
function documentsOf({ state, certificates, endings, epoch, scopes }: PartnershipView): string {
  return JSON.stringify([state, certificates, endings, epoch, scopes], (_, value: unknown) =>
    value instanceof Uint8Array ? toBase64url(value) : value,
  );
}
