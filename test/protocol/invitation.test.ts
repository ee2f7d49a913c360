import { describe, expect, test } from 'vitest';
import { toHex } from '../../protocol/bytes.ts';
import { type Certificate, issueCertificate, openCertificate } from '../../protocol/certificate.ts';
import { newPartnershipId } from '../../protocol/ids.ts';
import {
  accept,
  commitment,
  type Introduction,
  open,
  phrase,
  readAcceptance,
  readOpening,
} from '../../protocol/invitation.ts';
import { parsePhrase } from '../../protocol/words.ts';
import { makeParty, NOW_MS, type Party, RECIPIENT, signingKey } from '../support/parties.ts';
import { seededRandom } from '../support/random.ts';
import { hex, reasonOf, value } from '../support/results.ts';

const random = seededRandom('invitation');
const partnership = newPartnershipId(random);
const founder = makeParty('founder', random);
const joiner = makeParty('joiner', random);
const stranger = makeParty('founder', random);

function introduce(party: Party): Introduction {
  return { certificate: party.certificate, nonce: random(32) };
}

const founderSays = introduce(founder);
const joinerSays = introduce(joiner);
const committed = commitment(partnership, founderSays);
const acceptance = accept(partnership, committed, joinerSays, joiner.agent.seed);
const opening = open(partnership, acceptance, founderSays, founder.agent.seed);

describe('the honest invitation', () => {
  test('both read the same four words', () => {
    const seenByFounder = value(readAcceptance(acceptance, partnership, committed, NOW_MS));
    const seenByJoiner = value(readOpening(opening, partnership, committed, acceptance, NOW_MS));
    expect(seenByFounder.certificate.organisation).toBe(joiner.organisation);
    expect(seenByJoiner.certificate.organisation).toBe(founder.organisation);
    const spoken = phrase(partnership, founderSays, seenByFounder.introduction);
    expect(spoken).toBe(phrase(partnership, seenByJoiner.introduction, joinerSays));
    expect(spoken).toMatch(/^[a-z]+( [a-z]+){3}$/);
  });

  test('every part of the transcript is in the words', () => {
    const words = phrase(partnership, founderSays, joinerSays);
    const others = [
      phrase(newPartnershipId(random), founderSays, joinerSays),
      phrase(partnership, joinerSays, founderSays),
      phrase(partnership, { ...founderSays, nonce: random(32) }, joinerSays),
      phrase(partnership, founderSays, { ...joinerSays, nonce: random(32) }),
      phrase(partnership, { ...founderSays, certificate: stranger.certificate }, joinerSays),
      phrase(partnership, founderSays, { ...joinerSays, certificate: stranger.certificate }),
    ];
    expect(others).not.toContain(words);
  });

  test('a typed phrase is read whatever its case and spacing; other words are no phrase', () => {
    const words = phrase(partnership, founderSays, joinerSays);
    expect(parsePhrase(` ${words.toUpperCase().replaceAll(' ', '-  ')}\n`)).toBe(words);
    expect(parsePhrase(words.split(' ').slice(1).join(' '))).toBeNull();
    expect(parsePhrase(`${words} abandon`)).toBeNull();
    expect(parsePhrase(words.replace(/^\w+/, 'zzzz'))).toBeNull();
    expect(parsePhrase('')).toBeNull();
  });
});

describe('a service that swaps keys', () => {
  test('both directions: each side verifies all messages, and the words differ', () => {
    const posedFounder = introduce(stranger);
    const posedJoiner = introduce(makeParty('joiner', random));
    const shownCommitment = commitment(partnership, posedFounder);
    const toJoiner = accept(partnership, shownCommitment, joinerSays, joiner.agent.seed);
    const openedToJoiner = open(partnership, toJoiner, posedFounder, stranger.agent.seed);
    const seenByJoiner = value(readOpening(openedToJoiner, partnership, shownCommitment, toJoiner, NOW_MS));
    const joinerWords = phrase(partnership, seenByJoiner.introduction, joinerSays);
    expect(phrase(partnership, founderSays, posedJoiner)).not.toBe(joinerWords);
  });

  test('a founder opened with other keys does not fit its commitment', () => {
    const posed = introduce(stranger);
    const swapped = open(partnership, acceptance, posed, stranger.agent.seed);
    expect(reasonOf(readOpening(swapped, partnership, committed, acceptance, NOW_MS))).toBe(
      'other_commitment',
    );
  });

  test('a founder that looks for a nonce after it saw the joiner', () => {
    const late = open(partnership, acceptance, { ...founderSays, nonce: random(32) }, founder.agent.seed);
    expect(reasonOf(readOpening(late, partnership, committed, acceptance, NOW_MS))).toBe('other_commitment');
  });

  test('an opening that answers another acceptance', () => {
    const other = accept(partnership, committed, introduce(stranger), stranger.agent.seed);
    const opened = open(partnership, other, founderSays, founder.agent.seed);
    expect(reasonOf(readOpening(opened, partnership, committed, acceptance, NOW_MS))).toBe(
      'other_acceptance',
    );
  });

  test('an acceptance of another commitment or partnership', () => {
    const other = commitment(partnership, introduce(founder));
    expect(reasonOf(readAcceptance(acceptance, partnership, other, NOW_MS))).toBe('other_commitment');
    const elsewhere = newPartnershipId(random);
    expect(reasonOf(readAcceptance(acceptance, elsewhere, committed, NOW_MS))).toBe('other_partnership');
    expect(reasonOf(readOpening(opening, elsewhere, committed, acceptance, NOW_MS))).toBe(
      'other_partnership',
    );
  });

  test('a certificate used by someone without its agent key', () => {
    const stolen = accept(partnership, committed, joinerSays, stranger.agent.seed);
    expect(reasonOf(readAcceptance(stolen, partnership, committed, NOW_MS))).toBe('bad_signature');
    const opened = open(partnership, acceptance, founderSays, stranger.agent.seed);
    expect(reasonOf(readOpening(opened, partnership, committed, acceptance, NOW_MS))).toBe('bad_signature');
  });

  test('an acceptance shown as an opening and the other way round', () => {
    expect(reasonOf(readOpening(acceptance, partnership, committed, acceptance, NOW_MS))).toBe(
      'bad_signature',
    );
    expect(reasonOf(readAcceptance(opening, partnership, committed, NOW_MS))).toBe('bad_signature');
  });
});

