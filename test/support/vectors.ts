/**
 * Writes the scenarios of protocol/vectors: `node test/support/vectors.ts`. All randomness comes from a seed a scenario,
 * so that the same files come out; what was drawn stands in each file's `input`.
 */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { toHex } from '../../protocol/bytes.ts';
import {
  type DerivedIdentifier,
  EVALUATED_KINDS,
  type Identifier,
  isStrong,
} from '../../protocol/identifiers/kind.ts';
import type { Side } from '../../protocol/ids.ts';
import type { Field } from '../../protocol/scope.ts';
import { AGE_FIXTURE } from './age-fixture.ts';
import { budgetOf } from './budget.ts';
import { seededRandom } from './random.ts';
import { refusals } from './refusal-vectors.ts';
import type { Refusal } from './refusals.ts';
import { type Trace, trace } from './scenario.ts';
import type { AccountInput, ScenarioInput, ScopeTerms, SideInput } from './scenario-input.ts';
import { type LifeInput, type LifeValues, lifeInput, lifeOf } from './scope-life.ts';
import { scopeRefusals } from './scope-refusals.ts';
import { ruleOf, scopeWith } from './scopes.ts';
import { type VaultInput, type VaultValues, vaultInput, vaultOf } from './vault-scenario.ts';

const FOLDER = new URL('../../protocol/vectors/', import.meta.url);

export interface ScenarioFile {
  readonly name: string;
  readonly provenance: string;
  readonly description: string;
  readonly input: ScenarioInput;
  readonly values: Trace;
}

export interface LifeFile {
  readonly name: string;
  readonly provenance: string;
  readonly description: string;
  readonly input: LifeInput;
  readonly values: LifeValues;
}

export interface VaultFile {
  readonly name: string;
  readonly provenance: string;
  readonly description: string;
  readonly input: VaultInput;
  readonly values: VaultValues;
}

/** The files of the scope's life and of the vault. */
export const LIFE = 'scope-life';
export const VAULT = 'vault';

export type RefusalFile = Refusal & { readonly provenance: string };
type VectorFile = ScenarioFile | LifeFile | VaultFile | RefusalFile;

interface AccountPlan {
  readonly identifiers: readonly Identifier[];
  readonly derived?: readonly DerivedIdentifier[];
  readonly populations?: readonly number[];
  readonly fields?: Partial<Record<Field, string>>;
  readonly name?: string;
  readonly namedIn?: readonly number[];
}

interface Plan {
  readonly name: string;
  readonly description: string;
  readonly founder: readonly AccountPlan[];
  readonly joiner: readonly AccountPlan[];
  readonly populations?: readonly string[];
  readonly epoch?: number;
  readonly submission?: number;
  readonly chunkElements?: number;
}

const domain = (value: string): Identifier => ({ kind: 'domain', value });
const name = (value: string): Identifier => ({ kind: 'name', value });
const lei = (value: string): Identifier => ({ kind: 'lei', value });
const city = (of: string, value: string): DerivedIdentifier => ({ kind: 'name_city', value, of });
const site = (of: string, value: string): DerivedIdentifier => ({ kind: 'name_site', value, of });
const country = (of: string, value: string): DerivedIdentifier => ({ kind: 'name_country', value, of });

