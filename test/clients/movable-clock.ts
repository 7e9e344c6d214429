import { globSync, writeFileSync } from 'node:fs';

/** A clock that a program is given instead of the system's, and that can be put forward while it runs. */
export interface MovableClock {
  /** What the program needs in its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** For a program that holds on to a set for longer than anybody wants to wait. */
  putForwardHalfAnHour(): void;
}

/** By libfaketime, which takes the place of the C library's clock; undefined where that is not installed. */
export function movableClock(file: string): MovableClock | undefined {
  const [library] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1');
  if (library === undefined) return undefined;
  writeFileSync(file, '+0\n');
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      // Its own deadlines go on as they are.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    putForwardHalfAnHour: () => writeFileSync(file, '+30m\n'),
  };
}
