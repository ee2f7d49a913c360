/**
 * A company's side as a library: what the command line is made of. In the order of use: `homeAt`, `createKeyring` and
 * `openAgent`; `openExport`, `importSource`, `parseRule` and `putPopulation`; `invite` or `acceptInvitation`, then
 * `introduce` and `verify`; `grantScope`; `openPool` and `syncPartnership`, under `lockHome`; `askOverlap` and the other
 * questions. `now` is milliseconds since 1970. What a person can mend is thrown as a `Problem` or an `ImportError`.
 */
export { type Agent, openAgent, timestamp } from './agent.ts';
export {
  askLedger,
  askMatrix,
  askOverlap,
  askWhiteSpace,
  type OverlapRow,
  type WhiteSpaceRow,
} from './answers.ts';
export type { LedgerAnswer, MatrixAnswer, Question } from './client.ts';
export { Client } from './client.ts';
export { type CryptoPool, openPool } from './crypto/pool.ts';
export {
  type Configuration,
  type Home,
  homeAt,
  lockHome,
  readConfiguration,
  writeConfiguration,
} from './home.ts';
export { ImportError } from './import/errors.ts';
export { type Export, openExport } from './import/export.ts';
export { type ColumnMap, parseMap } from './import/layout.ts';
export { createKeyring, type Keyring, type Lock, lock, unlock } from './keyring.ts';
export { acceptInvitation, introduce, invite, readInvitation, verify } from './partners.ts';
export { fingerprint } from './pinned.ts';
export { PRESET_RULES, type Rule } from './population.ts';
export { EXIT, Problem, type ProblemCode } from './problem.ts';
export { type CheckReport, checkList } from './quality/check.ts';
export type { Tuning } from './quality/tuning.ts';
export { parseRule } from './rule.ts';
export type { GrantOptions } from './scopes/draft.ts';
export { grantScope, revokeScope } from './scopes/granting.ts';
export { PRESETS, type Preset, presetRules } from './scopes/presets.ts';
export {
  type ImportSummary,
  importSource,
  listPopulations,
  type Population,
  putPopulation,
} from './store/lists.ts';
export { findPartnership, getPartnership, listPartnerships, type Partnership } from './store/partnerships.ts';
export { getTuning, putTuning } from './store/tuning.ts';
export { type SyncOptions, type SyncReport, syncPartnership } from './sync/sync.ts';
