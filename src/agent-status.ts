/** What is told of the agent: its status, its metrics, its health. */
import type { AgentCore } from './agent-core.ts';
import type { Surfaces } from './agent-surfaces.ts';
import type { Settings } from './config/settings.ts';
import type { AgentEndpointParts } from './delivery/agent-endpoint.ts';
import type { ReadMetrics } from './delivery/metrics/metrics-endpoint.ts';
import { type StatusDocument, statusDocument } from './delivery/status-document.ts';
import type { Clock } from './domain/ports.ts';
import { LONGEST_WAIT_MS } from './domain/refresh-policy.ts';
import { longestCheckMs } from './imds/credential-source.ts';
import { descriptorLimit } from './platform/descriptor-limit.ts';
import { processUsage } from './platform/process-usage.ts';

export interface AgentStatus extends Pick<AgentEndpointParts, 'isAlive' | 'isReady'> {
  status(): StatusDocument;
  readonly metrics: ReadMetrics;
}

export interface AgentStatusWorld {
  readonly clock: Clock;
  readonly pid: number;
  readonly version: string;
}

/**
 * @param running the settings that are in force
 * @param surfaces undefined until they are open
 */
export function createAgentStatus(
  running: () => Settings,
  runtimeDirectory: string,
  { store, refresher, checks }: AgentCore,
  { clock, pid, version }: AgentStatusWorld,
  surfaces: () => Surfaces | undefined,
): AgentStatus {
  const started = clock.now();
  const { endpoint, requestTimeout } = running().imds;
  // The loop shows life at least every 30 s, but for the time that a check may take: much later than that, it hangs.
  const overdueMs = LONGEST_WAIT_MS + 2 * longestCheckMs(requestTimeout);
  const status = () => {
    const open = surfaces();
    return statusDocument({
      version,
      pid,
      started,
      imdsEndpoint: endpoint,
      runtimeDirectory,
      clock,
      state: store.state,
      nextCheckAt: refresher.nextCheckAt,
      checks: checks.read(),
      surfaces: open?.counts() ?? [],
      callers: open?.callerCount() ?? 0,
      metricsUrl: open?.metricsUrl,
      files: open?.fileStatus() ?? [],
    });
  };
  return {
    status,
    metrics: () => ({
      status: status(),
      checks: checks.read(),
      usage: processUsage(),
      descriptorLimit: descriptorLimit(),
    }),
    isAlive: () => clock.monotonic() - refresher.lastBeat() < overdueMs,
    isReady: () => running().policy.ready === 'listening' || store.reader.read().held !== undefined,
  };
}
