import { describe, expect, test } from 'vitest';
import { createAsk } from '../../src/imds/ask.ts';
import { once } from '../../src/imds/attempts.ts';
import { createHttpTransport } from '../../src/imds/http-transport.ts';
import { createMetadataProxy } from '../../src/imds/metadata-proxy.ts';
import { createMetadataRead, type MetadataRead } from '../../src/imds/metadata-read.ts';
import { createMetadataToken } from '../../src/imds/metadata-token.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createSimulatedInstance } from '../../src/simulator/instance.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { manualClock, settle } from '../support/manual-clock.ts';
import { memoryLog } from '../support/memory-log.ts';

const REGION = 'meta-data/placement/region';
const INFO = 'meta-data/iam/info';
const HOUR = 3_600_000;

/** A proxy over an IMDS that answers as `answer` says, at first with the region. */
function proxy() {
  const clock = manualClock();
  const asked: string[] = [];
  const signals: AbortSignal[] = [];
  const imds = { answer: async (): Promise<string | undefined> => 'eu-central-1' };
  const read: MetadataRead = (path, signal) => {
    asked.push(path);
    signals.push(signal);
    return imds.answer();
  };
  return { clock, asked, signals, imds, ...createMetadataProxy({ read, clock, networkClock: clock }) };
}

const fails = async () => {
  throw new Error('unreachable');
};

describe('an item on the list', () => {
  test.each([
    'meta-data/instance-id',
    'meta-data/placement/region',
    'meta-data/placement/availability-zone',
    'meta-data/placement/availability-zone-id',
    'meta-data/services/partition',
    'meta-data/services/domain',
  ])('%s is asked for under latest, and passed on', async (item) => {
    const { read, asked } = proxy();
    expect(await read(item, 800)).toEqual({ found: 'eu-central-1' });
    expect(asked).toEqual([`/latest/${item}`]);
  });

  test.each(['dynamic/instance-identity/document', INFO])('%s is passed on as it is', async (item) => {
    const { read, imds } = proxy();
    const document = '{\n  "accountId" : "111122223333"\n}\n';
    imds.answer = async () => document;
    expect(await read(item, 800)).toEqual({ found: document });
  });

  test('leaves no timer where it came in time', async () => {
    const { read, clock } = proxy();
    await read(REGION, 800);
    expect(clock.pendingTimers()).toBe(0);
  });

  test('is given up when the proxy closes, and not before', async () => {
    const { read, signals, imds, close } = proxy();
    imds.answer = () => new Promise(() => {});
    void read(REGION, 800);
    expect(signals[0]?.aborted).toBe(false);
    close();
    expect(signals[0]?.aborted).toBe(true);
  });

  test('may be as long as its shape allows', async () => {
    const { read, imds } = proxy();
    imds.answer = async () => 'x'.repeat(256);
    expect(await read(REGION, 800)).toEqual({ found: 'x'.repeat(256) });
    const document = ` \n{${'x'.repeat(16_383)}}\n `;
    imds.answer = async () => document;
    expect(await read(INFO, 800)).toEqual({ found: document });
  });

  test('loses the line break at its end', async () => {
    const { read, imds } = proxy();
    imds.answer = async () => 'eu-central-1\n';
    expect(await read(REGION, 800)).toEqual({ found: 'eu-central-1' });
  });

  test.each<[string, string]>([
    [REGION, ''],
    [REGION, 'two\nlines'],
    [REGION, 'with space'],
    [REGION, 'x'.repeat(257)],
    [REGION, 'eu-central-1\u007f'],
    [INFO, 'eu-central-1'],
    [INFO, `{${'x'.repeat(16_384)}}`],
    [INFO, 'x{}'],
    [INFO, '{}x'],
    ['dynamic/instance-identity/document', '<html></html>'],
  ])('%s is not passed on where the answer is not of its shape', async (item, answer) => {
    const { read, imds } = proxy();
    imds.answer = async () => answer;
    expect(await read(item, 800)).toBe('unavailable');
  });
});

describe('what is not on the list is not asked for', () => {
  test.each([
    'user-data',
    'meta-data/',
    'meta-data',
    'meta-data/iam/security-credentials',
    'meta-data/iam/security-credentials/web',
    'meta-data/identity-credentials/ec2/security-credentials/ec2-instance',
    'meta-data/placement/region/',
    'meta-data/placement/region/../../../user-data',
    'meta-data/public-keys/0/openssh-key',
    'META-DATA/placement/region',
    'constructor',
    '__proto__',
    '',
  ])('%j', (item) => {
    const { read, asked } = proxy();
    expect(read(item, 800)).toBeUndefined();
    expect(asked).toEqual([]);
  });
});

