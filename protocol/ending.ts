/**
 * The ending: one side's signed word that a partnership is over. An agent deletes its keys of a partnership on its
 * partner's ending only, never because a service says so.
 */
import { concat, equal, Reader, uint } from './bytes.ts';
import {
  PARTNERSHIP_BYTES,
  type PartnershipId,
  partnershipBytes,
  type Side,
  sideNumber,
  sideOf,
  VERSION,
} from './ids.ts';
import { ok, type Result, refuse } from './result.ts';
import { openSigned, sign } from './signed.ts';
import { isTime } from './time.ts';

export interface Ending {
  readonly partnership: PartnershipId;
  /** The side that ends it, whose agent key signs. */
  readonly side: Side;
  /** By the clock of that side; seconds since 1970. */
  readonly endedAt: number;
}

export type EndingRefusal = 'malformed' | 'bad_signature' | 'other_context';

/** Not bound to an epoch: a partnership may end before it has one, and its ending ends all of them. */
export function signEnding(ending: Ending, agentSeed: Uint8Array): Uint8Array {
  const message = concat(
    uint(VERSION, 1),
    partnershipBytes(ending.partnership),
    uint(sideNumber(ending.side), 1),
    uint(ending.endedAt, 8),
  );
  return sign('ending', message, agentSeed);
}

/** Reads the ending of this side of this partnership; one of another partnership or of the other side is refused. */
export function openEnding(
  signed: Uint8Array,
  expected: Pick<Ending, 'partnership' | 'side'>,
  agentKey: Uint8Array,
): Result<Ending, EndingRefusal> {
  const opened = openSigned('ending', signed, agentKey);
  if (!opened.ok) return opened;
  const reader = new Reader(opened.value);
  const version = reader.uint(1);
  const partnership = reader.take(PARTNERSHIP_BYTES);
  const side = sideOf(reader.uint(1));
  const endedAt = reader.uint(8);
  if (!reader.done() || version !== VERSION || !side || !isTime(endedAt)) return refuse('malformed');
  if (!equal(partnership, partnershipBytes(expected.partnership)) || side !== expected.side) {
    return refuse('other_context');
  }
  return ok({ ...expected, endedAt });
}
