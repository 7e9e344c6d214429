import { fileURLToPath } from 'node:url';
import type { FakeS3 } from './fake-s3.ts';
import { ROLE } from './stage.ts';
import type { Surface } from './surfaces.ts';

/** A program of the distribution that lists a bucket, or does something as small, and ends. */
export interface Program {
  readonly name: string;
  /** Debian's. */
  readonly package: string;
  /** What is there once that is installed. */
  readonly file: string;
  /** As `rolekeeper env --for` knows it. */
  readonly client: string;
  readonly surfaces: readonly Surface[];
  /** By which it is tried as somebody whom the packet rules do not redirect, and as one whom the agent's rules do not allow. */
  readonly shutOut?: readonly Surface[];
  /** How it introduces itself to IMDS; left out: it does not. */
  readonly userAgent?: RegExp;
  /** Speaks TLS only. */
  readonly tls?: true;
  /** Makes a file system. */
  readonly mounts?: true;
  readonly env?: Readonly<Record<string, string>>;
  /** It finds the file by this home directory, not by a variable. */
  readonly homeWithFile?: true;
  command(run: ProgramRun): readonly string[];
}

export interface ProgramRun {
  readonly s3: FakeS3;
  readonly surface: Surface;
  /** A directory of its own, which does not exist yet. */
  readonly directory: string;
}

const script = (name: string) => fileURLToPath(new URL(`programs/${name}`, import.meta.url));

export const programs: readonly Program[] = [
  {
    name: 'awscli 2.9',
    package: 'awscli',
    // The distribution's own, whatever else comes first in PATH.
    file: '/usr/bin/aws',
    client: 'awscli2.9',
    surfaces: ['env', 'export', 'file', 'helper', 'command', 'container', 'imds', 'link-local'],
    command: ({ s3 }) => ['/usr/bin/aws', 's3api', 'list-buckets', '--endpoint-url', s3.url],
  },
  {
    name: 'rclone',
    package: 'rclone',
    file: '/usr/bin/rclone',
    client: 'rclone',
    surfaces: ['env', 'file', 'helper', 'command', 'container', 'imds', 'imds ±/', 'link-local'],
    env: { RCLONE_S3_ENV_AUTH: 'true', RCLONE_S3_PROVIDER: 'Other', RCLONE_S3_REGION: 'us-east-1' },
    command: ({ s3 }) => ['/usr/bin/rclone', 'lsf', '--s3-endpoint', s3.url, ':s3:example'],
  },
  {
    name: 's3cmd',
    package: 's3cmd',
    file: '/usr/bin/s3cmd',
    client: 's3cmd',
    surfaces: ['env', 'link-local'],
    shutOut: ['link-local'],
    command: ({ s3 }) => {
      const host = `127.0.0.1:${s3.port}`;
      return ['/usr/bin/s3cmd', '--no-ssl', '--host', host, '--host-bucket', host, 'ls'];
    },
  },
  {
    name: 'restic 0.14',
    package: 'restic',
    file: '/usr/bin/restic',
    client: 'restic-0.14',
    surfaces: ['env', 'file', 'container', 'link-local'],
    shutOut: ['link-local'],
    userAgent: /^Go-http-client\//,
    env: { RESTIC_PASSWORD: 'example' },
    command: ({ s3 }) => ['/usr/bin/restic', '--no-cache', '-r', `s3:${s3.url}/repository`, 'init'],
  },
  {
    name: 's3fs',
    package: 's3fs',
    file: '/usr/bin/s3fs',
    client: 's3fs',
    surfaces: ['env', 'link-local', 'tokenless'],
    shutOut: ['tokenless'],
    userAgent: /^s3fs\//,
    mounts: true,
    command: ({ s3, surface, directory }) => {
      const option = { env: 'use_session_token', tokenless: 'iam_role=auto' }[surface as 'env'];
      return ['/bin/sh', script('s3fs.sh'), s3.url, directory, '-o', option ?? `iam_role=${ROLE}`];
    },
  },
  {
    name: 'pgbackrest',
    package: 'pgbackrest',
    file: '/usr/bin/pgbackrest',
    client: 'pgbackrest',
    surfaces: ['env', 'link-local'],
    tls: true,
    command: ({ s3, surface }) => [
      ...['/bin/sh', script('pgbackrest.sh'), String(s3.port)],
      ...(surface === 'env' ? [] : ['--repo1-s3-key-type=auto']),
    ],
  },
  {
    name: 'ruby sdk 3.168',
    package: 'ruby-aws-sdk-s3',
    file: '/usr/lib/ruby/vendor_ruby/aws-sdk-s3.rb',
    client: 'ruby-3.168',
    surfaces: ['env', 'file', 'helper', 'command', 'imds :80', 'link-local'],
    command: ({ s3 }) => ['/usr/bin/ruby', script('ruby.rb'), s3.url],
  },
  {
    name: 'curl --aws-sigv4',
    package: 'curl',
    file: '/usr/bin/curl',
    client: 'curl',
    surfaces: ['env', 'export'],
    command: ({ s3 }) => ['/bin/sh', script('curl.sh'), s3.url],
  },
  {
    name: 'python-boto 2.49',
    package: 'python3-boto',
    file: '/usr/lib/python3/dist-packages/boto',
    client: 'boto2',
    surfaces: ['env', 'file', 'tokenless'],
    homeWithFile: true,
    command: ({ s3 }) => ['/usr/bin/python3', script('boto2.py'), String(s3.port)],
  },
  {
    name: 'duplicity s3://',
    package: 'duplicity',
    file: '/usr/bin/duplicity',
    client: 'boto2',
    surfaces: ['tokenless'],
    command: ({ s3, directory }) => ['/bin/sh', script('duplicity.sh'), String(s3.port), directory],
  },
  {
    name: 's3backer',
    package: 's3backer',
    file: '/usr/bin/s3backer',
    client: 's3backer',
    surfaces: ['tokenless'],
    command: ({ s3 }) => [
      ...['/usr/bin/s3backer', '--erase', '--force', '--size=1M', '--blockSize=4k', '--authVersion=aws4'],
      ...[
        `--accessEC2IAM=${ROLE}`,
        '--region=us-east-1',
        `--baseURL=http://localhost:${s3.port}/`,
        'example',
      ],
    ],
  },
];
