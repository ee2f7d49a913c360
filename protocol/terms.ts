/**
 * The normaliser terms: which versions of the normaliser a side can use. Both sides use the highest that is in both
 * sides' newest terms with the same data, so that agents of different versions agree without asking anyone. They stand
 * apart from the epoch record: the keys do not depend on them, so a rise costs evaluations for changed values only.
 */
import { concat, equal, Reader, uint } from './bytes.ts';
import { HASH_BYTES, pinnedHash, sha256 } from './hash.ts';
import { NORMALISER_DATA } from './identifiers/version.ts';
import {
  label,
  messageStart,
  PARTNERSHIP_BYTES,
  type PartnershipId,
  partnershipBytes,
  type Side,
  sideOf,
  VERSION,
} from './ids.ts';
import { ok, type Result, refuse } from './result.ts';
import { openSigned, sign } from './signed.ts';

/** A version of the normaliser, and the SHA-256 over the hashes of its data. */
export interface NormaliserTerm {
  readonly version: number;
  readonly data: Uint8Array;
}

export interface NormaliserTerms {
  readonly partnership: PartnershipId;
  readonly epoch: number;
  readonly side: Side;
  /** Counts from 1; newer terms have a higher number. */
  readonly number: number;
  /** In ascending order of their versions; 1 to 16. */
  readonly versions: readonly NormaliserTerm[];
}

export type TermsRefusal = 'malformed' | 'bad_signature' | 'other_context';

const MOST_VERSIONS = 16;

/** SHA-256 over the normaliser's data hashes, in the order of the specification. */
export function normaliserDataHash(): Uint8Array {
  return sha256(
    concat(
      label('normaliser data'),
      ...[
        NORMALISER_DATA.publicSuffixList,
        NORMALISER_DATA.sharedHosts,
        NORMALISER_DATA.freeMail,
        NORMALISER_DATA.legalForms,
        NORMALISER_DATA.letters,
        NORMALISER_DATA.words,
      ].map(pinnedHash),
    ),
  );
}

export function signTerms(terms: NormaliserTerms, agentSeed: Uint8Array): Uint8Array {
  const message = concat(
    messageStart(terms.partnership, terms.epoch, terms.side),
    uint(terms.number, 4),
    uint(terms.versions.length, 1),
    ...terms.versions.map(({ version, data }) => concat(uint(version, 2), data)),
  );
  return sign('normaliser terms', message, agentSeed);
}

/** Reads a side's terms; those of another partnership, epoch or side are refused. */
export function openTerms(
  signed: Uint8Array,
  expected: Pick<NormaliserTerms, 'partnership' | 'epoch' | 'side'>,
  agentKey: Uint8Array,
): Result<NormaliserTerms, TermsRefusal> {
  const opened = openSigned('normaliser terms', signed, agentKey);
  if (!opened.ok) return opened;
  const reader = new Reader(opened.value);
  const version = reader.uint(1);
  const partnership = reader.take(PARTNERSHIP_BYTES);
  const epoch = reader.uint(4);
  const side = sideOf(reader.uint(1));
  const number = reader.uint(4);
  const versions = readVersions(reader);
  if (!reader.done() || version !== VERSION || !side || number < 1 || !versions) return refuse('malformed');
  const isExpected =
    equal(partnership, partnershipBytes(expected.partnership)) &&
    epoch === expected.epoch &&
    side === expected.side;
  return isExpected ? ok({ ...expected, number, versions }) : refuse('other_context');
}

/** The highest version that both have with the same data, or null where there is none. */
export function agreedVersion(
  mine: readonly NormaliserTerm[],
  theirs: readonly NormaliserTerm[],
): number | null {
  const common = mine.filter((term) =>
    theirs.some((other) => other.version === term.version && equal(other.data, term.data)),
  );
  return common.length === 0 ? null : Math.max(...common.map((term) => term.version));
}

function readVersions(reader: Reader): NormaliserTerm[] | null {
  const count = reader.uint(1);
  const versions: NormaliserTerm[] = [];
  if (count < 1 || count > MOST_VERSIONS) return null;
  for (let i = 0; i < count && !reader.failed; i++) {
    const term = { version: reader.uint(2), data: reader.take(HASH_BYTES) };
    if (term.version <= (versions.at(-1)?.version ?? 0)) return null;
    versions.push(term);
  }
  return versions;
}
