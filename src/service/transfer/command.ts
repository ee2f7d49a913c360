/** `commonground-service export` and `import`. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { parsePartnershipId } from '../../../protocol/ids.ts';
import { folderPlace, remotePlace } from './places.ts';
import { exportPartnership, importPartnership, type Moved, type Place } from './transfer.ts';

export interface Move {
  readonly do: 'export' | 'import';
  /** A partnership's id, or a file. */
  readonly what: string;
  /** A service on Workers, instead of the folder. */
  readonly url: string | null;
  readonly tokenFile: string | null;
  readonly data: string;
}

/** Does it, an export to standard output. Throws where a record is missing or different. */
export async function movePartnership(move: Move): Promise<Moved> {
  const { url, tokenFile, data, what } = move;
  if (url !== null) {
    if (tokenFile === null) throw new Error(`${url} needs its operator's token: --operator-token-file FILE`);
    return await run(move, remotePlace(url.replace(/\/$/, ''), readFileSync(tokenFile, 'utf8').trim()), what);
  }
  const place = folderPlace(data, move.do === 'import');
  try {
    return await run(move, place, what);
  } finally {
    place.close();
  }
}

async function run({ do: direction }: Move, place: Place, what: string): Promise<Moved> {
  if (direction === 'import') {
    return await importPartnership(place, () => linesOf(what));
  }
  const id = parsePartnershipId(what);
  if (!id) throw new Error(`${what} is no partnership id: prt_ and 32 hexadecimal digits`);
  const moved = await exportPartnership(place, id, (line) => void process.stdout.write(`${line}\n`));
  if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
  return moved;
}

async function* linesOf(path: string): AsyncIterable<string> {
  const file = await open(path);
  yield* file.readLines();
}
