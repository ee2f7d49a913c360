import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { fromBase64url } from '../../protocol/bytes.ts';
import { compile } from '../../protocol/kernel/build.ts';
import { MODULE } from '../../protocol/kernel/module.ts';
import { MAX_BATCH } from '../../protocol/sizes.ts';

const module = new WebAssembly.Module(Uint8Array.from(fromBase64url(MODULE) ?? []));

test('the committed kernel is what its sources compile to, byte for byte: else run `npm run kernel`', () => {
  expect(fromBase64url(MODULE)).toEqual(new Uint8Array(compile('sums.ts')));
});

test('the kernel imports nothing and exports only what is needed', () => {
  expect(WebAssembly.Module.imports(module)).toEqual([]);
  expect(WebAssembly.Module.exports(module).map(({ name, kind }) => `${kind} ${name}`)).toEqual([
    'global MAX_TERMS',
    'global WEIGHTS',
    'global FIRST',
    'global SECOND',
    'global SUMS',
    'function sum',
    'memory memory',
  ]);
});

test('the kernel takes a whole batch', () => {
  const { MAX_TERMS } = new WebAssembly.Instance(module).exports;
  expect((MAX_TERMS as WebAssembly.Global<'i32'>).value).toBe(MAX_BATCH);
});

/** The files that a file loads, from one to the next. */
function loadedBy(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file) || !existsSync(file)) return seen;
  seen.add(file);
  const imports = readFileSync(file, 'utf8').matchAll(
    /^(?:import|export) (?!type\b)[^;]*?from '(\.[^']+)'/gm,
  );
  for (const [, path = ''] of imports) loadedBy(join(dirname(file), path), seen);
  return seen;
}

test('no service loads the kernel: on the edge nothing may be compiled at run time', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const kernel = join(root, 'protocol/kernel/kernel.ts');
  expect(loadedBy(join(root, 'protocol/suite.ts'))).toContain(kernel);
  for (const entry of ['node.ts', 'worker.ts']) {
    const loaded = loadedBy(join(root, 'src/service', entry));
    expect(loaded.size).toBeGreaterThan(20);
    expect(loaded).not.toContain(kernel);
  }
});