const PLANS: readonly Plan[] = [
  {
    name: 'domain-match',
    description:
      'One account with the same domain on both sides, one on each side alone; a field is read by the match.',
    founder: [
      { identifiers: [domain('acme.example')], fields: { owner: 'Ana' } },
      { identifiers: [domain('founder-only.example')] },
    ],
    joiner: [
      { identifiers: [domain('acme.example')], fields: { owner: 'Ben' } },
      { identifiers: [domain('joiner-only.example')] },
    ],
  },
  {
    name: 'name-match-with-country',
    description:
      'Names match alone, which is a pair to review, and with the country that is derived from them. Neither is strong: no row key is wrapped and no field is sealed.',
    founder: [{ identifiers: [name('delta')], derived: [country('delta', 'US')], fields: { owner: 'Ana' } }],
    joiner: [
      { identifiers: [name('delta')], derived: [country('delta', 'US')], fields: { owner: 'Ben' } },
      { identifiers: [name('delta')], derived: [country('delta', 'DE')], fields: { owner: 'Cem' } },
      { identifiers: [domain('delta')] },
    ],
  },
  {
    name: 'populations-and-boxes',
    description:
      'Accounts in several populations: one box a tag and population, each with the number of the submission, here 5.',
    populations: ['customers', 'prospects', 'open-opportunities'],
    submission: 5,
    founder: [
      { identifiers: [domain('one.example')], populations: [0, 2] },
      { identifiers: [domain('two.example'), name('two')], populations: [1] },
    ],
    joiner: [
      { identifiers: [domain('one.example')], populations: [0, 1, 2] },
      { identifiers: [domain('two.example'), name('two')], populations: [2] },
    ],
  },
  {
    name: 'sealed-fields',
    description:
      'Fields of every padded size, an empty one and one that is cut at a character; two domains of one account wrap the same row key.',
    founder: [
      {
        identifiers: [domain('grüße.example'), domain('second.example')],
        fields: {
          account_name: 'Grüße & Söhne 株式会社',
          owner: '',
          industry: 'x'.repeat(31),
          city: 'é'.repeat(300),
        },
      },
    ],
    joiner: [
      { identifiers: [domain('second.example')], fields: { stage: 'Negotiation', amount: '12000.00 EUR' } },
    ],
  },
  {
    name: 'white-space-name',
    description:
      'The names of unmatched accounts open under the key of names, which is sealed to the partner’s age recipient.',
    founder: [
      { identifiers: [domain('matched.example')], name: 'Matched Ltd', namedIn: [0] },
      { identifiers: [domain('open.example')], name: 'Ouvert Société Anonyme', namedIn: [0] },
    ],
    joiner: [
      { identifiers: [domain('matched.example')] },
      { identifiers: [name('unnamed')], name: 'Unnamed GmbH', namedIn: [0] },
    ],
  },
  {
    name: 'tiers',
    description:
      'What the public rules make of pairs: an identifier of a register, one that differs, a domain of two accounts with and without the name, a name with its city, with its site, and a name that two accounts have in one country.',
    founder: [
      { identifiers: [lei('5299000J2N45DDNE4Y28')], fields: { owner: 'Ana' } },
      { identifiers: [domain('two.example'), lei('7LTWFZYICNSX8D621K86')], fields: { owner: 'Ana' } },
      { identifiers: [domain('group.example'), name('group north')] },
      { identifiers: [domain('group.example'), name('group south')] },
      { identifiers: [domain('five.example'), name('five')], derived: [city('five', 'paris')] },
      { identifiers: [domain('six.example'), name('six')], derived: [site('six', 'six')] },
      { identifiers: [name('seven')], derived: [country('seven', 'IT')] },
    ],
    joiner: [
      { identifiers: [lei('5299000J2N45DDNE4Y28')], fields: { owner: 'Ben' } },
      { identifiers: [domain('two.example'), lei('213800WAVVOPS85N2205')], fields: { owner: 'Ben' } },
      { identifiers: [domain('group.example'), name('group north')] },
      { identifiers: [domain('five-holding.example'), name('five')], derived: [city('five', 'paris')] },
      { identifiers: [domain('six.test'), name('six')], derived: [site('six', 'six')] },
      { identifiers: [name('seven')], derived: [country('seven', 'IT')] },
      { identifiers: [name('seven')], derived: [country('seven', 'IT')] },
    ],
  },
  {
    name: 'several-identifiers-and-chunks',
    description:
      'Epoch 7, chunks of two elements of one kind each, accounts that pair by several identifiers, and two accounts with one domain.',
    epoch: 7,
    chunkElements: 2,
    founder: [
      {
        identifiers: [domain('a.example'), domain('b.example'), name('a'), name('a group')],
        derived: [country('a group', 'FR')],
      },
      { identifiers: [domain('b.example'), domain('c.example'), name('c')] },
    ],
    joiner: [
      { identifiers: [domain('b.example'), name('a group')], derived: [country('a group', 'FR')] },
      { identifiers: [domain('c.example'), domain('d.example'), domain('e.example')] },
    ],
  },
];

/** All files by their name. */
export function vectorFiles(): Map<string, VectorFile> {
  const scenarios = PLANS.map((plan): ScenarioFile => {
    const input = inputOf(plan);
    const { name: title, description } = plan;
    return { name: title, provenance: provenanceOf(title), description, input, values: trace(input) };
  });
  const base = scenarios.at(-1);
  if (!base) throw new Error('no scenario');
  const life = lifeInput(seedOf(LIFE));
  const values = lifeOf(life);
  const files = new Map<string, VectorFile>();
  for (const file of scenarios) files.set(`scenario-${file.name}.json`, file);
  files.set(`scenario-${LIFE}.json`, {
    name: LIFE,
    provenance: provenanceOf(LIFE),
    description:
      'A company of one that gets three approvers, one of whom leaves: rosters, versions of its scope, statements about them, and where each version stands as they come in.',
    input: life,
    values,
  });
  const vault = vaultInput(seededRandom(seedOf(VAULT)));
  files.set(`scenario-${VAULT}.json`, {
    name: VAULT,
    provenance: provenanceOf(VAULT),
    description:
      'A vault key, its uses and its wrap for a member; a row of an account with a strong, a weak and a derived identifier, uploaded together with one that goes; names in two pieces; and the head that names all of it.',
    input: vault,
    values: vaultOf(vault),
  });
  const refused = [
    ...refusals(base.input, base.values).map((refusal) => ({ ...refusal, from: base.name })),
    ...scopeRefusals(life, values).map((refusal) => ({ ...refusal, from: LIFE })),
  ];
  for (const { name: title, from, ...refusal } of refused) {
    files.set(`scenario-refused-${title}.json`, { name: title, provenance: provenanceOf(from), ...refusal });
  }
  return files;
}

