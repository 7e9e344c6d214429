import { closeSync, openSync, readFileSync, readlinkSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What /proc tells of a process (proc(5)). Undefined: it cannot be known. */
export interface ProcessFacts {
  /** Clock ticks from boot to its start: with the process id the name of one process, which is not given twice. */
  startTime(pid: number): string | undefined;
  exe(pid: number): string | undefined;
  /** Empty: it is in no unit. */
  unit(pid: number): string | undefined;
}

/** @param root of the proc file system */
export function processFacts(root = '/proc'): ProcessFacts {
  const read = (pid: number, name: string) => readShort(join(root, String(pid), name));
  return {
    startTime: (pid) => known(() => startTimeIn(read(pid, 'stat'))),
    exe: (pid) => known(() => ownExe(join(root, String(pid), 'exe'))),
    unit: (pid) => known(() => unitIn(read(pid, 'cgroup'))),
  };
}

function known<T>(look: () => T | undefined): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

const room = Buffer.alloc(4_096);

/** These files are as long as their text, which nobody knows before: to ask for their size costs as much as to read them. */
function readShort(path: string): string {
  const fd = openSync(path, 'r');
  try {
    const length = readSync(fd, room, 0, room.length, 0);
    return length < room.length ? room.toString('utf8', 0, length) : readFileSync(path, 'utf8');
  } finally {
    closeSync(fd);
  }
}

/** The 22nd field. The second, in parentheses, is the program's name and may hold anything, parentheses included. */
function startTimeIn(stat: string): string | undefined {
  const field = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return field !== undefined && /^\d+$/.test(field) ? field : undefined;
}

/**
 * A path that a process in another root or mount namespace has, or had before the file was replaced, names another file
 * or none for us: it says nothing. Only root and the process's own user may follow the link.
 */
function ownExe(link: string): string | undefined {
  const path = readlinkSync(link);
  const running = statSync(link);
  const here = statSync(path);
  return running.dev === here.dev && running.ino === here.ino ? path : undefined;
}

/**
 * As systemd does (cg_path_get_unit): the first part below the slices. What is below a unit belongs to whoever the unit
 * is delegated to, a user's own service manager for one, and can be called anything.
 */
function unitIn(cgroup: string): string | undefined {
  const [, path] = /^(?:0:|\d+:name=systemd):(\/.*)$/m.exec(cgroup) ?? [];
  if (path === undefined || path.startsWith('/..')) return undefined;
  const unit = path.split('/').find((part) => part !== '' && !part.endsWith('.slice')) ?? '';
  return /\.(service|scope|socket|mount|swap)$/.test(unit) ? unit : '';
}
