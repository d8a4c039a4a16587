import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    // A project of its own, which test/check/packed.test.ts runs against the package.
    // Slurm's daemons are for `npm run test:full`.
    exclude: ['**/node_modules/**', 'examples/vitest/**', ...(process.env['QRAILS_FULL'] ? [] : ['test/oracles/slurm.test.ts'])],
    // One for each core, not one less: much of the time is spent in child processes.
    maxWorkers: '100%',
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
