import { readdirSync, readFileSync } from 'node:fs';

/** What a process holds: resident memory in MB, and open descriptors. */
export interface Footprint {
  readonly megabytes: number;
  readonly descriptors: number;
}

export function footprintOf(pid: number): Footprint {
  const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return {
    megabytes: Math.round(Number(resident) / 1024),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  };
}
