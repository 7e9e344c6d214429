import { existsSync, readFileSync } from 'node:fs';
import { clientRuntimeDirectory } from '../config/runtime-directory.ts';
import { isProfileName } from '../domain/export-formats.ts';
import type { CommandWorld } from './command-world.ts';
import { knownClients } from './env/clients.ts';
import { findClient } from './env/find-client.ts';
import type { KnownClient, Surface } from './env/known-client.ts';
import { findPlaces } from './env/places.ts';
import { type Plan, planFor, type Value } from './env/plan.ts';
import { type EnvironmentFormat, renderPlan } from './env/render.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

export interface EnvOptions {
  readonly for: string;
  readonly format: EnvironmentFormat;
  /** Instead of the best one. */
  readonly surface?: Surface;
  readonly profile: string;
  /** Print a secret as it is, where a client needs it in a variable. */
  readonly reveal?: boolean;
  readonly config?: string;
  readonly runtimeDir?: string;
}

/**
 * `rolekeeper env --for CLIENT`: what a client's environment has to say, so that it asks the agent, in that client's
 * own dialect. Asks nobody: what it prints holds also before the agent has started.
 */
export async function env(options: EnvOptions, world: CommandWorld): Promise<ExitCode> {
  if (options.for === 'list') {
    world.stdout.write(listOfClients());
    return EXIT.ok;
  }
  const found = findClient(options.for);
  if (!('client' in found)) {
    const hint = found.meant === undefined ? '' : `Did you mean ${found.meant}? `;
    return refuse(
      `No client is known as ${JSON.stringify(options.for)}. ${hint}See rolekeeper env --for list`,
    );
  }
  const { client } = found;
  const surface = options.surface ?? client.surfaces[0];
  if (!client.surfaces.includes(surface)) {
    return refuse(
      `${client.names[0]} has no use for the surface ${surface}, only for ${client.surfaces.join(', ')}.`,
    );
  }
  if (!isProfileName(options.profile)) {
    return refuse(
      '--profile must be 1 to 64 letters, digits or any of _ - @ + . % : /, which every SDK reads.',
    );
  }
  const directory = clientRuntimeDirectory({ flag: options.runtimeDir, env: world.env, exists: existsSync });
  if (!directory.ok) return refuse(directory.error);
  const places = await findPlaces(options.config, directory.path, world.env);
  if ('error' in places) return refuse(places.error);

  const plan = planFor(client, surface, options.profile, places, world.env);
  const revealed = options.reveal === true ? reveal(plan) : plan;
  if ('error' in revealed) return refuse(revealed.error);
  const text = renderPlan(options.format, revealed);
  if (text === undefined) return refuse('A value has a line break, which no environment file can hold.');
  world.stdout.write(text);
  return EXIT.ok;

  function refuse(message: string): ExitCode {
    world.stderr.write(`rolekeeper: ${message}\n`);
    return EXIT.usage;
  }
}

function reveal(plan: Plan): Plan | { error: string } {
  try {
    const set = plan.set.map(([name, value]): readonly [string, Value] => [
      name,
      typeof value === 'string' ? value : readFileSync(value.contentOf, 'utf8').trimEnd(),
    ]);
    return { ...plan, set };
  } catch (error) {
    return {
      error: `The token to reveal cannot be read: ${(error as Error).message}. The agent writes it when it starts; its group may read it.`,
    };
  }
}

function listOfClients(): string {
  const widest = (texts: readonly string[]) => Math.max(...texts.map((text) => text.length));
  const nameOf = ({ names }: KnownClient) => names[0];
  const width = widest(knownClients.map(nameOf));
  const widthOfSurface = widest(knownClients.map(({ surfaces }) => surfaces[0]));
  return knownClients
    .map((client) => {
      const { what, why, surfaces } = client;
      return `${nameOf(client).padEnd(width)}  ${surfaces[0].padEnd(widthOfSurface)}  ${what}: ${why}\n`;
    })
    .join('');
}
