import type { Clock } from '../domain/ports.ts';
import { type ProgramEnd, runProgramOfSystem } from '../platform/run-program.ts';
import { TABLE } from './ruleset.ts';

/** The kernel's packet rules, through nft(8). Each throws an `NftError` and nothing else. */
export interface Nft {
  /** Our table as nft lists it, without the counts; undefined: there is none. */
  ours(): Promise<string | undefined>;
  /** A ruleset in nft's own words, as `ours` would give it once it is loaded. Touches nothing that is in force. */
  normalised(ruleset: string): Promise<string>;
  /** Has nft and the kernel look at a ruleset without loading it. */
  validate(ruleset: string): Promise<void>;
  /** In one transaction: all of it or nothing. */
  load(ruleset: string): Promise<void>;
}

export class NftError extends Error {
  override readonly name = 'NftError';
}

export interface NftOptions {
  /** The first of these that is there is run. */
  readonly programs?: readonly string[];
  readonly clock: Clock;
}

const PROGRAMS = ['/usr/sbin/nft', '/usr/bin/nft', '/sbin/nft', '/usr/local/sbin/nft'];
const DEADLINE_MS = 10_000;

export function createNft({ programs = PROGRAMS, clock }: NftOptions): Nft {
  return {
    async ours() {
      const tables = await nft('list the tables', ['list', 'tables', 'inet']);
      const isThere = tables.split('\n').includes(`table ${TABLE}`);
      return isThere
        ? nft('list our table', ['--stateless', 'list', 'table', ...TABLE.split(' ')])
        : undefined;
    },
    /** In a network namespace that is made for it and ends with it: nft has no way to print what it has only read. */
    normalised(ruleset) {
      const script = `"$0" -f - && exec "$0" --stateless list table ${TABLE}`;
      return run('load the rules in a network namespace of their own', ruleset, (program) => [
        'unshare',
        '--net',
        '/bin/sh',
        '-c',
        script,
        program,
      ]);
    },
    async validate(ruleset) {
      await nft('check the rules', ['--check', '--file', '-'], ruleset);
    },
    async load(ruleset) {
      await nft('load the rules', ['--file', '-'], ruleset);
    },
  };

  function nft(what: string, args: readonly string[], input = ''): Promise<string> {
    return run(what, input, (program) => [program, ...args]);
  }

  async function run(
    what: string,
    input: string,
    command: (program: string) => readonly string[],
  ): Promise<string> {
    for (const program of programs) {
      const end = await runProgramOfSystem(command(program), { input, deadlineMs: DEADLINE_MS, clock });
      if (isMissing(end)) continue;
      if (end.status === 0) return end.stdout;
      throw new NftError(explained(what, end));
    }
    throw new NftError(
      'There is no nft on this machine: install the package nftables (apt-get install nftables, dnf install nftables)',
    );
  }
}

/** The shell says 127 of a program that is not there. */
function isMissing({ status, reason }: ProgramEnd): boolean {
  return reason === 'ENOENT' || status === 127;
}

function explained(what: string, { status, reason, stderr }: ProgramEnd): string {
  const said = stderr.trim().split('\n').slice(0, 6).join('\n  ');
  if (/Operation not permitted|must be root|unshare failed/.test(stderr)) {
    return `Cannot ${what}: the kernel does not permit it. Run as root with CAP_NET_ADMIN (and CAP_SYS_ADMIN for check); a container has neither by default\n  ${said}`;
  }
  const how = status === undefined ? `nft was ended by ${reason}` : `nft ended with status ${status}`;
  return `Cannot ${what}: ${how}${said === '' ? '' : `:\n  ${said}`}`;
}
