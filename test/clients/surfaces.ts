import { rolekeeper } from '../support/child.ts';
import type { Stage } from './stage.ts';

/** The columns of the table. What needs the link-local address comes last. */
export const surfaces = [
  'env',
  'export',
  'file',
  'helper',
  'command',
  'container',
  'imds',
  'imds ±/',
  'imds :80',
  'link-local',
  'tokenless',
] as const;

export type Surface = (typeof surfaces)[number];

export const meanings: Readonly<Record<Surface, string>> = {
  env: 'rolekeeper exec -- COMMAND',
  export: 'eval "$(rolekeeper export)"',
  file: 'shared credentials file',
  helper: 'credential_process, the fast helper',
  command: 'credential_process, rolekeeper credential-process',
  container: 'AWS_CONTAINER_CREDENTIALS_FULL_URI with the token, as rolekeeper env prints it',
  imds: 'AWS_EC2_METADATA_SERVICE_ENDPOINT, as rolekeeper env prints it',
  'imds ±/': 'the same without the slash at its end, or with one',
  'imds :80': 'the same for a client that drops the port: the endpoint listens on port 80',
  'link-local': '169.254.169.254 redirected by the packet rules, with metadata tokens (IMDSv2)',
  tokenless: '169.254.169.254 redirected by the packet rules, without tokens (IMDSv1), as a user who may',
};

/** These lead to the agent only while the redirection is in place, which nothing else must have: it would hide a fall-through. */
export function needsRedirection(surface: Surface): boolean {
  return surface === 'imds :80' || surface === 'link-local' || surface === 'tokenless';
}

/**
 * A command that leads another one to the agent by one surface.
 * @param client as `rolekeeper env --for` knows it
 */
export async function ledBy(stage: Stage, client: string, surface: Surface): Promise<readonly string[]> {
  switch (surface) {
    case 'env':
      return [...rolekeeper, 'exec', '--'];
    case 'export':
      return inShell(`eval "$(${rolekeeper.map((word) => `'${word}'`).join(' ')} export)"`);
    case 'link-local':
    case 'tokenless':
      return [];
    case 'helper':
    case 'command':
      return inShell(await stage.variables(client, 'process', surface));
    case 'file':
    case 'container':
    case 'imds':
      return inShell(await stage.variables(client, surface));
    case 'imds ±/':
      return inShell(`${await stage.variables(client, 'imds')}\n${OTHER_SLASH}`);
    case 'imds :80':
      return inShell(`export AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1`);
  }
}

const OTHER_SLASH = `
case $AWS_EC2_METADATA_SERVICE_ENDPOINT in
  */) AWS_EC2_METADATA_SERVICE_ENDPOINT=\${AWS_EC2_METADATA_SERVICE_ENDPOINT%/} ;;
  *) AWS_EC2_METADATA_SERVICE_ENDPOINT=$AWS_EC2_METADATA_SERVICE_ENDPOINT/ ;;
esac`;

function inShell(lines: string): readonly string[] {
  return ['/bin/sh', '-c', `${lines}\nexec "$@"`, 'sh'];
}
