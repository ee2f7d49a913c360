/** Ready-made scopes, in the words of the people who sign them. Free text is in none of them. */
import {
  ANY_POPULATION,
  type CellGrant,
  type Field,
  OPEN_OPPORTUNITIES,
  type Scope,
  type ScopeRule,
} from '../../../protocol/scope.ts';

export const PRESETS = ['counts', 'overlap', 'co-sell', 'clean-team'] as const;
export type Preset = (typeof PRESETS)[number];

/** What each preset grants, in a sentence each for the people who choose. */
export const PRESET_TEXTS: Readonly<Record<Preset, string>> = {
  counts: 'rounded numbers only: how many accounts meet, for every pair of populations',
  overlap: 'which accounts meet; for open opportunities also the owner and the stage',
  'co-sell':
    'which accounts meet, with owner, industry, stage, close date and the amount as a band; names of accounts the partner lacks',
  'clean-team':
    'between competitors: the partner’s sales people see rounded numbers, its clean team which accounts meet, with deals as bands',
};

/** When to choose it, and what a lawyer should know of it. */
export const PRESET_ADVICE: Readonly<Record<Preset, string>> = {
  counts:
    'For a first look: nobody learns which companies are meant. Numbers asked often can still hint at single accounts, so they are rounded and their number a month is capped.',
  overlap:
    'For partners that sell side by side. Each account both have is named to the other; an account that only one has stays unknown. Owners’ names are personal data.',
  'co-sell':
    'For partners that sell together. It also names accounts that only you have, so many a month, and tells of deals. Owners’ names and e-mail addresses are personal data; deals are trade secrets.',
  'clean-team':
    'For companies that compete anywhere. Current deals go to the named clean team alone, in bands, for a short time, and may not be exported. Have your antitrust counsel read it.',
};

/** Where names of white space are granted and nobody says how many. */
export const DEFAULT_NAMES_PER_MONTH = 1000;

/** What a preset says beside its rules. */
export type PresetTerms = Pick<
  Scope,
  'competitors' | 'export' | 'namesPerMonth' | 'purpose' | 'retentionDays' | 'snapshotsPerMonth'
>;

const TERMS: PresetTerms = {
  competitors: false,
  export: true,
  purpose: 'To find the accounts that both companies work with, so that their sellers can work together',
  retentionDays: 30,
  snapshotsPerMonth: 100,
  namesPerMonth: 0,
};

const PRESET_TERMS: Readonly<Record<Preset, Partial<PresetTerms>>> = {
  counts: {
    export: false,
    purpose: 'To estimate how far the two customer bases meet',
    snapshotsPerMonth: 62,
  },
  overlap: {},
  'co-sell': {
    purpose: 'To sell together to the accounts of both companies',
    namesPerMonth: DEFAULT_NAMES_PER_MONTH,
  },
  'clean-team': {
    competitors: true,
    export: false,
    purpose: 'To let a clean team assess how far the two customer bases meet',
    retentionDays: 7,
    snapshotsPerMonth: 62,
  },
};

const CO_SELL_FIELDS: readonly Field[] = [
  'account_name',
  'owner',
  'owner_email',
  'type',
  'industry',
  'stage',
  'close_date',
  'amount_band',
];

type Grant = NonNullable<ScopeRule['roles']['sales']>;

export function presetTerms(preset: Preset): PresetTerms {
  return { ...TERMS, ...PRESET_TERMS[preset] };
}

/** The rules of a preset over these populations. */
export function presetRules(preset: Preset, populations: readonly string[]): ScopeRule[] {
  return populations.map((population) => ({
    population,
    partnerPopulation: ANY_POPULATION,
    roles: presetRoles(preset, population),
  }));
}

/** The same grant for everybody of the partner's who asks. */
export function toEverybody(grant: CellGrant): ScopeRule['roles'] {
  return {
    sales: { ...grant, fields: [...grant.fields] },
    'clean-team': { ...grant, fields: [...grant.fields] },
  };
}

function presetRoles(preset: Preset, population: string): ScopeRule['roles'] {
  const counts: Grant = { level: 'counts', fields: [], whiteSpace: 'counts', review: false };
  switch (preset) {
    case 'counts':
      return toEverybody(counts);
    case 'overlap':
      return toEverybody(
        population === OPEN_OPPORTUNITIES
          ? { level: 'fields', fields: ['owner', 'stage'], whiteSpace: 'none', review: true }
          : { level: 'accounts', fields: [], whiteSpace: 'counts', review: true },
      );
    case 'co-sell':
      return toEverybody({
        level: 'fields',
        fields: [...CO_SELL_FIELDS],
        whiteSpace: 'names',
        review: true,
      });
    case 'clean-team': {
      const band: Field[] = ['account_name', 'industry', 'country', 'stage', 'amount_band'];
      const team: Grant = { level: 'fields', fields: band, whiteSpace: 'counts', review: false };
      // Competitors' own rule would deny it; what is written is what holds.
      return population === OPEN_OPPORTUNITIES
        ? { 'clean-team': team }
        : { sales: counts, 'clean-team': team };
    }
  }
}
