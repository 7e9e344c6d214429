import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A program in the place of nft(8), for tests that have no kernel to change: what is loaded is kept in a file and listed
 * from it, counters and all. A ruleset with the word BROKEN is refused by the check, one with UNLOADABLE by the loading.
 */
export function standInNft(directory: string) {
  const program = join(directory, 'nft');
  const table = join(directory, 'table');
  const calls = join(directory, 'calls');
  writeFileSync(
    program,
    `#!/bin/sh
echo "$*" >> '${calls}'
case "$*" in
  'list tables inet') [ ! -s '${table}' ] || echo 'table inet rolekeeper'; echo 'table inet other' ;;
  '--stateless list table inet rolekeeper') cat '${table}' ;;
  '--check --file -') if grep -q BROKEN; then echo '/dev/stdin:1:1: Error: syntax error' >&2; exit 1; fi ;;
  '--file -')
    text=$(sed -e '/^delete table/d' -e '/^table inet rolekeeper {}$/d' -e '/^#/d')
    case $text in *UNLOADABLE*) echo 'Error: Operation not permitted' >&2; exit 1 ;; esac
    printf '%s' "$text" > '${table}' ;;
  *) exit 64 ;;
esac
`,
  );
  chmodSync(program, 0o755);
  return {
    program,
    /** What is in force; empty: nothing. */
    inForce: () => (existsSync(table) ? readFileSync(table, 'utf8') : ''),
    calls: () => (existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : []),
  };
}
