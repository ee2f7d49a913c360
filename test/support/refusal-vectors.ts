/** The negative vectors: each takes an honest step of one scenario and changes one thing. */
import { concat, toHex, uint } from '../../protocol/bytes.ts';

import { encodeSubmissionChunk } from '../../protocol/submission.ts';
import { plusOrder } from './oracle.ts';
import { messageRefusals } from './refusal-messages.ts';
import { contextFrom, contextOf, type Operations, type Refusal, refusal } from './refusals.ts';
import { hex } from './results.ts';
import type { Trace } from './scenario.ts';
import type { ScenarioInput } from './scenario-input.ts';

const IDENTITY = '00'.repeat(32);
/** RFC 9496 appendix A.2: the field element 2^255 - 19, which is 0 written a second time. */
const NON_CANONICAL = `ed${'ff'.repeat(30)}7f`;

export function refusals(input: ScenarioInput, values: Trace): Refusal[] {
  return [
    ...elementRefusals(input, values),
    ...proofRefusals(input, values),
    ...messageRefusals(input, values),
    ...rowRefusals(input, values),
  ];
}

/** The founder's first chunk, of two domains, as evaluator and asker handle it. */
function firstChunk(input: ScenarioInput, values: Trace) {
  const [chunk] = values.requests.founder.chunks;
  const [asked] = input.founder.chunks;
  const keys = chunk && values.parties.joiner.voprf[chunk.kind];
  if (!chunk || !asked || !keys) throw new Error('no chunk');
  const all = (name: 'input' | 'blind' | 'blinded' | 'evaluated') =>
    chunk.elements.map((element) => element[name]);
  const evaluate: Operations['evaluate'] = {
    ...keys,
    blinded: all('blinded').join(''),
    proofNonce: asked.proofNonce,
  };
  const finalize: Operations['finalize'] = {
    inputs: all('input'),
    blinds: all('blind').join(''),
    blinded: all('blinded').join(''),
    evaluated: all('evaluated').join(''),
    proof: chunk.proof,
    publicKey: keys.publicKey,
  };
  return { evaluate, finalize, blinded: all('blinded'), evaluated: all('evaluated') };
}

function elementRefusals(input: ScenarioInput, values: Trace): Refusal[] {
  const { evaluate, finalize, blinded, evaluated } = firstChunk(input, values);
  const [first = '', second = ''] = blinded;
  return [
    refusal(
      'evaluate',
      'evaluate',
      'identity-element',
      'A blinded element is the identity.',
      evaluate,
      { blinded: first + IDENTITY },
      'invalid_element',
    ),
    refusal(
      'evaluate',
      'evaluate',
      'non-canonical-element',
      'A blinded element is not canonically encoded.',
      evaluate,
      { blinded: NON_CANONICAL + second },
      'invalid_element',
    ),
    refusal(
      'evaluate',
      'evaluate',
      'duplicate-element',
      'A blinded element stands twice in one batch.',
      evaluate,
      { blinded: first + first },
      'duplicate_element',
    ),
    refusal(
      'evaluate',
      'evaluate',
      'zero-secret-key',
      'The secret key is the scalar zero.',
      evaluate,
      { secretKey: IDENTITY },
      'invalid_key',
    ),
    refusal(
      'finalize',
      'finalize',
      'identity-evaluation',
      'An evaluated element is the identity.',
      finalize,
      { evaluated: (evaluated[0] ?? '') + IDENTITY },
      'invalid_element',
    ),
    refusal(
      'finalize',
      'finalize',
      'identity-public-key',
      'The public key is the identity.',
      finalize,
      { publicKey: IDENTITY },
      'invalid_key',
    ),
  ];
}

