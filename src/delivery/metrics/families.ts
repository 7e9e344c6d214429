import type { CheckCounts, LatencyCounts } from '../../domain/check-counts.ts';
import type { Phase } from '../../domain/refresh-policy.ts';
import type { ProcessUsage } from '../../platform/process-usage.ts';
import type { StatusDocument } from '../status-document.ts';

/** One metric with all its series, as the exposition format groups them. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
  /** Where the sample's name has more to it than the family's: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: string;
}

/** What the metrics are made of. */
export interface MetricsParts {
  readonly status: StatusDocument;
  readonly checks: CheckCounts;
  readonly usage: ProcessUsage;
  readonly descriptorLimit: number;
}

const PHASES: readonly Phase[] = ['absent', 'pending', 'fresh', 'advisory', 'mandatory', 'expired'];
const CONDITIONS: readonly StatusDocument['condition'][] = ['starting', 'ok', 'degraded'];

/**
 * Every metric at this moment. What `/v1/status` tells, too, is taken from it, so that the two cannot differ. The number of
 * series is bounded: labels are phases, results, surfaces, HTTP statuses and refusal codes, all of them closed sets, and
 * one role at a time. What is not known has no series; no value is invented.
 */
export function metricFamilies(parts: MetricsParts): readonly Family[] {
  return [
    ...credentialFamilies(parts.status),
    ...checkFamilies(parts),
    ...surfaceFamilies(parts.status),
  ].concat(processFamilies(parts));
}

function credentialFamilies(status: StatusDocument): Family[] {
  const { role, account_id: account = '' } = status;
  return [
    gauge('rolekeeper_phase', 'Where the credentials are in their life: 1 for the phase, 0 for the others.', [
      ...oneOf('phase', PHASES, status.phase),
    ]),
    gauge('rolekeeper_serving', 'Whether consumers are given credentials: 1 or 0.', [
      { value: Number(status.serving) },
    ]),
    gauge('rolekeeper_condition', 'How the last check of IMDS went: 1 for the condition, 0 for the others.', [
      ...oneOf('condition', CONDITIONS, status.condition),
    ]),
    gauge('rolekeeper_generation', 'Rises with every change of what is served, also over a restart.', [
      { value: status.generation },
    ]),
    gauge('rolekeeper_role_info', 'Always 1: the labels name the role whose credentials are held.', [
      ...(role === undefined ? [] : [{ value: 1, labels: { role, account_id: account } }]),
    ]),
    gauge(
      'rolekeeper_credentials_expiration_timestamp_seconds',
      'When AWS stops accepting the credentials that are held, as IMDS said.',
      instant(status.expiration),
    ),
    gauge(
      'rolekeeper_credentials_advertised_expiration_timestamp_seconds',
      'The expiration that consumers are told: later than the true one under static stability.',
      instant(status.advertised_expiration),
    ),
    gauge(
      'rolekeeper_credentials_held_since_timestamp_seconds',
      'When this agent first had the credentials that are held.',
      instant(status.held_since),
    ),
  ];
}

function checkFamilies({ status, checks }: MetricsParts): Family[] {
  const skew = status.last_check?.clock_skew_s;
  return [
    counter(
      'rolekeeper_checks_total',
      'Checks of IMDS since the agent started, by what they brought.',
      Object.entries(checks.results).map(([result, value]) => ({ value, labels: { result } })),
    ),
    gauge('rolekeeper_failed_checks', 'Checks in a row that did not bring a usable set.', [
      { value: status.failed_checks },
    ]),
    gauge('rolekeeper_last_check_timestamp_seconds', 'When the last check of IMDS ended.', [
      ...instant(status.last_check?.at),
    ]),
    gauge('rolekeeper_last_success_timestamp_seconds', 'When IMDS last gave a usable set.', [
      ...instant(status.last_success),
    ]),
    gauge('rolekeeper_clock_skew_seconds', "IMDS's clock minus this machine's, at the last check.", [
      ...(skew === undefined ? [] : [{ value: skew }]),
    ]),
    {
      name: 'rolekeeper_imds_latency_seconds',
      help: 'From the first byte sent to IMDS to the last received, for each check.',
      type: 'histogram',
      samples: histogram(checks.latency),
    },
  ];
}

/** What an alert may ask for is there from the start: what first shows up with a 1 has not increased for Prometheus. */
function surfaceFamilies({ surfaces, callers, files = [] }: StatusDocument): Family[] {
  const perSurface = (
    counts: 'answers' | 'refusals',
    label: string,
    usual: Readonly<Record<string, number>>,
  ) =>
    surfaces.flatMap((surface) =>
      Object.entries({ ...usual, ...surface[counts] }).map(([key, value]) => ({
        value,
        labels: { surface: surface.name, [label]: key },
      })),
    );
  return [
    counter(
      'rolekeeper_answers_total',
      'Answers to requests for credentials, by surface and HTTP status; none: it ended without an answer.',
      perSurface('answers', 'status', { 200: 0, 503: 0 }),
    ),
    counter(
      'rolekeeper_denials_total',
      'Requests for credentials that were refused whatever there was to serve, by surface and reason.',
      perSurface('refusals', 'reason', { 'access-denied': 0, unauthorized: 0, 'too-many-requests': 0 }),
    ),
    gauge('rolekeeper_callers', 'Different callers that have asked for credentials in the last hour.', [
      { value: callers },
    ]),
    gauge('rolekeeper_files', 'Configured files, and how many of them are not as they should be.', [
      { value: files.filter(({ problem }) => problem === undefined).length, labels: { state: 'ok' } },
      { value: files.filter(({ problem }) => problem !== undefined).length, labels: { state: 'problem' } },
    ]),
  ];
}

/** Under the names that every Prometheus client library gives them. */
function processFamilies({ status, usage, descriptorLimit }: MetricsParts): Family[] {
  const { cpuSeconds, residentBytes, openDescriptors } = usage;
  return [
    gauge('rolekeeper_build_info', 'Always 1: the labels say what runs.', [
      { value: 1, labels: { version: status.version } },
    ]),
    gauge('process_start_time_seconds', 'When the process started.', instant(status.started)),
    counter('process_cpu_seconds_total', 'Processor time in user and system mode.', [{ value: cpuSeconds }]),
    gauge('process_resident_memory_bytes', 'Resident memory.', [{ value: residentBytes }]),
    gauge('process_open_fds', 'Open file descriptors.', [
      ...(openDescriptors === undefined ? [] : [{ value: openDescriptors }]),
    ]),
    gauge('process_max_fds', 'How many file descriptors may be open.', [{ value: descriptorLimit }]),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, type: 'gauge', samples };
}

function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, type: 'counter', samples };
}

function oneOf(label: string, all: readonly string[], now: string): Sample[] {
  return all.map((each) => ({ value: Number(each === now), labels: { [label]: each } }));
}

function instant(timestamp: string | undefined): Sample[] {
  return timestamp === undefined ? [] : [{ value: Date.parse(timestamp) / 1000 }];
}

/** Buckets count what is at most their bound, whatever the ones before them count. */
function histogram({ sumMs, buckets }: LatencyCounts): Sample[] {
  let count = 0;
  const cumulated = buckets.map((bucket) => {
    count += bucket.count;
    const le = bucket.boundMs === Number.POSITIVE_INFINITY ? '+Inf' : String(bucket.boundMs / 1000);
    return { value: count, labels: { le }, suffix: '_bucket' };
  });
  return [...cumulated, { value: sumMs / 1000, suffix: '_sum' }, { value: count, suffix: '_count' }];
}
