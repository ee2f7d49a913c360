/** `npm run conformance -- URL`: the suite against a service that runs somewhere. The last line counts. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { remoteService } from './service.ts';
import { conformance } from './suite.ts';

const HELP = `npm run conformance -- URL [--codes FILE | --operator-token-file FILE]

Runs the conformance suite against the service at URL. It registers organisations of its own, which stay. Where registration is
not open, give a file with 12 registration codes, one a line, or one with the operator's token of a service on Workers.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    codes: { type: 'string' },
    'operator-token-file': { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
const url = positionals[0]?.replace(/\/$/, '');
if (values.help || !url) {
  console.log(HELP);
  process.exitCode = values.help ? 0 : 2;
} else {
  const service = remoteService({ url, registrationCode: codeSource(url) });
  let failed = 0;
  const checks = conformance(service);
  for (const { name, run } of checks) {
    try {
      await run();
      console.log(`ok      ${name}`);
    } catch (error) {
      failed++;
      console.log(`failed  ${name}\n        ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  console.log(`${checks.length - failed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

function codeSource(base: string): (() => Promise<string>) | null {
  const { codes, 'operator-token-file': tokenFile } = values;
  if (codes !== undefined) {
    const left = readFileSync(codes, 'utf8').split('\n').filter(Boolean);
    return async () => left.shift() ?? '';
  }
  if (tokenFile === undefined) return null;
  const token = readFileSync(tokenFile, 'utf8').trim();
  return async () => {
    const answer = await fetch(`${base}/operator/registration-codes`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    });
    return String(((await answer.json()) as { code?: string }).code);
  };
}
