import type { StatusReport } from '../../../src/cli/status/report.ts';

export const NOW = Date.parse('2026-11-23T09:20:13Z');

/** A report on a good day; the one that docs/status.md shows. */
export function reportOf(changes: Partial<StatusReport> = {}): StatusReport {
  return {
    version: '0.1.0',
    pid: 812,
    started: '2026-11-20T07:02:11Z',
    phase: 'fresh',
    serving: true,
    generation: 1187,
    condition: 'ok',
    failed_checks: 0,
    role: 'web',
    account_id: '111122223333',
    key_id: '…0042',
    expiration: '2026-11-23T14:12:31Z',
    advertised_expiration: '2026-11-23T14:12:31Z',
    held_since: '2026-11-23T08:10:02Z',
    last_check: { at: '2026-11-23T09:20:01Z', latency_ms: 3, clock_skew_s: 0 },
    last_success: '2026-11-23T09:20:01Z',
    checks: { ok: 4450, throttled: 2 },
    next_check_in_s: 48,
    imds_endpoint: 'auto',
    runtime_directory: '/run/rolekeeper',
    surfaces: [
      {
        name: 'agent_socket',
        address: '/run/rolekeeper/agent.sock',
        answers: { '200': 1204 },
        refusals: {},
      },
      {
        name: 'container_endpoint',
        address: 'http://127.0.0.1:9911/v1/container-credentials',
        answers: { '200': 9310, '401': 2 },
        refusals: { unauthorized: 2 },
      },
    ],
    callers: 3,
    shadowed_by: {
      profiles: [{ user: 'backup', file: '/home/backup/.aws/credentials' }],
      processes: [],
      unreadable: { users: [], processes: 0 },
    },
    ...changes,
  };
}

export const NO_SHADOWS: StatusReport['shadowed_by'] = {
  profiles: [],
  processes: [],
  unreadable: { users: [], processes: 0 },
};
