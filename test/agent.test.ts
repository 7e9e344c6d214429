import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SocketInUseError } from '../src/platform/unix-socket.ts';
import { simulatedMachine } from './support/running-agent.ts';
import { plainRequest, sendBytes, shownSet } from './support/scenario-answers.ts';

const ask = (socketPath: string, path = '/v1/credentials') =>
  sendBytes(socketPath, plainRequest(path)).answer;

describe('The agent is ready', () => {
  test('with the first usable set', async () => {
    await using machine = await simulatedMachine();
    await machine.start();
    expect(await machine.agent().ready).toBe('credentials');
  });

  test('with a set that an earlier run left, before IMDS has answered', async () => {
    await using machine = await simulatedMachine();
    await machine.start();
    await machine.stop();
    machine.instance.setFault({ kind: 'black-hole' });
    await machine.start();
    expect(await machine.agent().ready).toBe('credentials');
  });

  test('as soon as it listens where policy.ready says so', async () => {
    await using machine = await simulatedMachine({ settings: { 'policy.ready': 'listening' } });
    machine.instance.setFault({ kind: 'black-hole' });
    await machine.start();
    expect(await machine.agent().ready).toBe('listening');
  });

  test('15 s after its start, waiting, where there is no role by then', async () => {
    await using machine = await simulatedMachine({ instance: { role: null } });
    await machine.start();
    let ready: string | undefined;
    void machine.agent().ready.then((how) => {
      ready = how;
    });
    await machine.advance(14_999);
    expect(ready).toBeUndefined();
    await machine.advance(1);
    expect(ready).toBe('waiting');
  });
});

describe('Closing', () => {
  test('leaves no timer and no file but the stored state, and can be asked for twice', async () => {
    await using machine = await simulatedMachine();
    await machine.start();
    const agent = machine.agent();
    await Promise.all([agent.close(), agent.close()]);
    await machine.stop();
    expect(machine.clock.pendingTimers()).toBe(0);
    expect(readdirSync(machine.runtimeDirectory)).toEqual(['state.json']);
  });

  test('does not wait for a check that gets no answer', async () => {
    await using machine = await simulatedMachine();
    machine.instance.setFault({ kind: 'black-hole' });
    await machine.start();
    await machine.stop();
    expect(machine.clock.pendingTimers()).toBe(0);
    expect(machine.log.at('warn')).toEqual([]);
  });

  test('cuts a client that waits for the first set, after the grace', async () => {
    await using machine = await simulatedMachine();
    machine.instance.setFault({ kind: 'black-hole' });
    await machine.start();
    const waiting = ask(machine.agent().socketPath);
    await machine.quiet();
    const stopped = machine.stop();
    await machine.advance(1_600);
    await stopped;
    expect((await waiting).status).not.toBe(200);
  });
});

test('A second agent in the same directory does not start, and harms nothing of the first', async () => {
  await using machine = await simulatedMachine();
  await machine.start();
  const files = () =>
    ['credential-process.json', 'state.json'].map((name) =>
      readFileSync(join(machine.runtimeDirectory, name), 'utf8'),
    );
  const before = files();
  const timers = machine.clock.pendingTimers();
  await expect(machine.startAnother()).rejects.toThrow(SocketInUseError);
  expect(files()).toEqual(before);
  expect(machine.clock.pendingTimers()).toBe(timers);
  expect((await ask(machine.agent().socketPath)).status).toBe(200);
});

test('checkNow takes in a rotated set without waiting for the next check', async () => {
  await using machine = await simulatedMachine();
  await machine.start();
  const { accessKeyId } = machine.instance.rotate();
  machine.agent().checkNow();
  await machine.quiet();
  expect(JSON.parse((await ask(machine.agent().socketPath)).body).AccessKeyId).toBe(accessKeyId);
});

test('While sets rotate, no reader sees a mixture of two, nor an older one after a newer one', async () => {
  await using machine = await simulatedMachine();
  await machine.start();
  const { socketPath } = machine.agent();
  let over = false;
  const readers = ['/v1/credentials', '/v1/credential-process', '/v1/credentials'].map(async (path) => {
    const serials: number[] = [];
    while (!over) {
      const { body } = await ask(socketPath, path);
      const shape = path === '/v1/credentials' ? 'container' : 'credential-process';
      serials.push(shownSet(body, shape, machine.instance.issuedSets(), machine.clock.now()).set.serial);
    }
    return serials;
  });
  for (let rotation = 0; rotation < 40; rotation++) {
    const { serial } = machine.instance.rotate();
    machine.agent().checkNow();
    // IMDS is never asked more than ten times a second.
    await machine.advance(1_000);
    const { body } = await ask(socketPath);
    const { set } = shownSet(body, 'container', machine.instance.issuedSets(), machine.clock.now());
    expect(set.serial).toBe(serial);
  }
  over = true;
  for (const serials of await Promise.all(readers)) {
    expect(serials).toEqual(serials.toSorted((a, b) => a - b));
    expect(new Set(serials).size).toBeGreaterThan(3);
  }
});
