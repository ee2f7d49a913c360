/**
 * A scenario of the vectors: from seeds, accounts and fixed randomness to every intermediate value, all in hexadecimal.
 * Nothing here draws randomness or reads a clock, so a file's `input` gives its `values` again.
 */
import { concat, toHex } from '../../protocol/bytes.ts';
import { issueCertificate, openCertificate } from '../../protocol/certificate.ts';
import { epochKeyPair, signOffer } from '../../protocol/epoch.ts';
import {
  type Context,
  encodeRequestChunk,
  oprfInput,
  signEvaluation,
  signRequest,
} from '../../protocol/evaluation.ts';
import { sha256, signingPublicKey } from '../../protocol/hash.ts';
import { EVALUATED_KINDS, type EvaluatedKind } from '../../protocol/identifiers/kind.ts';
import { otherSide, partnershipId, type Side } from '../../protocol/ids.ts';
import { accept, commitment, open, phrase } from '../../protocol/invitation.ts';
import { recordBytes, signRecord } from '../../protocol/record.ts';
import { type Scope, scopeHash, signScope } from '../../protocol/scope.ts';
import { blind, evaluate, evaluateOwn, finalize } from '../../protocol/suite.ts';
import { fixedRandom } from './random.ts';
import { hex, value } from './results.ts';
import { bySide, type ScenarioInput } from './scenario-input.ts';
import { derivedOf, identifiersOf, resultOf, rowsOf, submissionOf } from './scenario-rows.ts';

/** A 64-byte draw that reduces to this scalar. */
function draw(scalar: string): Uint8Array {
  return concat(hex(scalar), new Uint8Array(32));
}

function part(packed: Uint8Array, index: number, size: number): Uint8Array {
  return packed.subarray(index * size, (index + 1) * size);
}

/** Every value that follows from the input. */
export function trace(input: ScenarioInput) {
  const partnership = partnershipId(hex(input.partnership));
  const parties = bySide((side) => partyOf(input, side));
  const record = recordBytes(partnership, input.epoch, hex(parties.founder.offer), hex(parties.joiner.offer));
  const epochHash = sha256(record);
  const contexts = bySide((side): Context => ({ partnership, epoch: input.epoch, side, epochHash }));
  const scopes = bySide((side) => scopeOf(input, side, parties));
  const requests = bySide((side) => requestOf(input, side, contexts[side]));
  const identifiers = bySide((side) => {
    const asked = identifiersOf(side, requests[side], epochHash);
    return [...asked, ...derivedOf(input[side].accounts, asked)];
  });
  const rows = bySide((side) =>
    input[side].accounts.map((account) =>
      rowsOf(account, input[side], contexts[side], scopeHash(scopes[side]), identifiers[side]),
    ),
  );
  return {
    invitation: invitationOf(input, parties),
    parties: bySide((side) => ({
      ...parties[side],
      recordSignature: toHex(signRecord(record, hex(input[side].agentSeed))),
      scope: toHex(scopes[side]),
      scopeHash: toHex(scopeHash(scopes[side])),
    })),
    epoch: { record: toHex(record), hash: toHex(epochHash) },
    requests,
    identifiers,
    rows,
    submissions: bySide((side) =>
      submissionOf(input[side], contexts[side], scopeHash(scopes[side]), rows[side]),
    ),
    result: resultOf(input, contexts, scopes, identifiers, rows),
  };
}

export type Trace = ReturnType<typeof trace>;
type Parties = Record<Side, ReturnType<typeof partyOf>>;

