import { once } from 'node:events';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import net, { type Server } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { listenOnSocketFile, SocketInUseError } from '../../src/platform/unix-socket.ts';
import { temporaryDirectory } from '../support/agent-process.ts';
import { repository, run, startChild } from '../support/child.ts';
import { isRoot, NOBODY, nobodyMayRun } from '../support/machine.ts';

const GROUP = 12_345;
const asNobody = nobodyMayRun(process.execPath);
const rootOnly = isRoot ? '' : ' (skipped: only root may give files away)';
const nobodyOnly = asNobody ? '' : ' (skipped: this needs root, and a checkout that others may enter)';

let directory: ReturnType<typeof temporaryDirectory>;
let path: string;
beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory.path, 'agent.sock');
});
afterEach(() => directory[Symbol.dispose]());

const names = () => readdirSync(directory.path);
const within = (name: string) => join(directory.path, name);

/** A server that answers every connection with a text, closed at the end of the test. */
function serverSaying(answer: string): Server {
  const server = net.createServer((socket) => socket.on('error', () => {}).end(answer));
  onTestFinished(() => {
    server.close();
  });
  return server;
}

/** A path in the directory that has so many bytes. */
function ofBytes(bytes: number, character = 'x'): string {
  const left = bytes - Buffer.byteLength(`${directory.path}/`);
  const name = character.repeat(left / Buffer.byteLength(character));
  return within(name + 'x'.repeat(left - Buffer.byteLength(name)));
}

const said = (at = path) => text(net.connect(at));

describe('The socket file', () => {
  test.each([
    ['0600', 0o600],
    ['0660', 0o660],
    ['0666', 0o666],
  ])('has mode %s, whatever the umask, and the umask is as before', async (_, mode) => {
    for (const umask of [0o000, 0o077, 0o777]) {
      const before = process.umask(umask);
      try {
        const release = await listenOnSocketFile(serverSaying('hello'), path, { mode });
        expect(process.umask()).toBe(umask);
        expect(lstatSync(path).mode & 0o7777).toBe(mode);
        release();
      } finally {
        process.umask(before);
      }
    }
  });

  test.skipIf(!isRoot)(`belongs to the given group${rootOnly}`, async () => {
    await listenOnSocketFile(serverSaying('hello'), path, { mode: 0o660, gid: GROUP });
    expect(lstatSync(path)).toMatchObject({ uid: 0, gid: GROUP });
    expect(await said()).toBe('hello');
  });

  test.skipIf(!asNobody)(`lets in whom mode and group let in, and nobody else${nobodyOnly}`, async () => {
    await listenOnSocketFile(serverSaying('hello'), path, { mode: 0o660, gid: GROUP });
    expect(await saidTo(NOBODY)).toBe('EACCES');
    expect(await saidTo(GROUP)).toBe('hello');
  });

  test('is the only one in the directory, and none is left after release and close', async () => {
    const server = serverSaying('hello');
    const release = await listenOnSocketFile(server, path, { mode: 0o600 });
    expect(names()).toEqual(['agent.sock']);
    expect(await said()).toBe('hello');
    release();
    server.close();
    await once(server, 'close');
    release();
    expect(names()).toEqual([]);
  });

  test('can be made at a path of 107 bytes, counted as bytes', async () => {
    const long = ofBytes(107);
    expect(Buffer.byteLength(long)).toBe(107);
    await listenOnSocketFile(serverSaying('hello'), long, { mode: 0o600 });
    expect(await said(long)).toBe('hello');
  });
});

/** What a process of that group, and of no user in particular, hears from the socket. */
async function saidTo(gid: number): Promise<string> {
  const source = `
    const socket = require('node:net').connect(process.argv[1]);
    socket.on('error', ({ code }) => console.log(code)).on('data', (data) => console.log(String(data)));`;
  const code = `process.setgroups([]); process.setegid(${gid}); process.seteuid(${NOBODY}); ${source}`;
  const { stdout } = await run([process.execPath, '-e', code, path]);
  return stdout.trim();
}

