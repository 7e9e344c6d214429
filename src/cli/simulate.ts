import { once } from 'node:events';
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../domain/duration.ts';
import type { Clock, Log, Random } from '../domain/ports.ts';
import type { Fault } from '../simulator/fault.ts';
import { faultKinds, faultRules } from '../simulator/fault-rules.ts';
import { readFaultText } from '../simulator/fault-text.ts';
import { createSimulatedInstance, type SimulatedInstance } from '../simulator/instance.ts';
import { seededRandom } from '../simulator/seeded-random.ts';
import { type Simulator, startSimulator } from '../simulator/server.ts';

export interface SimulateWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly stdout: { write(text: string): unknown };
  /** Ends the simulation. */
  readonly stop: AbortSignal;
}

interface SimulateOptions {
  readonly listen: string;
  /** False with `--no-role`. */
  readonly role: string | false;
  readonly lifetime: number;
  readonly rotateEvery: number;
  readonly tokens: 'required' | 'optional';
  readonly fault: readonly Fault[];
  readonly seed?: number;
  readonly quiet?: boolean;
  readonly allowLinkLocal?: boolean;
}

/** `rolekeeper simulate`: a metadata service on loopback, until it is stopped. */
export function simulateCommand(world: SimulateWorld): Command {
  return new Command('simulate')
    .description('run a simulated instance metadata service (IMDS) on loopback, faults included')
    .option('--listen <address>', 'where to listen; port 0 takes a free one', '127.0.0.1:1338')
    .option('--role <name>', 'the attached role', 'example-role')
    .option('--no-role', 'attach no role')
    .addOption(
      new Option('--lifetime <duration>', "a credential set's time from issue to expiration")
        .argParser(duration)
        .default(duration('6h'), '6h'),
    )
    .addOption(
      new Option('--rotate-every <duration>', 'time from one credential set to the next')
        .argParser(duration)
        .default(duration('1h'), '1h'),
    )
    .addOption(
      new Option('--tokens <setting>', 'whether reads need a metadata token')
        .choices(['required', 'optional'])
        .default('required'),
    )
    .addOption(
      new Option('--fault <fault>', 'KIND[=VALUE][@REQUESTKIND][*TIMES], may be repeated (kinds below)')
        .argParser(fault)
        .default([], 'none'),
    )
    .option('--seed <number>', 'make the same credential sets and tokens every time', seed)
    .option('--quiet', 'do not log requests')
    .option('--allow-link-local', 'allow 169.254.169.254 and [fd00:ec2::254] too, for a network namespace')
    .addHelpText('after', faultHelp())
    .action((options: SimulateOptions) => simulate(world, options));
}

async function simulate(world: SimulateWorld, options: SimulateOptions): Promise<void> {
  const instance = simulatedInstance(world, options);
  const simulator = await startSimulator({
    listen: options.listen,
    instance,
    clock: world.clock,
    log: options.quiet ? withoutInfo(world.log) : world.log,
    allowLinkLocal: options.allowLinkLocal ?? false,
  });
  world.stdout.write(greeting(simulator));
  if (!world.stop.aborted) await once(world.stop, 'abort');
  await simulator.close();
}

function simulatedInstance(world: SimulateWorld, options: SimulateOptions): SimulatedInstance {
  const instance = createSimulatedInstance({
    clock: world.clock,
    random: options.seed === undefined ? world.random : seededRandom(options.seed),
    role: options.role === false ? null : options.role,
    lifetimeMs: options.lifetime,
    rotateEveryMs: options.rotateEvery,
    httpTokens: options.tokens,
  });
  for (const fault of options.fault) instance.setFault(fault);
  return instance;
}

function greeting({ url }: Simulator): string {
  return `simulator listening on ${url}

# clients take it for the instance's metadata service with
export AWS_EC2_METADATA_SERVICE_ENDPOINT=${url}
# see what it serves and what it was asked; change it
curl -s ${url}/_control/state
curl -s ${url}/_control -d '{"rotate":true}'
curl -s ${url}/_control -d '{"fault":{"kind":"status","status":503,"on":"document","times":2}}'
`;
}

function withoutInfo(log: Log): Log {
  return {
    error: (message, fields) => log.error(message, fields),
    warn: (message, fields) => log.warn(message, fields),
    info: () => {},
    debug: () => {},
  };
}

function duration(text: string): number {
  const length = parseDuration(text);
  if (length === undefined)
    throw new InvalidArgumentError('Expected a length of time such as 90s, 5m or 6h.');
  return length;
}

function seed(text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new InvalidArgumentError('Expected a whole number of at most nine digits.');
  return Number(text);
}

function fault(text: string, before: readonly Fault[]): readonly Fault[] {
  try {
    return [...before, readFaultText(text)];
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function faultHelp(): string {
  const lines = faultKinds.map((kind) => {
    const { does, value } = faultRules[kind];
    const name = value === undefined ? kind : `${kind}=${value.name.toUpperCase()}`;
    return `  ${name.padEnd(26)}${does}`;
  });
  return `
Faults (REQUESTKIND is token, list, document, info, other or all; MS is a length such as 2s):
${lines.join('\n')}
`;
}
