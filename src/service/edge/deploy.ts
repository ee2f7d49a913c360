/** `npm run deploy:check`: builds what a deployment would upload, without any connection; the last line is its size. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { wrangler } from './local.ts';

const FOLDER = '.state/deploy';
const MOST_BYTES = 1024 * 1024;

const child = wrangler(['deploy', '--dry-run', '--minify', '--outdir', FOLDER]);
for (const stream of [child.stdout, child.stderr]) stream?.pipe(process.stderr);
const code = await new Promise<number | null>((done) => child.once('close', done));
if (code !== 0) {
  console.error(`commonground: wrangler ended with ${code}`);
  process.exitCode = 1;
} else {
  const size = readdirSync(FOLDER)
    .filter((file) => /\.(js|mjs|wasm)$/.test(file))
    .reduce((sum, file) => sum + gzipSync(readFileSync(join(FOLDER, file))).length, 0);
  if (size > MOST_BYTES) {
    console.error(`commonground: more than ${MOST_BYTES / 1024} KiB`);
    process.exitCode = 1;
  }
  console.log(`${(size / 1024).toFixed(1)} KiB gzipped`);
}
