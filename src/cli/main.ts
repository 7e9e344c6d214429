#!/usr/bin/env node
/**
 * The command line. `credential-process` has a way of its own past everything else: it is run all the time, and what
 * it does not load costs it nothing.
 */
import { EXIT } from './exit-codes.ts';

const verb = process.argv[2];

if (verb === 'credential-process') {
  process.stdout.once('error', ({ code }: NodeJS.ErrnoException) => {
    process.stderr.write(
      `rolekeeper: Cannot write to stdout (${code}): check what should read the credentials\n`,
    );
    process.exit(EXIT.failure);
  });
  const { runCredentialProcess } = await import('./credential-process.ts');
  process.exitCode = await runCredentialProcess(process.argv.slice(3), process.env, {
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
  });
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
    stdout: process.stdout,
    stderr: process.stderr,
    stop: stopSignal(),
  };
}

/** The first signal asks for a clean end, a second one ends at once. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(EXIT.failure);
      stop.abort(name);
    });
  }
  return stop.signal;
}