function partyOf(input: ScenarioInput, side: Side) {
  const from = input[side];
  const root = { seed: hex(from.rootSeed), publicKey: signingPublicKey(hex(from.rootSeed)) };
  const agentKey = signingPublicKey(hex(from.agentSeed));
  const { serial, validFrom, validUntil } = input;
  const content = { name: from.name, recipient: from.recipient, agentKey, serial, validFrom, validUntil };
  const certificate = issueCertificate(content, root);
  const voprf = EVALUATED_KINDS.map((kind) => [kind, epochKeyPair(hex(from.voprfSeed), kind)] as const);
  const offer = signOffer(
    {
      partnership: partnershipId(hex(input.partnership)),
      epoch: input.epoch,
      side,
      rootKey: root.publicKey,
      agentKey,
      keys: new Map(voprf.map(([kind, keys]) => [kind, keys.publicKey])),
    },
    hex(from.agentSeed),
  );
  return {
    organisation: value(openCertificate(certificate, validFrom * 1000)).organisation,
    rootKey: toHex(root.publicKey),
    agentKey: toHex(agentKey),
    certificate: toHex(certificate),
    voprf: Object.fromEntries(
      voprf.map(([kind, keys]) => [
        kind,
        { secretKey: toHex(keys.secretKey), publicKey: toHex(keys.publicKey) },
      ]),
    ),
    offer: toHex(offer),
  };
}

function invitationOf(input: ScenarioInput, parties: Parties) {
  const partnership = partnershipId(hex(input.partnership));
  const says = bySide((side) => ({
    certificate: hex(parties[side].certificate),
    nonce: hex(input[side].invitationNonce),
  }));
  const committed = commitment(partnership, says.founder);
  const acceptance = accept(partnership, committed, says.joiner, hex(input.joiner.agentSeed));
  return {
    commitment: toHex(committed),
    acceptance: toHex(acceptance),
    opening: toHex(open(partnership, acceptance, says.founder, hex(input.founder.agentSeed))),
    phrase: phrase(partnership, says.founder, says.joiner),
  };
}

function scopeOf(input: ScenarioInput, side: Side, parties: Parties): Uint8Array {
  const scope: Scope = {
    ...input[side].scope,
    version: 1,
    partnership: partnershipId(hex(input.partnership)),
    grantor: parties[side].organisation,
    grantee: parties[otherSide(side)].organisation,
  };
  return signScope(scope, hex(input[side].agentSeed));
}

function requestOf(input: ScenarioInput, side: Side, context: Context) {
  const mine = input[side];
  const partner = input[otherSide(side)];
  const counts = new Map<EvaluatedKind, number>();
  const chunks = mine.chunks.map(({ kind, values, blinds, proofNonce }, index) => {
    const inputs = values.map((text) => oprfInput(context, kind, text));
    const blinding = blind(inputs, fixedRandom(blinds.map(draw)));
    const bytes = encodeRequestChunk(context, 1, index, kind, blinding.blinded);
    const keys = epochKeyPair(hex(partner.voprfSeed), kind);
    const evaluation = value(evaluate(keys, blinding.blinded, fixedRandom([draw(proofNonce)])));
    counts.set(kind, (counts.get(kind) ?? 0) + values.length);
    const content = { request: 1, index, kind, chunkHash: sha256(bytes), counts, evaluation };
    const own = evaluateOwn(epochKeyPair(hex(mine.voprfSeed), kind).secretKey, inputs);
    const theirs = value(finalize(inputs, blinding, evaluation, keys.publicKey));
    return {
      kind,
      bytes: toHex(bytes),
      hash: toHex(sha256(bytes)),
      signedEvaluation: toHex(signEvaluation(context, content, hex(partner.agentSeed))),
      proof: toHex(evaluation.proof),
      elements: values.map((text, i) => ({
        value: text,
        input: toHex(inputs[i] ?? new Uint8Array()),
        blind: toHex(part(blinding.blinds, i, 32)),
        blinded: toHex(part(blinding.blinded, i, 32)),
        evaluated: toHex(part(evaluation.evaluated, i, 32)),
        ownOutput: toHex(part(own, i, 64)),
        partnerOutput: toHex(part(theirs, i, 64)),
      })),
    };
  });
  const request = {
    number: 1,
    chunks: chunks.map(({ kind, hash, elements }) => ({ kind, count: elements.length, hash: hex(hash) })),
  };
  return { signed: toHex(signRequest(context, request, hex(mine.agentSeed))), chunks };
}
