import { defineConfig } from 'vitest/config';

/** The tests that mutants of the domain, the lifecycle and the IMDS client have to survive: the ones beside them. */
export default defineConfig({
  test: {
    include: ['test/domain/**/*.test.ts', 'test/lifecycle/**/*.test.ts', 'test/imds/**/*.test.ts'],
    setupFiles: ['test/support/refuse-outside-network.ts'],
  },
});
