/** The negative vectors of messages: signatures, lengths, contexts and canonical form. */
import { concat, toHex, uint, utf8 } from '../../protocol/bytes.ts';
import { sha256, signBytes } from '../../protocol/hash.ts';
import { otherSide, partnershipId } from '../../protocol/ids.ts';
import { open } from '../../protocol/invitation.ts';
import { messageOf, sign } from '../../protocol/signed.ts';
import { plusOrder } from './oracle.ts';
import { contextOf, type Refusal, refusal } from './refusals.ts';
import { hex } from './results.ts';
import type { Trace } from './scenario.ts';
import type { ScenarioInput } from './scenario-input.ts';

export function messageRefusals(input: ScenarioInput, values: Trace): Refusal[] {
  const context = contextOf(input, values, 'founder');
  const seed = hex(input.founder.agentSeed);
  const request = {
    signed: values.requests.founder.signed,
    context,
    agentKey: values.parties.founder.agentKey,
  };
  const message = messageOf(hex(request.signed)) ?? new Uint8Array();
  const resigned = (bytes: Uint8Array) => toHex(sign('evaluation request', bytes, seed));
  const [chunk] = values.requests.founder.chunks;
  if (!chunk) throw new Error('no chunk');
  const answer = { signed: chunk.signedEvaluation, context, agentKey: values.parties.joiner.agentKey };
  const answerMessage = messageOf(hex(answer.signed)) ?? new Uint8Array();
  const scope = { signed: values.parties.founder.scope, agentKey: values.parties.founder.agentKey };
  const scopeText = new TextDecoder().decode(messageOf(hex(scope.signed)) ?? new Uint8Array());
  const signature = {
    publicKey: values.parties.founder.agentKey,
    message: toHex(utf8('any message')),
    signature: toHex(signBytes(seed, utf8('any message'))),
  };
  const opening = {
    signed: values.invitation.opening,
    partnership: input.partnership,
    commitment: values.invitation.commitment,
    acceptance: values.invitation.acceptance,
    nowMs: input.validFrom * 1000,
  };
  const swapped = {
    certificate: hex(values.parties.founder.certificate),
    nonce: hex(input.joiner.invitationNonce),
  };
  const opened = open(partnershipId(hex(input.partnership)), hex(opening.acceptance), swapped, seed);
  const small = `01${'00'.repeat(31)}`;
  return [
    refusal(
      'verifySignature',
      'signature',
      'small-order-key',
      'An Ed25519 key of small order, under which this signature would hold for every message.',
      signature,
      { publicKey: small, signature: small + '00'.repeat(32) },
      'bad_signature',
    ),
    refusal(
      'verifySignature',
      'signature',
      'high-s',
      'The signature’s S is written as S plus the order.',
      signature,
      { signature: signature.signature.slice(0, 64) + plusOrder(signature.signature.slice(64)) },
      'bad_signature',
    ),
    refusal(
      'openRequest',
      'signature',
      'request-by-the-service',
      'A request in the founder’s name under another key.',
      request,
      { signed: toHex(sign('evaluation request', message, hex(input.joiner.rootSeed))) },
      'bad_signature',
    ),
    refusal(
      'openRequest',
      'signature',
      'other-message-type',
      'An evaluation shown as a request: the label under the signature differs.',
      {
        ...request,
        agentKey: answer.agentKey,
        signed: toHex(sign('evaluation request', message, hex(input.joiner.agentSeed))),
      },
      { signed: toHex(sign('evaluation', message, hex(input.joiner.agentSeed))) },
      'bad_signature',
    ),
    refusal(
      'openRequest',
      'decode',
      'truncated-message',
      'The last byte of the message is missing; the signature is true.',
      request,
      { signed: resigned(message.subarray(0, -1)) },
      'malformed',
    ),
    refusal(
      'openRequest',
      'decode',
      'trailing-byte',
      'A zero byte stands behind the message; the signature is true.',
      request,
      { signed: resigned(concat(message, uint(0, 1))) },
      'malformed',
    ),
    refusal(
      'openRequest',
      'context',
      'wrong-epoch-hash',
      'The request was signed for another epoch record.',
      request,
      { context: { ...context, epochHash: toHex(sha256(hex(context.epochHash))) } },
      'other_context',
    ),
    refusal(
      'openRequest',
      'context',
      'reflected-request',
      'A side’s own request is shown to it as the partner’s.',
      request,
      { context: { ...context, side: otherSide(context.side) } },
      'other_context',
    ),
    refusal(
      'openEvaluation',
      'decode',
      'truncated-evaluation',
      'The proof’s last byte is missing; the signature is true.',
      answer,
      { signed: toHex(sign('evaluation', answerMessage.subarray(0, -1), hex(input.joiner.agentSeed))) },
      'malformed',
    ),
    refusal(
      'openScope',
      'canonical',
      'scope-white-space',
      'The scope has a space behind a colon; the signature is true.',
      scope,
      { signed: toHex(sign('scope', utf8(scopeText.replace(':', ': ')), seed)) },
      'not_canonical',
    ),
    refusal(
      'openScope',
      'canonical',
      'scope-duplicate-key',
      'The scope has a key twice; the signature is true.',
      scope,
      {
        signed: toHex(sign('scope', utf8(scopeText.replace('"version":1', '"version":1,"version":1')), seed)),
      },
      'not_canonical',
    ),
    refusal(
      'readOpening',
      'commitment',
      'opening-of-another-commitment',
      'The founder opens with a nonce that it did not commit to.',
      opening,
      { signed: toHex(opened) },
      'other_commitment',
    ),
  ];
}
