import { describe, expect, test } from 'vitest';
import { simulateCommand } from '../../src/cli/simulate.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { ask } from '../simulator/ask.ts';
import { manualClock } from '../support/manual-clock.ts';
import { memoryLog } from '../support/memory-log.ts';

const list = '/latest/meta-data/iam/security-credentials/';

/** The command, running with these arguments on a free port, once it has said where. */
async function running(...args: string[]) {
  const stop = new AbortController();
  const log = memoryLog();
  const said = Promise.withResolvers<string>();
  const world = {
    clock: manualClock(),
    random: seededRandom(1),
    log,
    stdout: { write: (text: string) => said.resolve(text) },
    stop: stop.signal,
  };
  const ended = simulateCommand(world).parseAsync(['--listen', '127.0.0.1:0', ...args], { from: 'user' });
  ended.catch(said.reject);
  const text = await said.promise;
  const url = /^simulator listening on (http:\S+)\n/.exec(text)?.[1] ?? '';
  return {
    text,
    url,
    log,
    async state() {
      return JSON.parse((await ask(url, '/_control/state')).body);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
    },
  };
}

/** What the command says of arguments that it refuses. */
async function complaint(...args: string[]): Promise<string> {
  const world = {
    clock: manualClock(),
    random: seededRandom(1),
    log: memoryLog(),
    stdout: { write: () => {} },
    stop: AbortSignal.abort(),
  };
  const command = simulateCommand(world)
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return command.parseAsync(args, { from: 'user' }).then(
    () => 'no complaint',
    (error: Error) => error.message,
  );
}

test('the first line says where it listens, and lines to paste follow', async () => {
  await using simulator = await running();
  expect(simulator.url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
  expect(simulator.text).toContain(`export AWS_EC2_METADATA_SERVICE_ENDPOINT=${simulator.url}\n`);
  expect(simulator.text).toContain(`curl -s ${simulator.url}/_control -d '{"rotate":true}'\n`);
});

test('without flags it is an instance with example-role, six-hour sets and required tokens', async () => {
  await using simulator = await running();
  expect(await simulator.state()).toMatchObject({
    role: 'example-role',
    httpTokens: 'required',
    currentSet: { issuedAt: '2026-11-23T08:00:00Z', expiration: '2026-11-23T14:00:00Z' },
    faults: [],
  });
});

test('flags say what kind of instance it is', async () => {
  await using simulator = await running(
    ...['--role', 'web', '--lifetime', '90s', '--rotate-every', '30s', '--tokens', 'optional'],
    ...['--fault', 'status=503@document*2', '--fault', 'date-skew=-90s'],
  );
  expect(await simulator.state()).toMatchObject({
    role: 'web',
    httpTokens: 'optional',
    currentSet: { expiration: '2026-11-23T08:01:30Z' },
    faults: [
      { kind: 'status', status: 503, on: ['document'], times: 2 },
      { kind: 'date-skew', ms: -90_000 },
    ],
  });
  expect((await ask(simulator.url, list)).body).toBe('web');
});

test('--no-role leaves the instance without one', async () => {
  await using simulator = await running('--no-role', '--tokens', 'optional');
  expect((await ask(simulator.url, list)).status).toBe(404);
});

test('a seed gives the same credential sets every time', async () => {
  await using one = await running('--seed', '7');
  await using two = await running('--seed', '7');
  await using other = await running('--seed', '8');
  expect((await one.state()).currentSet).toEqual((await two.state()).currentSet);
  expect((await one.state()).currentSet).not.toEqual((await other.state()).currentSet);
});

test('requests are logged, and with --quiet they are not', async () => {
  await using simulator = await running();
  await using quiet = await running('--quiet');
  await ask(simulator.url, list);
  await ask(quiet.url, list);
  expect(simulator.log.at('info')).toEqual(['Simulated IMDS saw a request']);
  expect(quiet.log.lines).toEqual([]);
});

test('a stop ends it at once, requests in a black hole too', async () => {
  const simulator = await running('--fault', 'black-hole');
  const unanswered = expect(ask(simulator.url, list)).rejects.toMatchObject({ code: 'ECONNRESET' });
  await ask(simulator.url, '/_control/state');
  await simulator[Symbol.asyncDispose]();
  await unanswered;
});

test('a stop before the start ends it too', async () => {
  expect(await complaint('--listen', '127.0.0.1:0')).toBe('no complaint');
});

describe('refused are', () => {
  test.each([
    [['--listen', '0.0.0.0:0'], 'Refused to listen on 0.0.0.0: the simulator listens on loopback only'],
    [['--listen', '169.254.169.254:80'], 'Refused to listen on 169.254.169.254'],
    [['--listen', '192.0.2.1:80', '--allow-link-local'], 'Refused to listen on 192.0.2.1'],
    [['--listen', 'nowhere'], 'Not an address to listen on: "nowhere"'],
    [['--lifetime', '6'], 'Expected a length of time such as 90s, 5m or 6h.'],
    [['--lifetime', '1s'], 'The lifetime of a credential set must be at least 2 s'],
    [['--rotate-every', 'often'], 'Expected a length of time such as 90s, 5m or 6h.'],
    [['--tokens', 'never'], 'Allowed choices are required, optional.'],
    [['--fault', 'no-such'], 'Not a fault: "no-such". Expected KIND'],
    [['--fault', 'status=1'], 'The fault status needs status, a whole number from 200 to 599'],
    [['--seed', 'x'], 'Expected a whole number of at most nine digits.'],
    [['--role', 'a b'], 'The name of the role must be 1 to 64 letters'],
    [['--no-such-flag'], "unknown option '--no-such-flag'"],
    [['surplus'], 'too many arguments'],
  ])('%j', async (args, message) => {
    expect(await complaint('--listen', '127.0.0.1:0', ...args)).toContain(message);
  });
});

test('the help lists every fault and shows defaults as people write them', () => {
  let help = '';
  const world = {
    clock: manualClock(),
    random: seededRandom(1),
    log: memoryLog(),
    stdout: { write: () => {} },
    stop: AbortSignal.abort(),
  };
  simulateCommand(world)
    .configureOutput({ writeOut: (text) => (help += text) })
    .outputHelp();
  expect(help).toContain('(default: 6h)');
  expect(help).toContain('  delay=MS');
  expect(help).toContain('  black-hole');
  expect(help).toContain('control-plane outage');
});