/** The bytes of a file. */
export function serialise(file: VectorFile): string {
  return `${JSON.stringify(file, null, 2)}\n`;
}

function provenanceOf(title: string): string {
  return `commonground's own, made by test/support/vectors.ts; randomness is HMAC-SHA-256 under the key "${seedOf(title)}" of an 8-byte counter from 0`;
}

function seedOf(title: string): string {
  return `commonground vectors: ${title}`;
}

function inputOf(plan: Plan): ScenarioInput {
  const random = seededRandom(seedOf(plan.name));
  const bytes = (length: number) => toHex(random(length));
  /** 252 random bits: a canonical scalar. */
  const scalar = () => {
    const drawn = random(32);
    drawn[31] = (drawn[31] ?? 0) & 0x0f;
    return toHex(drawn);
  };
  const chunksOf = (accounts: readonly AccountPlan[]): SideInput['chunks'] => {
    const size = plan.chunkElements ?? 64;
    return EVALUATED_KINDS.flatMap((kind) => {
      const all = accounts.flatMap((account) => account.identifiers.filter((one) => one.kind === kind));
      const values = [...new Set(all.map((one) => one.value))];
      return Array.from({ length: Math.ceil(values.length / size) }, (_, i) => {
        const part = values.slice(i * size, (i + 1) * size);
        return { kind, values: part, blinds: part.map(scalar), proofNonce: scalar() };
      });
    });
  };
  const accountOf = (account: AccountPlan, all: readonly AccountPlan[]): AccountInput => ({
    handle: bytes(16),
    populations: account.populations ?? [0],
    identifiers: account.identifiers.map((identifier) => {
      const owners = all.filter((other) =>
        other.identifiers.some((one) => one.kind === identifier.kind && one.value === identifier.value),
      );
      // A domain that several own accounts share does not wrap: it would open one account's fields by another.
      const wraps = account.fields !== undefined && isStrong(identifier.kind) && owners.length === 1;
      return wraps ? { ...identifier, wrapNonce: bytes(24) } : identifier;
    }),
    ...(account.derived ? { derived: account.derived } : {}),
    rowKey: bytes(32),
    fields: account.fields ?? {},
    ...(account.name === undefined ? {} : { name: account.name, namedIn: account.namedIn ?? [] }),
  });
  const sideOf = (side: Side): SideInput => {
    const accounts = plan[side];
    const names = accounts.some((account) => account.name !== undefined);
    return {
      name: side === 'founder' ? 'Founder Inc.' : 'Joiner GmbH',
      rootSeed: bytes(32),
      agentSeed: bytes(32),
      voprfSeed: bytes(32),
      invitationNonce: bytes(32),
      recipient: AGE_FIXTURE.recipient,
      recipientIdentity: AGE_FIXTURE.identity,
      scope: scopeOf(plan, names),
      chunks: chunksOf(accounts),
      accounts: accounts.map((account) => accountOf(account, accounts)),
      submission: plan.submission ?? 1,
      namesKey: AGE_FIXTURE.namesKey,
      sealedNamesKey: names ? AGE_FIXTURE.sealedNamesKey : '',
    };
  };
  return {
    partnership: bytes(16),
    epoch: plan.epoch ?? 1,
    serial: 1,
    validFrom: Date.UTC(2026, 0, 1) / 1000,
    validUntil: Date.UTC(2026, 3, 1) / 1000,
    founder: sideOf('founder'),
    joiner: sideOf('joiner'),
  };
}

function scopeOf(plan: Plan, names: boolean): ScopeTerms {
  const populations = [...(plan.populations ?? ['customers'])];
  const rules = populations.map((population) =>
    ruleOf(population, '*', {
      level: 'fields',
      fields: ['account_name', 'owner', 'industry', 'city', 'stage', 'amount'],
      whiteSpace: names ? 'names' : 'none',
      review: true,
    }),
  );
  const scope = scopeWith({ populations, rules, minimumCount: 1, evaluationBudget: budgetOf(100) });
  const { version: _, partnership: __, grantor: ___, grantee: ____, ...terms } = scope;
  return terms;
}

if (import.meta.main) {
  for (const old of readdirSync(FOLDER).filter((file) => file.startsWith('scenario-')))
    rmSync(new URL(old, FOLDER));
  for (const [file, content] of vectorFiles()) writeFileSync(new URL(file, FOLDER), serialise(content));
}