describe('how often IMDS is asked', () => {
  test('once for a hundred consumers at the same time', async () => {
    const { read, asked } = proxy();
    const answers = await Promise.all(Array.from({ length: 100 }, () => read(REGION, 800)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(asked).toHaveLength(1);
  });

  test.each([
    ['what does not change while the instance runs', REGION, 6 * HOUR],
    ['the identity document', 'dynamic/instance-identity/document', 6 * HOUR],
    ['the instance profile', INFO, 60_000],
  ])('again for %s after its time, not before', async (_, item, freshMs) => {
    const { read, asked, imds, clock } = proxy();
    imds.answer = async () => (item === REGION ? 'eu-central-1' : '{}');
    await read(item, 800);
    await clock.advance(freshMs - 1);
    await read(item, 800);
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    await read(item, 800);
    expect(asked).toHaveLength(2);
  });

  test.each([
    ['every 5 s at most for what it fails to give', fails, 5_000],
    ['every minute at most for what it does not have', async () => undefined, 60_000],
  ])('%s', async (_, answer, pauseMs) => {
    const { read, asked, imds, clock } = proxy();
    imds.answer = answer;
    await read(REGION, 800);
    await clock.advance(pauseMs - 1);
    await read(REGION, 800);
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    imds.answer = async () => 'eu-central-1';
    expect(await read(REGION, 800)).toEqual({ found: 'eu-central-1' });
    expect(asked).toHaveLength(2);
  });

  test('time that passed in a suspend counts', async () => {
    const { read, asked, clock } = proxy();
    await read(REGION, 800);
    clock.suspend(6 * HOUR);
    await read(REGION, 800);
    expect(asked).toHaveLength(2);
  });
});

describe('when IMDS is slow or down', () => {
  test('a consumer waits as long as it said, and the answer that comes late is for the next one', async () => {
    const { read, asked, imds, clock } = proxy();
    const late = Promise.withResolvers<string>();
    imds.answer = () => late.promise;
    const first = read(REGION, 800);
    await clock.advance(800);
    expect(await first).toBe('unavailable');
    late.resolve('eu-central-1');
    await settle();
    expect(await read(REGION, 800)).toEqual({ found: 'eu-central-1' });
    expect(asked).toHaveLength(1);
    expect(clock.pendingTimers()).toBe(0);
  });

  test('a value that was known is told on', async () => {
    const { read, imds, clock } = proxy();
    await read(REGION, 800);
    imds.answer = fails;
    for (let day = 0; day < 3; day++) {
      await clock.advance(24 * HOUR);
      expect(await read(REGION, 800)).toEqual({ found: 'eu-central-1' });
    }
    imds.answer = () => new Promise(() => {});
    await clock.advance(24 * HOUR);
    const slow = read(REGION, 800);
    await clock.advance(800);
    expect(await slow).toEqual({ found: 'eu-central-1' });
  });

  test('a value that IMDS no longer has is taken away', async () => {
    const { read, imds, clock } = proxy();
    imds.answer = async () => '{}';
    await read(INFO, 800);
    imds.answer = async () => undefined;
    await clock.advance(60_000);
    expect(await read(INFO, 800)).toBe('absent');
    imds.answer = fails;
    await clock.advance(60_000);
    expect(await read(INFO, 800)).toBe('unavailable');
  });
});

test('over a real connection every read has a token, and only listed paths are read', async () => {
  const clock = manualClock();
  const log = memoryLog();
  const instance = createSimulatedInstance({ clock, random: seededRandom(1) });
  const simulator = await startSimulator({ listen: '127.0.0.1:0', clock, log, instance });
  const ask = createAsk(
    createHttpTransport({
      origin: simulator.url,
      connectTimeoutMs: 1_000,
      requestTimeoutMs: 2_000,
      clock: systemClock,
      version: 'test',
    }),
    once,
  );
  const metadata = createMetadataProxy({
    read: createMetadataRead(ask, createMetadataToken(ask, clock)),
    clock,
    networkClock: systemClock,
  });
  const items = ['meta-data/instance-id', REGION, INFO, 'dynamic/instance-identity/document', 'user-data'];
  const answers = await Promise.all(items.map((item) => metadata.read(item, 2_000)));
  metadata.close();
  await simulator.close();
  expect(answers[0]).toEqual({ found: instance.identity.instanceId });
  expect(answers[1]).toEqual({ found: instance.identity.region });
  for (const answer of answers.slice(2, 4))
    expect(answer).toEqual({ found: expect.stringMatching(/^\s*\{/) });
  expect(answers[4]).toBeUndefined();
  const gets = simulator.requests().filter(({ method }) => method === 'GET');
  expect(gets.map(({ path, token }) => ({ path, token }))).toEqual(
    items.slice(0, 4).map((item) => ({ path: `/latest/${item}`, token: 'valid' })),
  );
});
