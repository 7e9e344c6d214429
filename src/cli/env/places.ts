import { join } from 'node:path';
import { formatConfigError } from '../../config/config-error.ts';
import { listenAddress } from '../../config/listener-values.ts';
import { loadSettings } from '../../config/load.ts';
import type { Settings } from '../../config/settings.ts';
import type { Surface } from './known-client.ts';

/** Where an agent's surfaces are. */
export interface Places {
  /** `http://127.0.0.1:9911/v1/container-credentials` */
  readonly containerUrl: string;
  /** The file with the container endpoint's authorization token. */
  readonly tokenFile: string;
  /** `http://127.0.0.1:9912`, without a slash. */
  readonly imdsOrigin: string;
  /** The profile that the agent writes into a shared credentials file, and that file. */
  readonly file: { readonly path: string; readonly profile: string };
  /** What has to be done to the configuration before the surface is there. */
  readonly missing: Partial<Record<Surface, string>>;
}

/** Where the agent with this configuration has its surfaces; or what is wrong with the configuration. */
export async function findPlaces(
  configPath: string | undefined,
  runtimeDirectory: string,
  env: NodeJS.ProcessEnv,
): Promise<Places | { error: string }> {
  // AWS's own variables are the client's here, not the agent's: they are what is about to be changed.
  const ours = Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('ROLEKEEPER_')));
  const result = await loadSettings({ configPath, env: ours, flags: {} });
  if (!result.ok) return { error: result.errors.map(formatConfigError).join('; ') };
  return placesOf(result.settings, runtimeDirectory);
}

function placesOf({ containerEndpoint, imdsEndpoint, files }: Settings, runtimeDirectory: string): Places {
  const file = files.find(({ format }) => format === 'shared-credentials');
  return {
    containerUrl: `${originOf(containerEndpoint.listen)}/v1/container-credentials`,
    tokenFile: join(runtimeDirectory, 'container-token'),
    imdsOrigin: originOf(imdsEndpoint.listen),
    file: file ?? { path: join(runtimeDirectory, 'credentials'), profile: 'default' },
    missing: {
      ...endpointMissing('container', 'container_endpoint', containerEndpoint),
      ...endpointMissing('imds', 'imds_endpoint', imdsEndpoint),
      ...(file === undefined && { file: '[[files]] with format = "shared-credentials" and this path' }),
    },
  };
}

type Listen = Settings['containerEndpoint']['listen'];

function originOf(listen: Listen): string {
  // As in the file, where it is a string in quotes.
  return `http://${JSON.parse(listenAddress.format(listen))}`;
}

function endpointMissing(
  surface: Surface,
  section: string,
  { enabled, listen }: { enabled: boolean; listen: Listen },
): Places['missing'] {
  if (!enabled) return { [surface]: `enabled = true in [${section}]` };
  return listen.port === 0 ? { [surface]: `a port of its own in [${section}]` } : {};
}
