import { readdirSync } from 'node:fs';

/** What this process uses of the machine. */
export interface ProcessUsage {
  /** In user and system mode together, since its start. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** Undefined where /proc does not show it. */
  readonly openDescriptors: number | undefined;
}

export function processUsage(descriptors = '/proc/self/fd'): ProcessUsage {
  const { user, system } = process.cpuUsage();
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: process.memoryUsage.rss(),
    openDescriptors: entriesOf(descriptors),
  };
}

/** Without the one that reading the directory takes. */
function entriesOf(directory: string): number | undefined {
  try {
    return readdirSync(directory).length - 1;
  } catch {
    return undefined;
  }
}