describe('The socket of an agent', () => {
  test('that lives is not taken, and goes on answering', async () => {
    await listenOnSocketFile(serverSaying('first'), path, { mode: 0o600 });
    const second = serverSaying('second');
    await expect(listenOnSocketFile(second, path, { mode: 0o600 })).rejects.toThrow(SocketInUseError);
    expect(second.listening).toBe(false);
    expect(names()).toEqual(['agent.sock']);
    expect(await said()).toBe('first');
  });

  test('that lives and is stopped, with a full queue too, is not taken', async () => {
    const listener = startChild(listenerUntilKilled());
    await listener.says(/listening/);
    listener.kill('SIGSTOP');
    await expectInUse();
    const waiting = await fillQueue();
    await expectInUse();
    for (const socket of waiting) socket.destroy();
    listener.kill('SIGKILL');
    await listener.ended;
  });

  test('that was killed is taken over', async () => {
    const listener = startChild(listenerUntilKilled());
    await listener.says(/listening/);
    listener.kill('SIGKILL');
    await listener.ended;
    expect(names()).toEqual(['agent.sock']);
    await listenOnSocketFile(serverSaying('successor'), path, { mode: 0o600 });
    expect(await said()).toBe('successor');
    expect(names()).toEqual(['agent.sock']);
  });

  test('tells the next step to who is refused', async () => {
    await listenOnSocketFile(serverSaying('first'), path, { mode: 0o600 });
    await expect(listenOnSocketFile(serverSaying('second'), path, { mode: 0o600 })).rejects.toThrow(
      `Cannot listen on ${path}: another agent is listening there. Stop it first, or give this one its own --runtime-dir`,
    );
  });

  async function expectInUse(): Promise<void> {
    const server = serverSaying('second');
    await expect(listenOnSocketFile(server, path, { mode: 0o600 })).rejects.toThrow(SocketInUseError);
    expect(names()).toEqual(['agent.sock']);
  }

  function listenerUntilKilled(): readonly string[] {
    const source = `
      import net from 'node:net';
      import { listenOnSocketFile } from ${JSON.stringify(`${repository}src/platform/unix-socket.ts`)};
      await listenOnSocketFile(net.createServer(), process.argv[1], { mode: 0o600 });
      process.stdout.write('listening');`;
    return [process.execPath, '--input-type=module', '-e', source, path];
  }

  /** Connects until the kernel takes no more. */
  async function fillQueue(): Promise<readonly net.Socket[]> {
    const sockets: net.Socket[] = [];
    for (let code: string | undefined; code === undefined; ) {
      const socket = net.connect(path);
      sockets.push(socket);
      const failed = once(socket, 'error').then(([error]: NodeJS.ErrnoException[]) => error?.code ?? 'none');
      code = await Promise.race([failed, once(socket, 'connect').then(() => undefined)]);
      failed.catch(() => {});
      if (code !== undefined) expect(code).toBe('EAGAIN');
    }
    return sockets;
  }
});

describe('What is no socket', () => {
  test.each([
    ['a file', () => writeFileSync(path, 'precious'), () => readFileSync(path, 'utf8'), 'precious'],
    ['a directory', () => mkdirSync(path), () => readdirSync(path).join(), ''],
    ['a symlink to nothing', () => symlinkSync('nothing', path), () => readlinkSync(path), 'nothing'],
  ])('%s at the path is an error, and stays', async (_, put, read, content) => {
    put();
    await expect(listenOnSocketFile(serverSaying('x'), path, { mode: 0o600 })).rejects.toThrow(
      `Cannot listen on ${path}: a file that is no socket stands there. Move it away`,
    );
    expect(read()).toBe(content);
    expect(names()).toEqual(['agent.sock']);
  });

  test("a symlink to an agent's socket is an error, and both stay", async () => {
    const other = within('other.sock');
    await listenOnSocketFile(serverSaying('other'), other, { mode: 0o600 });
    symlinkSync(other, path);
    await expect(listenOnSocketFile(serverSaying('x'), path, { mode: 0o600 })).rejects.toThrow('no socket');
    expect(await said(other)).toBe('other');
    expect(names()).toEqual(['agent.sock', 'other.sock']);
  });
});

describe('A place where nothing can listen is told with its own name and the rule', () => {
  test.each([
    ['the path', () => ofBytes(108), 108],
    ['the path, in bytes though not in characters,', () => ofBytes(120, 'ü'), 120],
    ['the private name', () => join(made(ofBytes(99)), 'a.so'), 111],
  ])('where %s is too long', async (_, place, bytes) => {
    const at = place();
    const error = await refusal(at);
    expect(error).toContain(`Cannot listen on ${at}: the path of a Unix socket has at most 107 bytes`);
    expect(error).toContain(`has ${bytes}. Choose a --runtime-dir that is shorter by ${bytes - 107}`);
    expect(names().filter((name) => name.startsWith('.s-'))).toEqual([]);
  });

  test('where the directory is missing', async () => {
    const at = join(directory.path, 'missing', 'agent.sock');
    expect(await refusal(at)).toBe(
      `Cannot listen on ${at}: its directory must exist and be writable for this user (EACCES)`,
    );
  });

  test.skipIf(!asNobody)(`where the directory is another user's${nobodyOnly}`, async () => {
    expect(await refusalOfNobody({})).toBe(
      `Cannot listen on ${path}: its directory must exist and be writable for this user (EACCES)`,
    );
  });

  test.skipIf(!asNobody)(`where the group may not be given${nobodyOnly}`, async () => {
    chmodSync(directory.path, 0o777);
    expect(await refusalOfNobody({ gid: GROUP })).toBe(
      `Cannot listen on ${path}: this user may not give the socket to group ${GROUP}. Make it a member, or configure a group of its own`,
    );
    expect(names()).toEqual([]);
  });

  test('where it was refused, the umask is as before and the server can listen elsewhere', async () => {
    const before = process.umask(0o027);
    try {
      const server = serverSaying('hello');
      writeFileSync(path, '');
      await expect(listenOnSocketFile(server, path, { mode: 0o600 })).rejects.toThrow();
      await expect(
        listenOnSocketFile(server, within('missing/agent.sock'), { mode: 0o600 }),
      ).rejects.toThrow();
      expect(process.umask()).toBe(0o027);
      await listenOnSocketFile(server, within('other.sock'), { mode: 0o600 });
      expect(await said(within('other.sock'))).toBe('hello');
    } finally {
      process.umask(before);
    }
  });

  function made(at: string): string {
    mkdirSync(at);
    return at;
  }

  async function refusal(at: string): Promise<string> {
    const server = serverSaying('x');
    const error = await listenOnSocketFile(server, at, { mode: 0o600 }).then(() => 'none', String);
    expect(server.listening).toBe(false);
    return error.replace(/^Error: /, '');
  }

  async function refusalOfNobody(options: { gid?: number }): Promise<string> {
    const source = `
      import net from 'node:net';
      import { listenOnSocketFile } from ${JSON.stringify(`${repository}src/platform/unix-socket.ts`)};
      const options = { mode: 0o660, ...${JSON.stringify(options)} };
      await listenOnSocketFile(net.createServer(), process.argv[1], options).catch((error) => process.stdout.write(error.message));`;
    const command = [process.execPath, '--input-type=module', '-e', source, path];
    const { stdout, stderr } = await run(command, { uid: NOBODY });
    expect(stderr).toBe('');
    return stdout;
  }
});

