import { readFileSync } from 'node:fs';

const USUAL = 1_024;

/** How many files and sockets this process may have open at once (getrlimit(2), which Node has no word for). */
export function descriptorLimit(limitsFile = '/proc/self/limits'): number {
  try {
    const [, soft] = /^Max open files +(\d+|unlimited) /m.exec(readFileSync(limitsFile, 'utf8')) ?? [];
    if (soft === 'unlimited') return Number.MAX_SAFE_INTEGER;
    return soft === undefined ? USUAL : Number(soft);
  } catch {
    return USUAL;
  }
}
