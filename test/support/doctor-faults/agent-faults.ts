import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../../../src/cli/doctor/finding.ts';
import { rolekeeper, run } from '../child.ts';
import { configuration, illMachine } from '../ill-machine.ts';
import { NOBODY, nobodyMayRun } from '../machine.ts';
import { httpServer } from './http-server.ts';
import { type InducedFault, on } from './induced-fault.ts';

/** In the agent, its sockets, its ports and its files. */
export const agentFaults: readonly InducedFault[] = [
  {
    fault: 'agent: not started',
    says: 'agent-not-running',
    diagnose: () => on({ agent: false }),
  },
  {
    fault: 'agent: killed, its socket file left',
    says: 'agent-not-running',
    diagnose: () =>
      on({}, async (machine) => {
        await machine.agent().kill();
      }),
  },
  {
    fault: 'agent: stopped (SIGSTOP)',
    says: 'agent-silent',
    diagnose: () =>
      on({}, async (machine) => {
        machine.agent().child.kill('SIGSTOP');
      }),
  },
  {
    fault: 'agent: of another version',
    says: 'agent-other-version',
    diagnose: () => on({}, async () => ({ version: '0.0.1' })),
  },
  {
    fault: 'port: another program listens there',
    says: 'port-taken',
    also: ['agent-not-running'],
    diagnose: () =>
      on({ agent: false }, async (machine) => {
        const script = `require('node:net').createServer().listen(${machine.ports.container}, '127.0.0.1', () => console.log('listening'))`;
        await machine.program([process.execPath, '-e', script]).says(/listening/);
      }),
  },
  {
    fault: 'surface: the running agent has it off',
    says: 'surface-refused',
    also: ['token-missing'],
    diagnose: () =>
      on(
        {
          agentFlags: ['--container-endpoint-enabled', 'false', '--imds-endpoint-enabled', 'true'],
          config: (place) =>
            configuration(
              place,
              `\n[imds_endpoint]\nenabled = true\nlisten = "127.0.0.1:${place.ports.imds}"\n`,
            ),
        },
        async (machine) => {
          // The doctor reads what an operator has written since the agent started.
          const moved = configuration(machine, `\n[imds_endpoint]\nenabled = true\nlisten = "127.0.0.1:1"\n`);
          writeFileSync(machine.configPath, moved);
        },
      ),
  },
  {
    fault: 'surface: something else answers there',
    says: 'surface-foreign',
    async diagnose() {
      await using other = await httpServer((_path) => ({ body: 'It works!' }));
      return await on({}, async (machine) => {
        const moved = configuration({ ports: { ...machine.ports, container: other.port } });
        writeFileSync(machine.configPath, moved);
      });
    },
  },
  {
    fault: 'surface: a rule denies this user',
    says: 'surface-denied',
    diagnose: () =>
      on({
        config: (place) =>
          configuration(place, `\n[[deny]]\nuser = "${process.geteuid?.()}"\nsurfaces = ["agent_socket"]\n`),
      }),
  },
  {
    fault: 'socket: closed to this user',
    says: 'agent-not-permitted',
    isRealMachine: true,
    skipped: nobodyMayRun(process.execPath) ? undefined : 'needs root, and a runtime that nobody may run',
    diagnose: () => asNobody(),
  },
  {
    fault: 'group: there is none of that name',
    says: 'group-missing',
    diagnose: () =>
      on({}, async (machine) => {
        writeFileSync(
          machine.configPath,
          configuration(machine).replace('group = ""', 'group = "no-such-group"'),
        );
      }),
  },
  {
    fault: 'group: the socket has another one',
    says: 'group-wrong',
    diagnose: () =>
      on({}, async (machine) => {
        writeFileSync(machine.configPath, configuration(machine).replace('group = ""', 'group = "12345"'));
      }),
  },
  {
    fault: 'token: its file was removed',
    says: 'token-missing',
    diagnose: () =>
      on({}, async ({ runtime }) => {
        rmSync(join(runtime, 'container-token'));
      }),
  },
  {
    fault: 'token: an editor added a newline',
    says: 'token-newline',
    diagnose: () =>
      on({}, async ({ runtime }) => {
        appendFileSync(join(runtime, 'container-token'), '\n');
      }),
  },
  {
    fault: 'token: the file holds another one',
    says: 'token-refused',
    diagnose: () =>
      on({}, async ({ runtime }) => {
        writeFileSync(join(runtime, 'container-token'), 'f'.repeat(64));
      }),
  },
  {
    fault: 'process file: removed',
    says: 'process-file-missing',
    diagnose: () =>
      on({}, async ({ runtime }) => {
        rmSync(join(runtime, 'credential-process.json'));
      }),
  },
  {
    fault: 'URI: the endpoint is on 127.1.2.3',
    says: 'uri-host',
    diagnose: () =>
      on({
        agentFlags: ['--container-endpoint-listen', '127.1.2.3:0'],
        config: (place) => configuration(place).replace(`127.0.0.1:${place.ports.container}`, '127.1.2.3:0'),
      }),
  },
];

/** The whole command, as a user who is in no group here. */
async function asNobody(): Promise<readonly Finding[]> {
  await using machine = await illMachine();
  const { stdout } = await run(
    [...rolekeeper, 'doctor', '--json', '--config', '/dev/null', '--runtime-dir', machine.runtime],
    { env: { ROLEKEEPER_IMDS_ENDPOINT: machine.endpoint }, uid: NOBODY },
  );
  return JSON.parse(stdout).findings;
}
