import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { as, startAs, USERS } from './instance.ts';
import { type Place, startAgent, writeConfig } from './programs.ts';
import { type Steps, same } from './steps.ts';

/** Asks at `line`, as long as there are lines, and says the status of each answer. */
const ASK = `
import socket, sys
for line in sys.stdin:
    s = socket.socket(socket.AF_UNIX)
    try:
        s.connect(sys.argv[1])
        s.sendall(b"GET /v1/credentials HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n")
        print(line.strip(), s.recv(100).split()[1].decode(), flush=True)
    except OSError as error:
        print(line.strip(), type(error).__name__, flush=True)
`;

/** Who the kernel says is calling, by the socket: its uid, and what its process is seen from outside. */
const WHO = `
import os, socket, struct, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
server.listen()
print("listening", flush=True)
caller, _ = server.accept()
pid, uid, gid = struct.unpack("3i", caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
print("uid", uid, "pid", pid, "cgroup", open(f"/proc/{pid}/cgroup").read().strip().splitlines()[-1], flush=True)
caller.sendall(b"HTTP/1.1 200 OK\\r\\n\\r\\n")
`;

/** The way into a container: a bind mount of the runtime directory, in a container made of namespaces alone. */
export async function containerSteps(place: Place, { step }: Steps): Promise<void> {
  writeConfig(place, '');
  const runtimeDirectory = join(place.directory, 'run');
  // A container's user is in the group of the socket, by number.
  const open = ['--agent-socket-mode', '0660', '--agent-socket-group', 'keeper'];
  let agent = await startAgent(place, open);

  for (const { mounted, how, after } of [
    { mounted: 'directory', how: 'its directory', after: '200' },
    { mounted: 'file', how: 'the socket file alone', after: 'ConnectionRefusedError' },
  ] as const) {
    await step(
      `a container that has ${how}: after a restart of the agent the answer is ${after}`,
      async () => {
        const inside = container(place, mounted);
        inside.write('first\n');
        same((await inside.says(/^first (\S+)$/m))[1], '200');
        await agent.stop();
        agent = await startAgent(place, open);
        inside.write('second\n');
        same((await inside.says(/^second (\S+)$/m))[1], after);
        inside.endInput();
        await inside.ended;
      },
    );
  }
  await agent.stop();

  for (const { title, user, uid } of [
    { title: 'a container’s user', user: [], uid: USERS.stranger },
    { title: 'root of a user namespace', user: ['--user', '--map-root-user'], uid: USERS.stranger },
  ]) {
    await step(
      `${title} is seen from outside with the uid of outside, its process and its cgroup`,
      async () => {
        const path = join(runtimeDirectory, 'who.sock');
        const server = startAs('root', ['python3', '-c', WHO, path]);
        await server.says(/listening/);
        const caller = startAs('stranger', ['unshare', ...user, 'python3', '-c', ASK, path], {
          stdin: 'open',
        });
        caller.write('first\n');
        const [, seenUid, seenPid, cgroup = ''] = await server.says(/uid (\d+) pid (\d+) cgroup (.*)/);
        same([Number(seenUid), Number(seenPid), cgroup.includes('/')], [uid, caller.pid, true]);
        caller.endInput();
        await caller.ended;
        await as('root', ['rm', '-f', path]);
      },
    );
  }
}

/** Namespaces for processes, mounts and the network, with the agent's directory, or only its socket, at /mnt. */
function container(place: Place, mounted: 'directory' | 'file') {
  const target = join(place.directory, 'mnt');
  mkdirSync(target, { recursive: true });
  const source = join(place.directory, 'run');
  const mount =
    mounted === 'directory'
      ? `mount --bind '${source}' '${target}'`
      : `mount -t tmpfs none '${target}' && touch '${target}/agent.sock' && mount --bind '${source}/agent.sock' '${target}/agent.sock'`;
  const script = `${mount} && exec setpriv --reuid=${USERS.stranger} --regid=${USERS.keeper} --clear-groups python3 -c "$0" '${target}/agent.sock'`;
  return startAs(
    'root',
    ['unshare', '--pid', '--mount', '--net', '--fork', '--mount-proc', '/bin/sh', '-c', script, ASK],
    {
      stdin: 'open',
    },
  );
}
