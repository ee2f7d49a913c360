import type { Scope } from '../../../protocol/scope.ts';

/** The content of a scope; whom it stands between, its number and its signers come with the signature. */
export type Terms = Omit<
  Scope,
  | 'version'
  | 'partnership'
  | 'grantor'
  | 'grantee'
  | 'number'
  | 'previous'
  | 'drafter'
  | 'roster'
  | 'issuedAt'
>;
