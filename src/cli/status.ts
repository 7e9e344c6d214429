import { type AgentSocketOptions, agentSocketPath } from './agent-socket-options.ts';
import type { CommandWorld } from './command-world.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { findShadowing, type Shadowing, type ShadowingWorld } from './shadowing.ts';
import { askStatus } from './status/ask.ts';
import { coloured, plain, statusLines } from './status/render.ts';
import { ownFilesOf, type StatusReport } from './status/report.ts';
import { hasColours, type WatchOptions, watchStatus } from './status/watch.ts';

export interface StatusOptions extends AgentSocketOptions {
  readonly json?: boolean;
  readonly watch?: boolean;
}

/** How long what was found beside the agent stands: a machine can have thousands of processes to look into. */
const LOOK_AGAIN_AFTER_MS = 30_000;

/**
 * `rolekeeper status`: everything that the agent knows about itself, and what makes programs pass it by. Ends with 0 where
 * the agent has answered, whatever it said.
 *
 * @param look finds what shadows the agent on this machine
 */
export async function status(
  options: StatusOptions,
  world: CommandWorld,
  look: (world: ShadowingWorld) => Shadowing = findShadowing,
): Promise<ExitCode> {
  const { clock, stdout, stderr, pid } = world;
  const socketPath = await agentSocketPath(options, world);
  if (socketPath === undefined) return EXIT.usage;
  const ask = () => askStatus(socketPath, clock);
  const json = options.json === true;
  if (options.watch) return watchStatus({ json, ask, reportOf: reports() }, world);
  const told = await ask();
  if (told.problem !== undefined) {
    stderr.write(`rolekeeper: ${told.problem}\n`);
    return told.exitCode;
  }
  const report = reports()(told);
  const isTerminal = 'isTTY' in stdout && stdout.isTTY === true;
  const paint = isTerminal && hasColours(world.env) ? coloured : plain;
  const lines = json ? [JSON.stringify(report)] : statusLines(report, clock.now(), paint);
  stdout.write(lines.map((line) => `${line}\n`).join(''));
  return EXIT.ok;

  function reports(): WatchOptions['reportOf'] {
    let found: Shadowing | undefined;
    let at = clock.monotonic();
    return ({ document }): StatusReport => {
      if (found === undefined || clock.monotonic() - at >= LOOK_AGAIN_AFTER_MS) {
        found = look({ pid, ownFiles: ownFilesOf(document) });
        at = clock.monotonic();
      }
      return { ...document, shadowed_by: found };
    };
  }
}
