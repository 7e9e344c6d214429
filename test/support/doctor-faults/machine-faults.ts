import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../../../src/cli/doctor/finding.ts';
import { temporaryDirectory } from '../agent-process.ts';
import { rolekeeper, run } from '../child.ts';
import { configuration } from '../ill-machine.ts';
import { isRoot, programPath } from '../machine.ts';
import { envOf, forever, type InducedFault, on } from './induced-fault.ts';

const shellCommand = rolekeeper.map((word) => `'${word}'`).join(' ');
const EXAMPLE_KEYS = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'EXAMPLE' };

/** In what else is on the machine: files, other programs, the configuration, packet rules. */
export const machineFaults: readonly InducedFault[] = [
  {
    fault: 'files: the directory does not exist',
    says: 'file-not-written',
    diagnose: () =>
      on({
        config: (place) => configuration(place, sharedFile(join(place.directory, 'nowhere', 'credentials'))),
      }),
  },
  {
    fault: 'files: somebody else wrote into one',
    says: 'file-altered',
    diagnose: () =>
      on(
        { config: (place) => configuration(place, sharedFile(join(place.directory, 'credentials'))) },
        async ({ directory, agent }) => {
          await agent().becomes(
            (status) => (status as { files?: { key_id?: string }[] }).files?.[0]?.key_id !== undefined,
          );
          writeFileSync(join(directory, 'credentials'), keysIn('default'));
        },
      ),
  },
  {
    fault: 'files: another writer runs',
    says: 'other-writer',
    diagnose: () =>
      on({}, async (machine) => {
        const program = join(machine.directory, 'aws_signing_helper');
        copyFileSync(programPath('sleep') ?? '', program);
        chmodSync(program, 0o755);
        machine.program([program, '1000']);
      }),
  },
  {
    fault: 'shadow: a [default] profile with keys',
    says: 'shadow-profile',
    diagnose: () =>
      on({}, async ({ home }) => {
        mkdirSync(join(home, '.aws'));
        writeFileSync(join(home, '.aws', 'credentials'), keysIn('default'));
      }),
  },
  {
    fault: 'shadow: keys in the environment of a program',
    says: 'shadow-process',
    diagnose: () =>
      on({}, async (machine) => {
        machine.program(forever, { env: EXAMPLE_KEYS });
      }),
  },
  {
    fault: 'shadow: keys in this shell',
    says: 'shadow-own',
    diagnose: () => on({}, async (machine) => ({ env: { ...envOf(machine), ...EXAMPLE_KEYS } })),
  },
  {
    fault: 'proxy: in this shell, without NO_PROXY',
    says: 'proxy-own',
    diagnose: () =>
      on({}, async (machine) => ({
        env: { ...envOf(machine), HTTP_PROXY: 'http://192.0.2.1:3128', NO_PROXY: 'localhost,10.0.0.0/8' },
      })),
  },
  {
    fault: 'proxy: a consumer was started with one',
    says: 'proxy-consumer',
    diagnose: () =>
      on({}, async (machine) => {
        await machine.agent().ask('/v1/credentials');
        machine.program(forever, { env: { http_proxy: 'http://192.0.2.1:3128' } });
      }),
  },
  {
    fault: 'proxy: a program that never asked has one',
    says: 'proxy-elsewhere',
    diagnose: () =>
      on({}, async (machine) => {
        machine.program([programPath('sleep') ?? '', '1000'], {
          env: { ALL_PROXY: 'http://192.0.2.1:3128' },
        });
      }),
  },
  {
    fault: 'configuration: a key that does not exist',
    says: 'config-invalid',
    diagnose: () =>
      on({}, async (machine) => {
        writeFileSync(machine.configPath, `${configuration(machine)}\n[imds_endpont]\nenabled = true\n`);
      }),
  },
  {
    fault: 'configuration: 2 MB of noise',
    says: 'config-invalid',
    also: ['agent-not-running'],
    diagnose: () =>
      on({ agent: false }, async (machine) => {
        writeFileSync(machine.configPath, '\u0000[[['.repeat(500_000));
      }),
  },
  {
    fault: 'lockdown: its unit is enabled, the rules were flushed',
    says: 'lockdown-missing',
    diagnose: () =>
      on({}, async () => ({
        isNetworkUnitEnabled: true,
        nft: { ours: async () => undefined, normalised: async (ruleset) => ruleset },
      })),
  },
  {
    fault: 'lockdown: somebody edited the rules (real nft)',
    says: 'lockdown-drift',
    isRealMachine: true,
    skipped: whyNoNft(),
    diagnose: () => inNetworkNamespace('', 'root', 'nft add chain inet rolekeeper added'),
  },
  {
    fault: 'lockdown: in force, no agent, no role (real nft)',
    says: 'no-role',
    isRealMachine: true,
    skipped: whyNoNft(),
    diagnose: () => inNetworkNamespace(simulatedImds('--no-role'), 'daemon'),
  },
  {
    fault: 'direct: another program talks to IMDS',
    says: 'direct-reader',
    diagnose: () =>
      on({}, async (machine) => {
        const script = `require('node:net').connect(${new URL(machine.endpoint).port}, '127.0.0.1', () => console.log('connected'))`;
        await machine.program([process.execPath, '-e', script]).says(/connected/);
      }),
  },
  {
    fault: 'direct: a consumer reads without a token',
    says: 'imdsv1-reader',
    diagnose: () =>
      on(
        {
          config: (place) =>
            configuration(
              place,
              `\n[imds_endpoint]\nenabled = true\nlisten = "127.0.0.1:${place.ports.imds}"\ntokenless_users = ["${process.geteuid?.()}"]\n`,
            ),
        },
        async ({ ports }) => {
          await (
            await fetch(`http://127.0.0.1:${ports.imds}/latest/meta-data/iam/security-credentials/`)
          ).text();
        },
      ),
  },
];

