/** The epoch record's bytes and their signatures; apart from the checks of its keys, so that the service can use it. */
import { concat, prefixed, uint } from './bytes.ts';
import { type PartnershipId, partnershipBytes, VERSION } from './ids.ts';
import { openSigned, sign } from './signed.ts';

/** The exact bytes that both sides sign: the two signed offers in the founder's order. */
export function recordBytes(
  partnership: PartnershipId,
  epoch: number,
  founderOffer: Uint8Array,
  joinerOffer: Uint8Array,
): Uint8Array {
  return concat(
    uint(VERSION, 1),
    partnershipBytes(partnership),
    uint(epoch, 4),
    prefixed(founderOffer),
    prefixed(joinerOffer),
  );
}

/** A side's 64-byte signature under the record; it travels without the record, which both sides compute. */
export function signRecord(record: Uint8Array, agentSeed: Uint8Array): Uint8Array {
  return sign('epoch record', record, agentSeed).subarray(record.length);
}

export function verifyRecord(record: Uint8Array, signature: Uint8Array, agentKey: Uint8Array): boolean {
  return openSigned('epoch record', concat(record, signature), agentKey).ok;
}
