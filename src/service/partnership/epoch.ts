/** The epoch: each side offers its keys, then both sign the record of the two offers. */
import { equal } from '../../../protocol/bytes.ts';
import { messageStart } from '../../../protocol/ids.ts';
import { verifyRecord } from '../../../protocol/record.ts';
import { ok, type Result, refuse } from '../../../protocol/result.ts';
import { openSigned } from '../../../protocol/signed.ts';
import type { ProblemCode } from '../problems.ts';
import { EPOCH, epochRecord, epochRow, type OperationContext } from './context.ts';

/** Stores the caller's offer, once. */
export function putOffer(
  context: OperationContext,
  input: { readonly epoch: number; readonly offer: Uint8Array },
): Result<null, ProblemCode> {
  const { store, caller, parties, partnership } = context;
  if (input.epoch !== EPOCH) return refuse('wrong_number');
  const before = epochRow(store)[`${caller}_offer`];
  if (before) return equal(before, input.offer) ? ok(null) : refuse('conflict');
  const opened = openSigned('epoch offer', input.offer, parties[caller].agentKey);
  if (!opened.ok) return opened;
  const start = messageStart(partnership, EPOCH, caller);
  if (!equal(opened.value.subarray(0, start.length), start)) return refuse('other_context');
  store.run('insert or ignore into epochs (number) values (?)', EPOCH);
  store.run(`update epochs set ${caller}_offer = ? where number = ?`, input.offer, EPOCH);
  return ok(null);
}

/** Stores the caller's signature under the record, once. */
export function putSignature(
  context: OperationContext,
  input: { readonly epoch: number; readonly signature: Uint8Array },
): Result<null, ProblemCode> {
  const { store, caller, parties } = context;
  if (input.epoch !== EPOCH) return refuse('wrong_number');
  const record = epochRecord(context);
  if (!record) return refuse('epoch_incomplete');
  const before = epochRow(store)[`${caller}_signature`];
  if (before) return equal(before, input.signature) ? ok(null) : refuse('conflict');
  if (!verifyRecord(record, input.signature, parties[caller].agentKey)) return refuse('bad_signature');
  store.run(`update epochs set ${caller}_signature = ? where number = ?`, input.signature, EPOCH);
  return ok(null);
}
