/** `commonground-service export` and `import`. */
import { once } from 'node:events';
import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
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
    if (tokenFile === null) throw new Error('--operator-token-file is needed');
    return await run(move, remotePlace(url.replace(/\/$/, ''), readFileSync(tokenFile, 'utf8').trim()), what);
  }
  const place = folderPlace(data);
  try {
    return await run(move, place, what);
  } finally {
    place.close();
  }
}

async function run({ do: direction }: Move, place: Place, what: string): Promise<Moved> {
  if (direction === 'import') {
    return await importPartnership(
      place,
      createInterface({ input: createReadStream(what), crlfDelay: 1000 }),
    );
  }
  const id = parsePartnershipId(what);
  if (!id) throw new Error('that is no partnership id');
  const moved = await exportPartnership(place, id, (line) => void process.stdout.write(`${line}\n`));
  if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
  return moved;
}