function proofRefusals(input: ScenarioInput, values: Trace): Refusal[] {
  const { finalize, evaluated } = firstChunk(input, values);
  const [c, s] = [finalize.proof.slice(0, 64), finalize.proof.slice(64)];
  const [first = '', second = ''] = evaluated;
  const other = values.requests.founder.chunks[1]?.proof ?? '';
  const otherKey = values.parties.founder.voprf.domain?.publicKey ?? '';
  return [
    refusal(
      'finalize',
      'proof',
      'scalar-zero',
      'The proof’s s is zero.',
      finalize,
      { proof: c + IDENTITY },
      'invalid_scalar',
    ),
    refusal(
      'finalize',
      'proof',
      'scalar-above-order',
      'The proof’s s is written as s plus the order.',
      finalize,
      { proof: c + plusOrder(s) },
      'invalid_scalar',
    ),
    refusal(
      'finalize',
      'proof',
      'swapped-proof',
      'The proof belongs to the next chunk of the same request.',
      finalize,
      { proof: other },
      'invalid_proof',
    ),
    refusal(
      'finalize',
      'proof',
      'swapped-elements',
      'Two evaluated elements changed places.',
      finalize,
      { evaluated: second + first },
      'invalid_proof',
    ),
    refusal(
      'finalize',
      'proof',
      'one-element-for-every-slot',
      'The partner answers every slot with the evaluation of one blinded element.',
      finalize,
      { evaluated: first + first },
      'invalid_proof',
    ),
    refusal(
      'finalize',
      'proof',
      'other-key',
      'The pinned key is another than the one that evaluated.',
      finalize,
      { publicKey: otherKey },
      'invalid_proof',
    ),
  ];
}

function rowRefusals(input: ScenarioInput, values: Trace): Refusal[] {
  const context = contextOf(input, values, 'founder');
  const [account] = values.rows.founder;
  const [tag] = account?.tags ?? [];
  const identifier = values.identifiers.founder.find((one) => one.tag === tag?.tag);
  const [own] = tag?.boxes ?? [];
  if (!account || !identifier || !own) throw new Error('no row');
  const box = {
    confirmKey: identifier.founder.confirmKey,
    context,
    handle: account.handle,
    population: own.population,
    submission: input.founder.submission,
    box: own.box,
  };
  const reflected = {
    context: { ...context, side: 'joiner' as const },
    confirmKey: identifier.joiner.confirmKey,
  };
  const [first, second] = [...input.founder.accounts].sort((a, b) => (a.handle < b.handle ? -1 : 1));
  if (!first || !second) throw new Error('no accounts');
  const record = ({ handle }: { handle: string }) => concat(hex(handle), uint(1, 1), uint(0, 1));
  const chunkOf = (...records: Uint8Array[]) => {
    const packed = { type: 'accounts' as const, recordBytes: 18, records: concat(...records) };
    return toHex(encodeSubmissionChunk(contextFrom(context), 1, 0, packed));
  };
  const chunk = {
    bytes: chunkOf(record(first), record(second)),
    context,
    submission: 1,
    index: 0,
    type: 'accounts' as const,
    records: 2,
  };
  return [
    refusal(
      'verifyBox',
      'confirm',
      'reflected-box',
      'A side’s own box is shown to it as the partner’s.',
      box,
      reflected,
      'bad_box',
    ),
    refusal(
      'verifyBox',
      'confirm',
      'relabelled-population',
      'The box of population 0 is shown as one of population 1.',
      box,
      { population: own.population + 1 },
      'bad_box',
    ),
    refusal(
      'verifyBox',
      'confirm',
      'older-submission',
      'The box of submission 1 is shown as one of submission 2.',
      box,
      { submission: box.submission + 1 },
      'bad_box',
    ),
    refusal(
      'verifyBox',
      'confirm',
      'other-account',
      'The box is shown for another handle.',
      box,
      { handle: second.handle === box.handle ? first.handle : second.handle },
      'bad_box',
    ),
    refusal(
      'openSubmissionChunk',
      'decode',
      'records-out-of-order',
      'Two records stand in descending order of their keys.',
      chunk,
      { bytes: chunkOf(record(second), record(first)) },
      'malformed',
    ),
    refusal(
      'openSubmissionChunk',
      'decode',
      'record-twice',
      'A record stands twice.',
      chunk,
      { bytes: chunkOf(record(first), record(first)) },
      'malformed',
    ),
  ];
}
