/**
 * Compiles the kernel; as a program (`npm run kernel`) it writes module.ts. The one file of the library that is for Node
 * only, and no part of the package. The same sources and compiler give the same bytes, which a test checks.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toBase64url } from '../bytes.ts';

const require = createRequire(import.meta.url);
// As a program: the compiler's types would change those of every array in the project.
const COMPILER = require.resolve('assemblyscript/bin/asc.js');
// -O2: with -O3 the multiplication is slower. The stub runtime, no assertions: nothing is allocated, nothing imported.
const OPTIONS = ['--optimizeLevel', '2', '--enable', 'simd', '--runtime', 'stub', '--noAssert'];

/** The WebAssembly module of one source in assembly/: `sums.ts`, or a part of it for tests. Throws on its errors. */
export function compile(entry: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'commonground-kernel-'));
  const compiled = join(folder, 'kernel.wasm');
  try {
    const base = join(import.meta.dirname, 'assembly');
    execFileSync(process.execPath, [COMPILER, entry, '--baseDir', base, '--outFile', compiled, ...OPTIONS]);
    return readFileSync(compiled);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The text of module.ts for the compiled bytes. */
export function moduleText(bytes: Uint8Array): string {
  return `/** Made by \`npm run kernel\` from assembly/: the kernel, WebAssembly as base64url. */
export const MODULE =
  '${toBase64url(bytes)}';
`;
}

if (import.meta.main) {
  writeFileSync(join(import.meta.dirname, 'module.ts'), moduleText(compile('sums.ts')));
}
