#!/usr/bin/env node
/**
 * The command line. `credential-process` has a way of its own past everything else: it is run all the time, and what
 * it does not load costs it nothing. So has `serve` without options, as the unit starts it: nobody waits for a parser.
 */
import { EXIT } from './exit-codes.ts';

const verb = process.argv[2];

if (verb === 'credential-process') {
  const { runCredentialProcess } = await import('./credential-process.ts');
  process.exitCode = await runCredentialProcess(process.argv.slice(3), process.env);
} else if (verb === 'serve' && process.argv.length === 3) {
  const { serve } = await import('./serve.ts');
  process.exitCode = await serve({}, await realWorld());
} else {
  const { runProgram } = await import('./program.ts');
  process.exitCode = await runProgram(process.argv, await realWorld());
}

async function realWorld() {
  const { systemClock, systemBoot } = await import('../platform/clock.ts');
  const { systemRandom } = await import('../platform/random.ts');
  const { version } = await import('./version.ts');
  return {
    env: process.env,
    uid: process.geteuid?.() ?? 0,
    pid: process.pid,
    version,
    clock: systemClock,
    boot: systemBoot(),
    random: systemRandom,
    // Each loads what it needs when it is first asked for.
    get stdout() {
      return process.stdout;
    },
    get stderr() {
      return process.stderr;
    },
    ...signals(),
  };
}

/** The first signal asks for a clean end, a second one ends at once. */
function signals() {
  const stop = new AbortController();
  const end = (name: NodeJS.Signals) => {
    if (stop.signal.aborted) process.exit(EXIT.failure);
    stop.abort(name);
  };
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, end);
  return {
    stop: stop.signal,
    onHangup(listener: () => void) {
      process.off('SIGHUP', end);
      process.on('SIGHUP', listener);
    },
  };
}
