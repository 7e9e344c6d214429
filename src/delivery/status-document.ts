import type { AnswerCounts } from '../domain/answer-counts.ts';
import type { CheckCounts } from '../domain/check-counts.ts';
import { keyIdTail } from '../domain/credentials.ts';
import { type LifeState, phase, usable } from '../domain/life-state.ts';
import type { Clock, EpochMs } from '../domain/ports.ts';
import { type Phase, readClock } from '../domain/refresh-policy.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import type { FileSinkStatus } from './file-sinks/file-sink.ts';

/** `/v1/status`, version 1. Times are UTC to the second, durations whole seconds, unless the name says otherwise. */
export interface StatusDocument {
  readonly version: string;
  readonly pid: number;
  readonly started: string;
  readonly phase: Phase;
  /** Whether consumers are served at this moment. */
  readonly serving: boolean;
  readonly generation: number;
  /** `ok`, or `degraded` while the last check of IMDS did not bring a usable answer. */
  readonly condition: 'ok' | 'degraded' | 'starting';
  /** The kind of the last check's failure, and its message with the next step. */
  readonly reason?: string;
  readonly message?: string;
  readonly failed_checks: number;
  readonly role?: string;
  readonly account_id?: string;
  /** The last four characters. */
  readonly key_id?: string;
  /** The true expiration, as IMDS gave it. */
  readonly expiration?: string;
  /** What consumers are told: later than the true one while static stability extends it. */
  readonly advertised_expiration?: string;
  /** When this agent first had the set: from IMDS, or taken up from an earlier run. */
  readonly held_since?: string;
  readonly last_check?: {
    readonly at: string;
    readonly latency_ms: number;
    /** IMDS's clock minus ours. Over 60 either way and AWS soon refuses signatures. */
    readonly clock_skew_s?: number;
  };
  /** When IMDS last gave a usable set to this run of the agent. */
  readonly last_success?: string;
  /** How many checks brought what since the agent started: `ok`, or the kind of failure. */
  readonly checks: Readonly<Record<string, number>>;
  readonly next_check_in_s?: number;
  readonly imds_endpoint: string;
  readonly runtime_directory: string;
  /** What listens, and what became of the requests for credentials since the agent started. */
  readonly surfaces: readonly SurfaceStatus[];
  /** Different callers in the last hour: `/v1/callers` names them. */
  readonly callers: number;
  /** Where metrics can be read besides on the agent socket. */
  readonly metrics_url?: string;
  /** The configured files: what each holds, and why it does not hold what it should. */
  readonly files?: readonly FileSinkStatus[];
}

export interface SurfaceStatus {
  /** As rules name it. */
  readonly name: string;
  /** The path of a socket, or a URL. */
  readonly address: string;
  /** Of requests for credentials, by HTTP status; `none`: ended without an answer. */
  readonly answers: Readonly<Record<string, number>>;
  /** Of these, refused whatever there was to serve, by the refusal's code. */
  readonly refusals: Readonly<Record<string, number>>;
}

/** A surface that listens, and what is counted there. */
export interface OpenSurface {
  readonly name: string;
  readonly address: string;
  readonly counts: AnswerCounts;
}

export interface StatusParts {
  readonly version: string;
  readonly pid: number;
  readonly started: EpochMs;
  readonly imdsEndpoint: string;
  readonly runtimeDirectory: string;
  readonly clock: Clock;
  readonly state: () => LifeState;
  /** By the monotonic clock; undefined while a check is under way. */
  readonly nextCheckAt: () => number | undefined;
  readonly checks: CheckCounts;
  readonly surfaces?: readonly OpenSurface[];
  readonly callers?: number;
  readonly metricsUrl?: string | undefined;
  readonly files?: readonly FileSinkStatus[];
}

/** Everything a person or a monitor may know about the agent's state. No secret has a place in it. */
export function statusDocument(parts: StatusParts): StatusDocument {
  const state = parts.state();
  const reading = readClock(parts.clock);
  const nextCheckAt = parts.nextCheckAt();
  return {
    version: parts.version,
    pid: parts.pid,
    started: formatTimestamp(parts.started),
    phase: phase(state, reading),
    serving: usable(state, reading) !== undefined,
    generation: state.generation,
    ...condition(state),
    failed_checks: state.failures,
    ...heldPart(state, parts.checks),
    ...lastCheckPart(state),
    ...checksPart(parts.checks),
    ...(nextCheckAt !== undefined && {
      next_check_in_s: Math.max(0, Math.round((nextCheckAt - reading.monotonic) / 1000)),
    }),
    imds_endpoint: parts.imdsEndpoint,
    runtime_directory: parts.runtimeDirectory,
    surfaces: (parts.surfaces ?? []).map(surfaceStatus),
    callers: parts.callers ?? 0,
    ...(parts.metricsUrl !== undefined && { metrics_url: parts.metricsUrl }),
    ...(parts.files !== undefined && parts.files.length > 0 && { files: parts.files }),
  };
}

function condition({
  trouble,
  lastCheck,
}: LifeState): Pick<StatusDocument, 'condition' | 'reason' | 'message'> {
  if (trouble !== undefined) return { condition: 'degraded', reason: trouble.kind, message: trouble.message };
  return { condition: lastCheck === undefined ? 'starting' : 'ok' };
}

function heldPart({ held }: LifeState, { heldSince }: CheckCounts) {
  if (held === undefined) return {};
  return {
    role: held.roleName,
    ...(held.accountId !== undefined && { account_id: held.accountId }),
    key_id: keyIdTail(held.credentials),
    expiration: formatTimestamp(held.credentials.expiration),
    advertised_expiration: formatTimestamp(held.advertisedExpiration),
    ...(heldSince !== undefined && { held_since: formatTimestamp(heldSince) }),
  };
}

function lastCheckPart({ lastCheck }: LifeState) {
  if (lastCheck === undefined) return {};
  const { at, latencyMs, skewMs } = lastCheck;
  return {
    last_check: {
      at: formatTimestamp(at),
      latency_ms: Math.round(latencyMs),
      ...(skewMs !== undefined && { clock_skew_s: Math.round(skewMs / 1000) }),
    },
  };
}

/** Results that there were: the metrics have the others, too. */
function checksPart({ results, lastSuccessAt }: CheckCounts) {
  return {
    ...(lastSuccessAt !== undefined && { last_success: formatTimestamp(lastSuccessAt) }),
    checks: Object.fromEntries(Object.entries(results).filter(([, count]) => count > 0)),
  };
}

function surfaceStatus({ name, address, counts: { answers, refusals } }: OpenSurface): SurfaceStatus {
  return {
    name,
    address,
    answers: Object.fromEntries([...answers].map(([status, count]) => [status || 'none', count])),
    refusals: Object.fromEntries(refusals),
  };
}
