import { KEYS } from '../conflicting-variables.ts';
import type { KnownClient, Surface } from './known-client.ts';
import { mergedNoProxy } from './no-proxy.ts';
import type { Places } from './places.ts';

/** A variable's value: text, or the content of a file that only the program itself should read. */
export type Value = string | { readonly contentOf: string };

/** What is to be done to a client's environment, before it is written down in one syntax or another. */
export interface Plan {
  readonly set: readonly (readonly [name: string, value: Value])[];
  /** Variables that would lead the client elsewhere. */
  readonly unset: readonly string[];
  /** Lines for people. */
  readonly notes: readonly string[];
}

const CONTAINER = [
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
];
const PROFILES = ['AWS_PROFILE', 'AWS_DEFAULT_PROFILE'];

/** @param profile the name of the profile with our `credential_process` */
export function planFor(
  client: KnownClient,
  surface: Surface,
  profile: string,
  places: Places,
  env: NodeJS.ProcessEnv,
): Plan {
  const { set, unset, notes } = surfacePlans[surface](client, places, profile);
  const missing = places.missing[surface];
  const fallsThrough = goesOnToImds(client, surface);
  const noProxy = mergedNoProxy(env);
  const all = new Map<string, Value>([
    ...Object.entries(client.also ?? {}),
    // Nowhere else: told to load a configuration file that is not there, the SDK for JavaScript v2 throws at once.
    ...(client.loadConfig?.includes(surface) ? [['AWS_SDK_LOAD_CONFIG', '1'] as const] : []),
    ...set,
    ...(fallsThrough ? [['AWS_EC2_METADATA_DISABLED', 'true'] as const] : []),
    ['NO_PROXY', noProxy],
    // Half of the world reads the one, half the other.
    ['no_proxy', noProxy],
  ]);
  return {
    set: [...all],
    unset: [...new Set(unset)].filter((name) => !all.has(name)),
    notes: [
      `${client.what}: ${client.why} (${client.evidence})`,
      ...(missing === undefined ? [] : [`The agent's configuration still needs ${missing}`]),
      ...notes,
      ...(fallsThrough
        ? ['It would go on to IMDS where the agent fails, so IMDS is off for it: set AWS_REGION yourself']
        : []),
    ],
  };
}

/** A file that is not there stops no client: each that knows IMDS asks it next. */
function goesOnToImds({ fallsThrough, surfaces }: KnownClient, surface: Surface): boolean {
  return surface === 'file' ? surfaces.includes('imds') : (fallsThrough?.includes(surface) ?? false);
}

type SurfacePlan = (client: KnownClient, places: Places, profile: string) => Plan;

const surfacePlans: Record<Surface, SurfacePlan> = {
  /** One URI and one form of the token: clients disagree on which of two wins. */
  container: ({ token }, { containerUrl, tokenFile }) => ({
    set: [
      ['AWS_CONTAINER_CREDENTIALS_FULL_URI', containerUrl],
      token === 'value'
        ? ['AWS_CONTAINER_AUTHORIZATION_TOKEN', { contentOf: tokenFile }]
        : ['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', tokenFile],
    ],
    unset: [...KEYS, ...PROFILES, ...CONTAINER, 'AWS_WEB_IDENTITY_TOKEN_FILE'],
    notes: [
      `Its user has to be able to read ${tokenFile}`,
      ...(containerUrl.startsWith('http://127.0.0.1:') ? [] : ['Some clients take no address but 127.0.0.1']),
      ...(token === 'value'
        ? ['A token in a variable is that of this boot: set it anew after the next']
        : []),
    ],
  }),
  imds: ({ slash }, { imdsOrigin }) => ({
    set: [['AWS_EC2_METADATA_SERVICE_ENDPOINT', slash ? `${imdsOrigin}/` : imdsOrigin]],
    // The endpoint wins over the mode in most clients, and "disabled" over both in all.
    unset: [
      ...KEYS,
      ...PROFILES,
      ...CONTAINER,
      'AWS_WEB_IDENTITY_TOKEN_FILE',
      'AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE',
      'AWS_EC2_METADATA_DISABLED',
    ],
    notes: [],
  }),
  process: (_client, _places, profile) => ({
    set: [['AWS_PROFILE', profile]],
    unset: [...KEYS, 'AWS_DEFAULT_PROFILE', 'AWS_WEB_IDENTITY_TOKEN_FILE'],
    notes: [
      `Needs the profile once: rolekeeper config profile --name ${profile} >>~/.aws/config`,
      'Where HOME is not set, as in units of root: put it in a file of its own and name that in AWS_CONFIG_FILE',
    ],
  }),
  file: ({ loadConfig }, { file }) => ({
    set: [
      ['AWS_SHARED_CREDENTIALS_FILE', file.path],
      ...(file.profile === 'default' ? [] : [['AWS_PROFILE', file.profile] as const]),
    ],
    unset: [...KEYS, ...PROFILES, 'AWS_WEB_IDENTITY_TOKEN_FILE'],
    notes: [
      'Most programs read it once: for commands, and for services that on_change restarts',
      ...(loadConfig?.includes('file')
        ? [
            'It throws where there is no configuration file: see that ~/.aws/config is there, if only an empty one',
          ]
        : []),
    ],
  }),
  exec: ({ example }) => ({
    set: [],
    // `exec` itself leaves out what conflicts.
    unset: [],
    notes: [
      'No variable leads it to the agent. Give it the set itself:',
      `  ${example ?? 'rolekeeper exec -- COMMAND'}`,
    ],
  }),
};
