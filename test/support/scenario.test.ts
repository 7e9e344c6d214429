import { describe, expect, test } from 'vitest';
import { playScenario, readScenario } from './scenario.ts';

const docs = 'An example.';

/** What is wrong with these steps, when they are read or when they are played. */
function complaint(steps: readonly unknown[], more: object = {}): Promise<string> {
  return Promise.resolve()
    .then(() => playScenario(readScenario({ docs, steps, ...more })))
    .then(
      () => 'no complaint',
      (error: Error) => error.message,
    );
}

describe('Before anything is played, refused is', () => {
  test.each([
    [
      'an unknown word',
      [{ start: true }, { advnace: '60s' }],
      'Step 2 {"advnace":"60s"}: The step has no word "advnace"',
    ],
    ['two words in one step', [{ start: true, stop: true }], 'One thing a step: start stands alone'],
    ['a word together with one for the instance', [{ advance: '1s', role: 'web' }], 'advance stands alone'],
    ['an unknown expectation', [{ ask: '/', expect: { stauts: 200 } }], 'expect has no word "stauts"'],
    ['a question without an expectation', [{ ask: '/' }], 'expect belongs to ask, send, answers'],
    [
      'an expectation without a question',
      [{ start: true, expect: {} }],
      'expect belongs to ask, send, answers',
    ],
    ['an unknown fault', [{ fault: { kind: 'flood' } }], 'A fault needs a known kind'],
    ['a length without a unit', [{ advance: '60' }], 'advance must be a length of time'],
    ['a step of the clock without a sign', [{ stepClock: '1h' }], "stepClock's sign must be one of +, -"],
    ['a moment that is none', [{ until: 'Christmas' }], 'until must be like "A expires"'],
    ['an unknown member of the status', [{ status: { state: 'ok' } }], 'status has no word "state"'],
    ['an unknown kind of request', [{ requests: { put: 1 } }], 'requests has no word "put"'],
    ['an amount that is none', [{ requests: { token: 'few' } }], 'requests.token must be a number or like'],
    [
      'a line of the log without its level',
      [{ log: ['Listening'] }],
      'a line of the log must begin with its level',
    ],
    ['no step at all', [], 'steps must be a list of steps'],
  ])('%s', async (_, steps, message) => {
    expect(await complaint(steps)).toContain(message);
  });

  test.each([
    [{ docs: 'no sentence' }, 'docs must be a sentence'],
    [{ doc: 'An example.' }, 'The scenario has no word "doc"'],
    [{ settings: { 'imds.speed': '1s' } }, 'settings has no word "imds.speed"'],
    [{ instance: { size: 'large' } }, 'instance has no word "size"'],
  ])('%j beside the steps', async (more, message) => {
    expect(await complaint([{ start: true }], more)).toContain(message);
  });

  test('a setting whose value the agent would not take', async () => {
    const more = { settings: { 'policy.static_stability': 'often' } };
    expect(await complaint([{ start: true }], more)).toContain('policy.static_stability must be');
  });
});

describe('A step that did not go as it says is named, with what was found', () => {
  const warm = [{ start: true }];
  const attachedAndRotated = [...warm, { remember: 'A' }, { rotate: true }];
  test.each([
    [
      'a status',
      [...warm, { ask: '/livez', expect: { status: 503 } }],
      'the status should be 503, and is 200: alive',
    ],
    [
      'a set',
      [...attachedAndRotated, { ask: '/v1/credentials', expect: { status: 200, key: 'current' } }],
      'it should be the set current, and is A',
    ],
    [
      'an expiration',
      [...warm, { ask: '/v1/credentials', expect: { status: 200, expiration: 'extended' } }],
      'its expiration should be extended',
    ],
    [
      'an account',
      [...warm, { file: { account: null } }],
      'the account should be null, and is "111122223333"',
    ],
    [
      'a code',
      [{ role: null }, ...warm, { ask: '/v1/credentials', expect: { status: 404, code: 'gone' } }],
      'the code should be "gone", and is "no-role"',
    ],
    [
      'a set where there is none',
      [...warm, { ask: '/livez', expect: { status: 200, key: 'current' } }],
      'it shows no credentials',
    ],
    ['a generation', [...warm, { status: { generation: 'same' } }], 'the generation was 0, and is'],
    [
      'a member of the status',
      [...warm, { status: { role: 'batch' } }],
      'status.role should be "batch", and is "web"',
    ],
    [
      'a member that should not be there',
      [...warm, { status: { key: null } }],
      'status.key should be null, and is "…',
    ],
    ['the file', [...warm, { file: 'absent' }], 'the file should not be there, and is'],
    [
      'requests',
      [...warm, { requests: { token: 2 } }],
      'there should have been 2 requests of kind token, and were 1',
    ],
    [
      'a line of the log',
      [...warm, { log: ['info: Listening'] }],
      "the log's new lines are:\n  info: Listening socket=",
    ],
    [
      'the number of answers',
      [...warm, { clients: { '/v1/credentials': 2 } }, { answers: 3, expect: { status: 200 } }],
      'the number of answers should be 3, and is 2',
    ],
    ['a set that has no name', [...warm, { until: 'Z expires' }], 'no set was remembered as Z before'],
    [
      'a moment that is past',
      [{ remember: 'A' }, { advance: '7h' }, { until: 'A expires' }],
      'that was 3600 s ago',
    ],
  ])('%s', async (_, steps, message) => {
    const found = await complaint(steps);
    expect(found).toContain(message);
    expect(found).toMatch(new RegExp(`^Step ${steps.length} \\{`));
  });

  test('answers that nobody looks at', async () => {
    const steps = [...warm, { clients: { '/v1/credentials': 1 } }];
    expect(await complaint(steps)).toBe('The answers of the clients were never looked at');
  });
});