function keysIn(profile: string): string {
  return `[${profile}]\naws_access_key_id = ASIAIOSFODNN7EXAMPLE\naws_secret_access_key = EXAMPLE\naws_session_token = EXAMPLE\n`;
}

function sharedFile(path: string): string {
  return `\n[[files]]\nformat = "shared-credentials"\npath = "${path}"\nprofile = "default"\n`;
}

function whyNoNft(): string | undefined {
  if (!isRoot) return 'needs root';
  const missing = ['nft', 'unshare', 'ip'].find((name) => programPath(name) === undefined);
  return missing === undefined ? undefined : `there is no ${missing} here`;
}

/** At the address of IMDS itself, which there is nowhere else in the namespace; asked from another one. */
function simulatedImds(flags: string): string {
  return `ip addr add 169.254.169.254/32 dev lo && ip addr add 192.0.2.1/32 dev lo
    ip route replace table local local 169.254.169.254 dev lo src 192.0.2.1
    mkfifo "$PLACE/said"
    ${shellCommand} simulate --listen 169.254.169.254:80 --allow-link-local --quiet ${flags} >"$PLACE/said" &
    read -r greeting <"$PLACE/said"`;
}

/** The doctor as root, with the packet rules loaded, in a network namespace that ends with it. */
async function inNetworkNamespace(
  before: string,
  agentUser: string,
  after = 'true',
): Promise<readonly Finding[]> {
  using place = temporaryDirectory();
  const flags = `--config /dev/null --network-agent-user ${agentUser} --agent-socket-group root`;
  const script = `ip link set lo up
    ${before}
    ${shellCommand} network plan ${flags} | nft -f - && ${after} || exit 9
    ${shellCommand} doctor --json ${flags} --runtime-dir /nonexistent`;
  const isolated = ['unshare', '--net', '--pid', '--fork', '--kill-child', '/bin/sh', '-c', script];
  const endpoint = before === '' ? 'http://127.0.0.1:1' : 'ipv4';
  const { stdout, stderr } = await run(isolated, {
    env: {
      ROLEKEEPER_IMDS_ENDPOINT: endpoint,
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      PLACE: place.path,
    },
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout).findings;
}
