import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { eventually } from '../support/eventually.ts';
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
caller.recv(1000)
pid, uid, gid = struct.unpack("3i", caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
status = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status"))
print("uid", uid, "pids", *status["NSpid"].split(), "cgroup", open(f"/proc/{pid}/cgroup").read().strip().splitlines()[-1], flush=True)
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

  for (const { title, extra } of [
    { title: 'a container’s user', extra: [] },
    { title: 'root of a container’s user namespace', extra: ['--user', '--map-root-user'] },
  ]) {
    await step(
      `${title} is seen from outside with the uid, the process and the cgroup of outside`,
      async (skip) => {
        await using cgroup = ownCgroup(place) ?? skip('this system lets nobody make a cgroup');
        const path = join(runtimeDirectory, 'who.sock');
        const server = startAs('root', ['python3', '-c', WHO, path]);
        await server.says(/listening/);
        const user = ['setpriv', `--reuid=${USERS.stranger}`, `--regid=${USERS.stranger}`, '--clear-groups'];
        const apart = ['unshare', ...extra, '--pid', '--fork', '--kill-child'];
        // Only in a user namespace of its own may a user who is not root make the other one.
        const inside = extra.length > 0 ? [...user, ...apart] : [...apart, ...user];
        const command = [...cgroup.entering, ...inside, 'python3', '-c', ASK, path];
        const caller = startAs('root', command, { stdin: 'open' });
        try {
          caller.write('first\n');
          same((await caller.says(/^first (\S+)$/m))[1], '200');
          const seen = await server.says(/uid (\d+) pids ([\d ]+) cgroup (.*)/);
          const [, uid, pids = '', seenCgroup = ''] = seen;
          // Outside first: the process is not 1 there, as it is to itself.
          const found = [Number(uid), /^\d{2,} 1$/.test(pids), seenCgroup.endsWith(cgroup.name)];
          same(found, [USERS.stranger, true, true], pids);
        } finally {
          caller.endInput();
          await caller.ended;
          server.kill('SIGKILL');
          await as('root', ['rm', '-f', path]);
        }
      },
    );
  }
}

/** A cgroup as a container runtime would make for one container, below the one of this process. */
function ownCgroup(place: Place) {
  const [mount] = /^\S+ (\S+) cgroup2 /m.exec(readFileSync('/proc/mounts', 'utf8'))?.slice(1) ?? [];
  const [here] = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.slice(1) ?? [];
  if (mount === undefined || here === undefined) return undefined;
  const name = `${basename(place.directory)}.scope`;
  const path = join(mount, here, name);
  try {
    mkdirSync(path);
  } catch {
    return undefined;
  }
  return {
    name,
    entering: ['/bin/sh', '-c', `echo 0 > '${path}/cgroup.procs' && exec "$0" "$@"`],
    async [Symbol.asyncDispose]() {
      await eventually(() => readFileSync(join(path, 'cgroup.procs'), 'utf8') === '');
      rmdirSync(path);
    },
  };
}

/** Namespaces for processes, mounts and the network, with the agent's directory, read-only, or only its socket. */
function container(place: Place, mounted: 'directory' | 'file') {
  const target = join(place.directory, 'mnt');
  mkdirSync(target, { recursive: true });
  const source = join(place.directory, 'run');
  const mount =
    mounted === 'directory'
      ? `mount --bind '${source}' '${target}' && mount -o remount,bind,ro '${target}'`
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
