import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Much of the time goes to waiting for processes that tests start: one file more at a time than two cores have.
    maxWorkers: 3,
    // The commands that tests start as processes compile once.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/node', import.meta.url)) },
    reporters: ['default', './test/support/count-reporter.ts'],
  },
});
