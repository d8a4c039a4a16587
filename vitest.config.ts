import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    // A project of its own, which test/check/packed.test.ts runs against the package.
    exclude: ['**/node_modules/**', 'examples/vitest/**'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
