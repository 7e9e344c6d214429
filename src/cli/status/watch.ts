import { pause } from '../../domain/ports.ts';
import { formatTimestamp } from '../../domain/timestamps.ts';
import type { CommandWorld } from '../command-world.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Told } from './ask.ts';
import { stateOf, statusLine } from './one-line.ts';
import { coloured, plain, statusLines } from './render.ts';
import { type StatusReport, shown } from './report.ts';

export interface WatchOptions {
  readonly json: boolean;
  /** Asks the agent. */
  readonly ask: () => Promise<Told>;
  /** Adds what the agent cannot see. */
  readonly reportOf: (told: Told & { readonly problem?: undefined }) => StatusReport;
}

/** What of a terminal is needed: any stream may be one. */
interface Terminal {
  readonly isTTY?: boolean;
  readonly rows?: number;
}

const EVERY_MS = 1_000;
/** In a pipe: a line although nothing has changed, so that a reader that is gone is noticed. */
const LINE_AT_LEAST_EVERY_MS = 10_000;
const HOME = '\x1b[H';
const CLEAR_LINE_END = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';
const FEWEST_ROWS = 5;

/**
 * Shows the status until a signal comes or nobody reads any more: on a terminal drawn over itself once a second; in a pipe as
 * a line for every change of state, and every ten seconds. An agent that is not there is shown, too, and waited for.
 */
export async function watchStatus(options: WatchOptions, world: CommandWorld): Promise<ExitCode> {
  const { stdout, clock, stop } = world;
  const terminal = stdout as Terminal;
  const gone = new AbortController();
  stdout.on('error', () => gone.abort());
  const ended = AbortSignal.any([stop, gone.signal]);
  const show = terminal.isTTY === true && !options.json ? drawOn(terminal) : tellLine();
  if (show.start !== '') stdout.write(show.start);
  while (!ended.aborted) {
    show.next(await options.ask());
    await pause(clock, EVERY_MS, ended);
  }
  return EXIT.ok;

  function drawOn({ rows }: Terminal) {
    const paint = hasColours(world.env) ? coloured : plain;
    const next = (told: Told) => {
      const lines =
        told.problem === undefined
          ? statusLines(options.reportOf(told), clock.now(), paint)
          : [`${formatTimestamp(clock.now())}: no status`, '', shown(told.problem)];
      // A terminal without a size says that it has no rows.
      const fitting = rows ? lines.slice(0, Math.max(FEWEST_ROWS, rows - 1)) : lines;
      stdout.write(`${HOME}${fitting.map((line) => `${line}${CLEAR_LINE_END}\n`).join('')}${CLEAR_BELOW}`);
    };
    return { start: `${HOME}${CLEAR_BELOW}`, next };
  }

  function tellLine() {
    let last: string | undefined;
    let toldAt = Number.NEGATIVE_INFINITY;
    const next = (told: Told) => {
      const report = told.problem === undefined ? options.reportOf(told) : undefined;
      const state = report === undefined ? String(told.problem) : stateOf(report);
      const now = clock.monotonic();
      if (state === last && now - toldAt < LINE_AT_LEAST_EVERY_MS) return;
      last = state;
      toldAt = now;
      stdout.write(`${lineOf(report, told.problem)}\n`);
    };
    return { start: '', next };
  }

  function lineOf(report: StatusReport | undefined, problem = ''): string {
    const now = clock.now();
    if (options.json) return JSON.stringify(report ?? { error: problem, at: formatTimestamp(now) });
    return report === undefined
      ? `${formatTimestamp(now)} no-agent ${shown(problem)}`
      : statusLine(report, now);
  }
}

/** https://no-color.org: whatever its value, unless it is empty. */
export function hasColours(env: NodeJS.ProcessEnv): boolean {
  return (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
}
