import { readdirSync } from 'node:fs';
import { quantile } from '../bench/measured.ts';
import { residentKiB } from '../bench/stage.ts';

/** What was seen of the agent within one step. */
export interface Sample {
  /** Since the beginning. */
  readonly minutes: number;
  /** Resident. */
  readonly megabytes: number;
  readonly descriptors: number;
  readonly answers: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** @param latencies of the answers since the last sample, in ms */
export function sampleOf(minutes: number, pid: number, latencies: readonly number[]): Sample {
  return {
    minutes: Number(minutes.toFixed(2)),
    megabytes: Number((residentKiB(pid) / 1024).toFixed(1)),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    answers: latencies.length,
    p50: Number(quantile(latencies, 0.5).toFixed(2)),
    p99: Number(quantile(latencies, 0.99).toFixed(2)),
  };
}
