/** How an agent proves itself to a service: it signs the service's challenge together with the service's own address. */
import { tuple, utf8 } from './bytes.ts';
import { label, type OrganisationId } from './ids.ts';
import { sign } from './signed.ts';

export const CHALLENGE_BYTES = 32;

export interface Login {
  /** Host and port that the agent connected to; a challenge relayed from another service does not fit. */
  readonly audience: string;
  readonly organisation: OrganisationId;
  /** 32 bytes, random, once. */
  readonly challenge: Uint8Array;
}

/** The exact bytes that the agent key signs. */
export function loginMessage(login: Login): Uint8Array {
  return tuple(label('login'), utf8(login.audience), utf8(login.organisation), login.challenge);
}

export function signLogin(login: Login, agentSeed: Uint8Array): Uint8Array {
  return sign('login', loginMessage(login), agentSeed);
}
