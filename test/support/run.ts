/** The whole protocol between two parties and a service that only joins tags. */
import { otherSide, type Side } from '../../protocol/ids.ts';
import { exchange } from './exchange.ts';
import type { World } from './parties.ts';
import { value } from './results.ts';
import { type Account, join, type Rows, readPair, receive, type Upload, upload } from './rows.ts';

export interface Outcome {
  /** Ids of the accounts of every pair, founder's first, in ascending order. */
  readonly pairs: string[];
  /** What each side read of its partner's account in every pair. */
  readonly read: {
    readonly side: Side;
    readonly mine: Account;
    readonly partner: Account;
    readonly got: ReturnType<typeof readPair>;
  }[];
}

/** The whole protocol: both sides exchange and upload, a service joins, both read every pair. */
export function run(at: World, lists: Record<Side, readonly Account[]>, chunk = 64): Outcome {
  const uploads = {} as Record<Side, Upload>;
  const rows = {} as Record<Side, Rows>;
  for (const side of ['founder', 'joiner'] as const) {
    const identifiers = lists[side].flatMap((account) => account.identifiers);
    const keys = value(exchange(at, side, identifiers, chunk));
    uploads[side] = upload(at, side, lists[side], keys, { chunkRecords: chunk });
    rows[side] = receive(at, side, uploads[side]);
  }
  const pairs = join(rows.founder, rows.joiner);
  const accountOf = (side: Side, handle: string): Account => {
    const account = uploads[side].accounts.get(handle);
    if (!account) throw new Error('a pair names an unknown handle');
    return account;
  };
  const read = pairs.flatMap((pair) =>
    (['founder', 'joiner'] as const).map((side) => ({
      side,
      mine: accountOf(side, pair[side]),
      partner: accountOf(otherSide(side), pair[otherSide(side)]),
      got: readPair(at, side, uploads[side], rows[otherSide(side)], pair),
    })),
  );
  const named = pairs.map(
    (pair) => `${accountOf('founder', pair.founder).id} ${accountOf('joiner', pair.joiner).id}`,
  );
  return { pairs: named.sort(), read };
}

/** Accounts of one domain each, numbered from `from` up to before `to`. */
export function domains(prefix: string, from: number, to: number): Account[] {
  return Array.from({ length: to - from }, (_, i) => ({
    id: `${prefix}${from + i}`,
    populations: [0],
    identifiers: [{ kind: 'domain', value: `company-${from + i}.example` }],
  }));
}
