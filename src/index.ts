/** The whole package in three parts, each of which can be imported alone. */

/** The protocol library: `commonground/protocol`. */
export * as protocol from '../protocol/index.ts';
/** A company's side, what the command line is made of: `commonground/agent`. */
export * as agent from './agent/index.ts';
/** What stands between two companies: `commonground/service`. */
export * as service from './service/index.ts';
