/**
 * Two organisations as the service sees them: keys, invitation, epoch, scopes, requests and submissions. Elements,
 * tags and ciphertexts are random bytes: the service never looks into them. Runs on every runtime.
 */
import { concat, toHex, uint } from '../../protocol/bytes.ts';
import { issueCertificate } from '../../protocol/certificate.ts';
import {
  type Context,
  type EvaluationCounts,
  type EvaluationRequest,
  encodeRequestChunk,
  signEvaluation,
  signRefusal,
  signRequest,
} from '../../protocol/evaluation.ts';
import { type Random, sha256, signingPublicKey } from '../../protocol/hash.ts';
import { type EvaluatedKind, type Kind, kindNumber } from '../../protocol/identifiers/kind.ts';
import {
  messageStart,
  newPartnershipId,
  type OrganisationId,
  organisationId,
  otherSide,
  type PartnershipId,
  type Side,
} from '../../protocol/ids.ts';
import { accept, commitment, open } from '../../protocol/invitation.ts';
import { recordBytes, signRecord } from '../../protocol/record.ts';
import { type Scope, scopeHash, signScope } from '../../protocol/scope.ts';
import { sign } from '../../protocol/signed.ts';
import { ruleOf, scopeWith, stated } from './scopes.ts';

/** A time at which every certificate made here is valid. */
export const NOW_MS = Date.UTC(2026, 0, 15);

export interface SigningKey {
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
}

export interface TestParty {
  readonly name: string;
  readonly organisation: OrganisationId;
  readonly root: SigningKey;
  readonly agent: SigningKey;
  readonly certificate: Uint8Array;
}

export interface TestPair {
  readonly random: Random;
  readonly partnership: PartnershipId;
  readonly founder: TestParty;
  readonly joiner: TestParty;
  readonly code: Uint8Array;
  readonly commitment: Uint8Array;
  readonly acceptance: Uint8Array;
  readonly opening: Uint8Array;
  readonly offers: Readonly<Record<Side, Uint8Array>>;
  readonly signatures: Readonly<Record<Side, Uint8Array>>;
  readonly epochHash: Uint8Array;
}

export function signingKey(random: Random): SigningKey {
  const seed = random(32);
  return { seed, publicKey: signingPublicKey(seed) };
}

export function certificateOf(
  party: Pick<TestParty, 'name' | 'root' | 'agent'>,
  change: { readonly serial?: number; readonly days?: number; readonly nowMs?: number } = {},
): Uint8Array {
  const validFrom = Math.floor((change.nowMs ?? NOW_MS) / 1000) - 3600;
  return issueCertificate(
    {
      name: party.name,
      agentKey: party.agent.publicKey,
      serial: change.serial ?? 1,
      validFrom,
      validUntil: validFrom + (change.days ?? 90) * 86_400,
      recipient: `age1${'q'.repeat(58)}`,
    },
    party.root,
  );
}

export function makeTestParty(name: string, random: Random, nowMs = NOW_MS): TestParty {
  const root = signingKey(random);
  const agent = signingKey(random);
  const certificate = certificateOf({ name, root, agent }, { nowMs });
  return { name, root, agent, certificate, organisation: organisationId(root.publicKey) };
}

/** Two parties whose certificates are valid at this time. */
export function makeTestPair(random: Random, nowMs = NOW_MS): TestPair {
  const partnership = newPartnershipId(random);
  const founder = makeTestParty('The founder', random, nowMs);
  const joiner = makeTestParty('The joiner', random, nowMs);
  const introductions = {
    founder: { certificate: founder.certificate, nonce: random(32) },
    joiner: { certificate: joiner.certificate, nonce: random(32) },
  };
  const bound = commitment(partnership, introductions.founder);
  const acceptance = accept(partnership, bound, introductions.joiner, joiner.agent.seed);
  const opening = open(partnership, acceptance, introductions.founder, founder.agent.seed);
  const offer = (side: Side, party: TestParty) =>
    sign('epoch offer', concat(messageStart(partnership, 1, side), random(100)), party.agent.seed);
  const offers = { founder: offer('founder', founder), joiner: offer('joiner', joiner) };
  const record = recordBytes(partnership, 1, offers.founder, offers.joiner);
  return {
    random,
    partnership,
    founder,
    joiner,
    code: random(16),
    commitment: bound,
    acceptance,
    opening,
    offers,
    signatures: {
      founder: signRecord(record, founder.agent.seed),
      joiner: signRecord(record, joiner.agent.seed),
    },
    epochHash: sha256(record),
  };
}

