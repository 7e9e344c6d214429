import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { parseDuration } from '../domain/duration.ts';
import { type AgentOptions, withAgentOptions } from './agent-settings.ts';
import type { CommandWorld } from './command-world.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import type { WaitOptions } from './wait.ts';

/** Every verb but `credential-process`, which `main` runs itself. Each loads what it needs when it is called. */
export async function runProgram(argv: readonly string[], world: CommandWorld): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const program = new Command('rolekeeper')
    .description(
      "The credential agent of an EC2 instance: keeps the role's credentials fresh and hands them out.",
    )
    .version(world.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => world.stdout.write(text),
      writeErr: (text) => world.stderr.write(text),
    });

  withAgentOptions(command('serve', 'run the agent in the foreground, until SIGTERM or SIGINT')).action(
    async (options: AgentOptions) => {
      const { serve } = await import('./serve.ts');
      exitCode = await serve(options, world);
    },
  );
  withAgentOptions(
    command('start', 'try the agent out: on a simulated instance unless an endpoint is configured'),
  ).action(async (options: AgentOptions) => {
    const { start } = await import('./start.ts');
    exitCode = await start(options, world);
  });
  // Only for --help: main.ts runs this verb before it loads this file.
  command('credential-process', 'print the credentials once, for credential_process in an AWS profile');
  command('wait', 'return when the agent serves usable credentials')
    .option('--timeout <duration>', 'how long to wait', duration, duration('60s'))
    .option('--config <file>', 'configuration file, where it names another socket path')
    .option('--runtime-dir <dir>', "the agent's runtime directory")
    .action(async (options: WaitOptions) => {
      const { wait } = await import('./wait.ts');
      exitCode = await wait(options, world);
    });
  command('demo', 'watch a compressed day in the life of a role: simulator and agent on loopback').action(
    async () => {
      const { demo } = await import('./demo.ts');
      exitCode = await demo(world);
    },
  );
  if (argv[2] === 'simulate') program.addCommand(await simulate(world));
  else command('simulate', 'run a simulated instance metadata service (IMDS) on loopback, faults included');

  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    world.stderr.write(`rolekeeper: ${(error as Error).message}\n`);
    return EXIT.failure;
  }

  function command(name: string, description: string): Command {
    return program.command(name).description(description);
  }
}

async function simulate(world: CommandWorld): Promise<Command> {
  const { simulateCommand } = await import('./simulate.ts');
  const { createLog, logFormat } = await import('../platform/log.ts');
  const { clock, random, stdout, stderr, stop, env } = world;
  const log = createLog({ level: 'info', format: logFormat('auto', env), clock, stream: stderr });
  return simulateCommand({ clock, random, log, stdout, stop }).exitOverride();
}

function duration(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds !== undefined) return milliseconds;
  throw new InvalidArgumentError('Expected a length of time such as 90s, 5m or 6h.');
}
