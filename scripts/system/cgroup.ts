import { mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

/** A cgroup for one run, so that two at a time do not share the container's, and nothing of it stays. */
export interface OwnCgroup {
  /** What leads a command into it; nothing where this system lets nobody make one. */
  readonly entering: readonly string[];
  /** With all cgroups that were made below it. The kernel lets only those go that have no process. */
  remove(): void;
}

export function ownCgroup(): OwnCgroup {
  const name = `rolekeeper-system-${process.pid}`;
  const made = managedHierarchies()
    .map((place) => join(place, name))
    .filter(isMade);
  const enter = 'for place in $0; do echo $$ >"$place/cgroup.procs"; done; exec "$@"';
  return {
    entering: made.length === 0 ? [] : ['/bin/sh', '-c', enter, made.join(' ')],
    remove() {
      for (const place of made) removeWithChildren(place);
    },
  };
}

/** Where this process is in the hierarchies that systemd works with: the second version's, and its own of the first. */
function managedHierarchies(): readonly string[] {
  const own = readFileSync('/proc/self/cgroup', 'utf8');
  const pathIn = (hierarchy: string) =>
    own
      .split('\n')
      .find((line) => line.includes(`:${hierarchy}:`))
      ?.split(':')[2];
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [place = '', [type, , options = ''] = []] = [
        line.split(' ')[4],
        line.split(' - ')[1]?.split(' ') ?? [],
      ];
      const isOurs = type === 'cgroup2' || (type === 'cgroup' && options.includes('name=systemd'));
      const path = isOurs ? pathIn(type === 'cgroup2' ? '' : 'name=systemd') : undefined;
      return path === undefined ? [] : [join(place, path)];
    });
}

function isMade(place: string): boolean {
  try {
    mkdirSync(place);
    return true;
  } catch {
    return false;
  }
}

function removeWithChildren(place: string): void {
  try {
    for (const each of readdirSync(place, { withFileTypes: true })) {
      if (each.isDirectory()) removeWithChildren(join(place, each.name));
    }
    rmdirSync(place);
  } catch {
    // Something lives in there still: it is not ours to end.
  }
}