export function contextOf(pair: TestPair, side: Side): Context {
  return { partnership: pair.partnership, epoch: 1, side, epochHash: pair.epochHash };
}

/** Everything of customers, accounts of prospects, both to all of the partner's populations. */
export const GENEROUS: Scope['rules'] = [
  ruleOf('customers', '*', {
    level: 'fields',
    fields: ['account_name', 'owner'],
    whiteSpace: 'names',
    review: true,
  }),
  ruleOf('prospects', '*', { level: 'accounts', whiteSpace: 'counts' }),
];

/** A signed scope with two populations; `after` is the signed one before it. */
export function makeSignedScope(
  pair: TestPair,
  side: Side,
  change: Partial<Scope> = {},
  after?: Uint8Array,
): Uint8Array {
  const previous = after ? toHex(scopeHash(after)) : null;
  const grantee = pair[otherSide(side)].organisation;
  const between = { partnership: pair.partnership, grantor: pair[side].organisation, grantee };
  return signScope(scopeWith({ previous, rules: GENEROUS, ...change }, between), pair[side].agent.seed);
}

/** The acceptance of a side's scope by the other side's agent, as a company of one signs it. */
export function makeAcceptance(pair: TestPair, side: Side, signed: Uint8Array): Uint8Array {
  const receiving = pair[otherSide(side)];
  const about = { partnership: pair.partnership, organisation: receiving.organisation, signed };
  return stated('accept', about, receiving.agent.seed);
}

export interface TestRequest {
  readonly request: EvaluationRequest;
  readonly signed: Uint8Array;
  readonly chunks: readonly Uint8Array[];
}

/** A request of one chunk for each kind named. */
export function makeRequest(
  pair: TestPair,
  side: Side,
  number: number,
  kinds: readonly EvaluatedKind[] = ['domain', 'name'],
): TestRequest {
  const context = contextOf(pair, side);
  const chunks = kinds.map((kind, index) =>
    encodeRequestChunk(context, number, index, kind, pair.random(3 * 32)),
  );
  const request: EvaluationRequest = {
    number,
    chunks: chunks.map((bytes, index) => ({ kind: kinds[index] ?? 'domain', count: 3, hash: sha256(bytes) })),
  };
  return { request, chunks, signed: signRequest(context, request, pair[side].agent.seed) };
}

/** The other side's evaluation of one chunk of a side's request. */
export function makeEvaluation(
  pair: TestPair,
  side: Side,
  { request }: TestRequest,
  index: number,
  counts: EvaluationCounts = new Map([['domain', 3]]),
): Uint8Array {
  const listed = request.chunks[index];
  if (!listed) throw new Error('no such chunk');
  return signEvaluation(
    contextOf(pair, side),
    {
      request: request.number,
      index,
      kind: listed.kind,
      chunkHash: listed.hash,
      counts,
      evaluation: { evaluated: pair.random(32 * listed.count), proof: pair.random(64) },
    },
    pair[otherSide(side)].agent.seed,
  );
}

export function makeRefusal(pair: TestPair, side: Side, number: number): Uint8Array {
  const counts = new Map<EvaluatedKind, number>([['domain', 3]]);
  const refusal = { request: number, reason: 'budget_spent', counts } as const;
  return signRefusal(contextOf(pair, side), refusal, pair[otherSide(side)].agent.seed);
}

/** The kind's number as a byte. */
export function kindByte(kind: Kind): Uint8Array {
  return uint(kindNumber(kind), 1);
}
