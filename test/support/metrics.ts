import type { MetricsParts } from '../../src/delivery/metrics/families.ts';
import { statusDocument } from '../../src/delivery/status-document.ts';
import type { CheckCounts } from '../../src/domain/check-counts.ts';
import { createCheckTally } from '../../src/lifecycle/check-tally.ts';
import { manualClock } from './manual-clock.ts';
import { type ServedStore, servedStore } from './surface.ts';

/** No check was made yet. */
export function noChecks(): CheckCounts {
  return createCheckTally(manualClock()).read();
}

/** What the metrics of an agent with this store are made of. */
export function metricsOf({ store, clock }: ServedStore = servedStore()): MetricsParts {
  const checks = noChecks();
  const status = statusDocument({
    version: '0.0.0',
    pid: 1,
    started: clock.now(),
    imdsEndpoint: 'auto',
    runtimeDirectory: '/run/rolekeeper',
    clock,
    state: store.state,
    nextCheckAt: () => undefined,
    checks,
  });
  const usage = { cpuSeconds: 0.25, residentBytes: 40_000_000, openDescriptors: 20 };
  return { status, checks, usage, descriptorLimit: 1_024 };
}