describe('Giving the name back', () => {
  test("leaves the socket of a successor, and another's file", async () => {
    const first = serverSaying('first');
    const release = await listenOnSocketFile(first, path, { mode: 0o600 });
    first.close();
    await once(first, 'close');
    await listenOnSocketFile(serverSaying('successor'), path, { mode: 0o600 });
    release();
    expect(await said()).toBe('successor');
    rmSync(path);
    writeFileSync(path, 'precious');
    release();
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  test('is no error where the file, or the directory, has gone', async () => {
    const sub = within('sub');
    mkdirSync(sub);
    const release = await listenOnSocketFile(serverSaying('x'), join(sub, 'agent.sock'), { mode: 0o600 });
    rmSync(sub, { recursive: true });
    release();
    expect(names()).toEqual([]);
  });

  test('while the server still listens refuses nobody who has connected', async () => {
    const server = serverSaying('hello');
    const release = await listenOnSocketFile(server, path, { mode: 0o600 });
    const socket = net.connect(path);
    release();
    expect(await text(socket)).toBe('hello');
    await expect(once(net.connect(path), 'connect')).rejects.toThrow('ENOENT');
  });
});

describe('What a killed agent can leave', () => {
  test.each([
    ['the private name of its socket', '.s-0123abcd'],
    ['its turn at removing a dead socket', '.s-00000000'],
  ])('%s is swept by the next', async (_, name) => {
    await leaveDeadSocket(within(name));
    await listenOnSocketFile(serverSaying('hello'), path, { mode: 0o600 });
    expect(names()).toEqual(['agent.sock']);
  });

  test('its turn does not keep the next from its socket either', async () => {
    await leaveDeadSocket(within('.s-00000000'));
    await leaveDeadSocket(path);
    await listenOnSocketFile(serverSaying('hello'), path, { mode: 0o600 });
    expect(await said()).toBe('hello');
    expect(names()).toEqual(['agent.sock']);
  });

  test('is told from what lives, and from what is not ours', async () => {
    const others = ['.s-0123abc', '.s-0123abcg', 'x.s-0123abcd', 's-0123abcd'];
    for (const name of others) await leaveDeadSocket(within(name));
    writeFileSync(within('.s-ffffffff'), 'precious');
    const starting = serverSaying('starting');
    starting.listen(within('.s-fffffffe'));
    await once(starting, 'listening');
    await listenOnSocketFile(serverSaying('hello'), path, { mode: 0o600 });
    expect(names()).toEqual([...others, '.s-ffffffff', '.s-fffffffe', 'agent.sock'].toSorted());
    expect(await said(within('.s-fffffffe'))).toBe('starting');
  });

  test('where an agent holds its turn for good, the next says that another is there', async () => {
    const holder = serverSaying('holder');
    holder.listen(within('.s-00000000'));
    await once(holder, 'listening');
    await leaveDeadSocket(path);
    await expect(listenOnSocketFile(serverSaying('x'), path, { mode: 0o600 })).rejects.toThrow(
      SocketInUseError,
    );
    expect(names()).toEqual(['.s-00000000', 'agent.sock']);
  });
});

/** A socket file that nobody listens behind, as kill -9 leaves it. */
async function leaveDeadSocket(at: string): Promise<void> {
  const made = within('made');
  const server = net.createServer().listen(made);
  await once(server, 'listening');
  linkSync(made, at);
  server.close();
  await once(server, 'close');
}
