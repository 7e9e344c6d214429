import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askForSet } from '../../src/cli/served-set.ts';
import { containerJson } from '../../src/domain/wire-formats.ts';
import { temporaryDirectory } from '../support/agent-process.ts';
import { roleCredentials } from '../support/credentials.ts';
import { manualClock } from '../support/manual-clock.ts';

const EXPIRATION = '2026-11-23T14:12:31Z';
const directory = temporaryDirectory();
const socketPath = join(directory.path, 'agent.sock');
let body = '';
const server = createServer((_, response) => response.end(body));

beforeAll(async () => {
  const set = roleCredentials(1, EXPIRATION);
  body = containerJson({ ...set, generation: 1, advertisedExpiration: Date.parse(EXPIRATION) });
  server.listen(socketPath);
  await once(server, 'listening');
});
afterAll(async () => {
  server.close();
  directory[Symbol.dispose]();
});

test('a set is taken 1 s before its expiration, with the expiration that was told', async () => {
  const clock = manualClock('2026-11-23T14:12:30Z');
  expect(await askForSet(socketPath, clock)).toMatchObject({
    ok: true,
    set: {
      advertisedExpiration: Date.parse(EXPIRATION),
      credentials: { accessKeyId: 'ASIAQ3EXAMPLEKEY0001' },
    },
  });
});

test.each([EXPIRATION, '2026-11-23T14:12:32Z'])(
  'a set that expired on its way here is none: %s',
  async (now) => {
    expect(await askForSet(socketPath, manualClock(now))).toEqual({
      ok: false,
      exitCode: 6,
      message: expect.stringContaining(`The credentials expired at ${EXPIRATION}`),
    });
  },
);

test.each(['', '{}', '[]', 'null', '{"AccessKeyId":"ASIAQ3EXAMPLEKEY0001"}', '{"Code":'])(
  'an answer that is no whole set is a failure: %j',
  async (other) => {
    const whole = body;
    body = other;
    const clock = manualClock('2026-11-23T14:12:30Z');
    expect(await askForSet(socketPath, clock)).toMatchObject({ ok: false, exitCode: 1 });
    body = whole;
  },
);
