import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { surfaceNames } from '../domain/caller.ts';
import { parseDuration } from '../domain/duration.ts';
import { exportFormats } from '../domain/export-formats.ts';
import { InputError } from '../simulator/input-error.ts';
import type { AccessTestOptions } from './access.ts';
import { type AgentOptions, withAgentOptions } from './agent-settings.ts';
import { withAgentSocketOptions } from './agent-socket-options.ts';
import type { CallersOptions } from './callers.ts';
import type { CommandWorld } from './command-world.ts';
import type { FileOption, ProfileOptions } from './config.ts';
import type { DoctorOptions } from './doctor.ts';
import { surfaces } from './env/known-client.ts';
import { environmentFormats } from './env/render.ts';
import type { EnvOptions } from './env.ts';
import type { ExecOptions } from './exec.ts';
import { EXIT } from './exit-codes.ts';
import type { ExportOptions } from './export.ts';
import type { StatusOptions } from './status.ts';
import type { WaitOptions } from './wait.ts';

/**
 * Every verb but `credential-process`, which `main` runs itself. Each loads what it needs when it is called. Resolves
 * with the exit code: one of `EXIT`, or that of the command that `exec` ran.
 *
 * @param act what is done with the commands: the man page and the completions are written from them
 */
export async function runProgram(
  argv: readonly string[],
  world: CommandWorld,
  act = (program: Command): Promise<unknown> => program.parseAsync(argv),
): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = new Command('rolekeeper')
    .description(
      "The credential agent of an EC2 instance: keeps the role's credentials fresh and hands them out.",
    )
    .version(world.version)
    // So that everything after the name of exec's command is that command's own.
    .enablePositionalOptions()
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
  withAgentSocketOptions(
    command('credential-process', 'print the credentials once, for credential_process in an AWS profile'),
  );
  withAgentSocketOptions(
    command('wait', 'return when the agent serves usable credentials').option(
      '--timeout <duration>',
      'how long to wait',
      duration,
      duration('60s'),
    ),
  ).action(async (options: WaitOptions) => {
    const { wait } = await import('./wait.ts');
    exitCode = await wait(options, world);
  });
  withAgentSocketOptions(
    command('status', 'show what the agent does, and what makes programs pass it by')
      .option('--json', 'as one line of JSON, by docs/status.schema.json')
      .option('--watch', 'until a signal: drawn anew each second, or in a pipe a line for each change'),
  ).action(async (options: StatusOptions) => {
    const { status } = await import('./status.ts');
    exitCode = await status(options, world);
  });
  withAgentSocketOptions(
    command('exec', 'run a command with the credentials in its environment')
      .usage('[options] [--] COMMAND [ARGUMENT...]')
      .argument('<command>', 'what to run: its exit code is the result; 127 none found, 126 not runnable')
      .argument('[arguments...]', 'its own arguments and options')
      .passThroughOptions()
      .option('--min-remaining <duration>', 'refuse credentials with less life left than this', duration),
  ).action(async (name: string, args: readonly string[], options: ExecOptions) => {
    const { exec } = await import('./exec.ts');
    exitCode = await exec([name, ...args], options, world);
  });
  withAgentSocketOptions(
    command('export', 'print the credentials, for a shell or a file')
      .addOption(new Option('--format <format>', 'its syntax').choices(exportFormats).default('env'))
      .option('--profile <name>', "the section's name in ini", 'default'),
  ).action(async (options: ExportOptions) => {
    const { exportSet } = await import('./export.ts');
    exitCode = await exportSet(options, world);
  });
  withAgentSocketOptions(
    command('env', 'print the environment that leads a program to the agent')
      .requiredOption('--for <client>', 'which program or SDK, or list')
      .addOption(new Option('--format <format>', 'its syntax').choices(environmentFormats).default('sh'))
      .addOption(new Option('--surface <surface>', 'instead of the best one').choices(surfaces))
      .option('--profile <name>', 'the profile with the credential_process', 'rolekeeper')
      .option('--reveal', 'print the token itself, for programs that do not read its file'),
  ).action(async (options: EnvOptions) => {
    const { env } = await import('./env.ts');
    exitCode = await env(options, world);
  });
  withAgentSocketOptions(
    command(
      'callers',
      'list who has asked for credentials in the last hour, IMDSv1-shaped readers first',
    ).option('--json', 'as the agent tells it, counts since first_seen'),
  ).action(async (options: CallersOptions) => {
    const { callers } = await import('./callers.ts');
    exitCode = await callers(options, world);
  });
  withAgentOptions(
    command('doctor', 'find what is wrong, with the evidence and the next step; ends with 10 or 11').option(
      '--json',
      'for programs',
    ),
  ).action(async (options: AgentOptions & DoctorOptions) => {
    const { doctor } = await import('./doctor.ts');
    exitCode = await doctor(options, world);
  });
  addAccessVerb(command('access', 'say what the rules of the configuration mean for a caller'));
  addConfigVerbs(command('config', 'print or check the configuration'));
  addNetworkVerbs(
    command('network', 'keep everybody but the agent away from IMDS, by packet rules (nftables)'),
  );
  command('demo', 'watch a compressed day in the life of a role: simulator and agent on loopback').action(
    async () => {
      const { demo } = await import('./demo.ts');
      exitCode = await demo(world);
    },
  );
  if (argv[2] === 'simulate') program.addCommand((await simulate(world)).copyInheritedSettings(program));
  else command('simulate', 'run a simulated instance metadata service (IMDS) on loopback, faults included');

  try {
    await act(program);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    world.stderr.write(`rolekeeper: ${(error as Error).message}\n`);
    return error instanceof InputError ? EXIT.usage : EXIT.failure;
  }

  function command(name: string, description: string): Command {
    return program.command(name).description(description);
  }

  function addNetworkVerbs(network: Command): void {
    const about = {
      plan: 'print the rules that apply would load',
      apply: 'load the rules; take them back where the agent does not reach IMDS with them',
      check: 'say whether the rules in force are the configured ones',
    } as const;
    for (const verb of ['plan', 'apply', 'check'] as const) {
      withAgentOptions(network.command(verb).description(about[verb])).action(
        async (options: AgentOptions) => {
          exitCode = await (await import('./network.ts')).network[verb](options, world);
        },
      );
    }
    network
      .command('remove')
      .description('take the rules away')
      .action(async () => {
        exitCode = await (await import('./network.ts')).network.remove(world);
      });
  }

  function addAccessVerb(access: Command): void {
    access
      .command('test')
      .description(
        'say whether a caller may ask, and by which rule; ends with 0 or 4. The first rule that fits decides; where none does: denied if there is an [[allow]] for the surface, else allowed. What is not given is not known, and what is not known fits no [[allow]] and every [[deny]].',
      )
      .requiredOption('--user <user>', 'its user, by name or number')
      .addOption(
        new Option('--surface <surface>', 'where it asks').choices(surfaceNames).makeOptionMandatory(),
      )
      .option('--group <group...>', 'its groups; default: those that the user gets at login')
      .option('--unit <unit>', 'the systemd unit that it is in; an empty one: in none')
      .option('--exe <path>', 'the program that it is')
      .option('--config <file>', 'configuration file (default: /etc/rolekeeper/config.toml)')
      .action(async (options: AccessTestOptions) => {
        const { accessTest } = await import('./access.ts');
        exitCode = await accessTest(options, world);
      });
  }

  function addConfigVerbs(config: Command): void {
    config
      .command('profile')
      .description('print a profile for ~/.aws/config')
      .option('--name <name>', "the profile's name", 'rolekeeper')
      .option('--runtime-dir <dir>', "the agent's runtime directory")
      .action(async (options: ProfileOptions) => {
        exitCode = (await import('./config.ts')).configProfile(options, world);
      });
    config
      .command('default')
      .description('print the file that changes nothing, with every key explained')
      .action(async () => {
        exitCode = (await import('./config.ts')).configDefault(world);
      });
    config
      .command('check')
      .description('say everything that is wrong, or ok')
      .option('--config <file>', 'configuration file (default: /etc/rolekeeper/config.toml)')
      .action(async (options: FileOption) => {
        exitCode = await (await import('./config.ts')).configCheck(options, world);
      });
    config
      .command('show')
      .description('print what is in force, and where each value comes from')
      .option('--config <file>', 'configuration file (default: /etc/rolekeeper/config.toml)')
      .action(async (options: FileOption) => {
        exitCode = await (await import('./config.ts')).configShow(options, world);
      });
  }
}

async function simulate(world: CommandWorld): Promise<Command> {
  const { simulateCommand } = await import('./simulate.ts');
  const { createLog, logFormat } = await import('../platform/log.ts');
  const { clock, random, stdout, stderr, stop, env } = world;
  const log = createLog({ level: 'info', format: logFormat('auto', env), clock, stream: stderr });
  return simulateCommand({ clock, random, log, stdout, stop });
}

function duration(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds !== undefined) return milliseconds;
  throw new InvalidArgumentError('Expected a length of time such as 90s, 5m or 6h.');
}