describe('certificates', () => {
  const root = signingKey(random);
  const agent = signingKey(random);
  const plain = {
    name: 'Müller & Söhne',
    agentKey: agent.publicKey,
    serial: 3,
    validFrom: NOW_MS / 1000,
    validUntil: NOW_MS / 1000 + 100,
    recipient: RECIPIENT,
  };
  const issue = (change: Partial<Omit<Certificate, 'organisation' | 'rootKey'>> = {}) =>
    issueCertificate({ ...plain, ...change }, root);

  test('says what was signed', () => {
    expect(value(openCertificate(issue(), NOW_MS))).toEqual({
      ...plain,
      rootKey: root.publicKey,
      organisation: value(openCertificate(issue(), NOW_MS)).organisation,
    });
  });

  test('is valid from its first second, less five minutes, to before its last', () => {
    const at = (ms: number) => reasonOf(openCertificate(issue(), NOW_MS + ms));
    expect(at(-300_000)).toBeNull();
    expect(at(-300_001)).toBe('not_yet_valid');
    expect(at(99_999)).toBeNull();
    expect(at(100_000)).toBe('expired');
  });

  test('an expired certificate in an acceptance or opening', () => {
    const late = NOW_MS + 86_400_000;
    expect(reasonOf(readAcceptance(acceptance, partnership, committed, late))).toBe('expired');
    expect(reasonOf(readOpening(opening, partnership, committed, acceptance, late))).toBe('expired');
    const early = NOW_MS - 7_200_000;
    expect(reasonOf(readAcceptance(acceptance, partnership, committed, early))).toBe('not_yet_valid');
  });

  test('a renewal is of the same organisation and has a higher serial that nobody else can write', () => {
    const first = value(openCertificate(issue(), NOW_MS));
    const renewal = issue({ serial: 4, agentKey: signingKey(random).publicKey });
    const second = value(openCertificate(renewal, NOW_MS));
    expect(second.organisation).toBe(first.organisation);
    expect(second.serial).toBeGreaterThan(first.serial);
    const raised = issue();
    // Version, root key, agent key, then the serial.
    raised.set([0, 0, 0, 9], 65);
    expect(reasonOf(openCertificate(raised, NOW_MS))).toBe('bad_signature');
  });

  test('signed by another root', () => {
    const { rootKey } = value(openCertificate(issue(), NOW_MS));
    const forged = issueCertificate(plain, { seed: signingKey(random).seed, publicKey: rootKey });
    expect(reasonOf(openCertificate(forged, NOW_MS))).toBe('bad_signature');
  });

  test.each([
    ['empty', ''],
    ['two lines', 'a\nb'],
    ['direction override', 'a\u202eb'],
    ['zero-width space', 'a\u200bb'],
    ['not NFC', 'Mu\u0308ller'],
    ['outer space', ' a'],
    ['too long', 'a'.repeat(201)],
  ])('a name that is %s', (_, name) => {
    expect(reasonOf(openCertificate(issue({ name }), NOW_MS))).toBe('malformed');
  });

  test.each(['', 'age1', 'age2'.padEnd(62, 'q'), `age1${'Q'.repeat(58)}`, `age1${'q'.repeat(58)}\n`])(
    'the recipient %j',
    (recipient) => {
      expect(reasonOf(openCertificate(issue({ recipient }), NOW_MS))).toBe('malformed');
    },
  );

  test('an agent key of small order or no key at all', () => {
    const identity = hex(`01${'00'.repeat(31)}`);
    for (const agentKey of [identity, new Uint8Array(32), new Uint8Array(32).fill(255)]) {
      expect(reasonOf(openCertificate(issue({ agentKey }), NOW_MS)), toHex(agentKey)).toBe('malformed');
    }
  });
});
