import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { roleCredentials, success } from '../support/credentials.ts';
import { ask, type EventsSurface, eventsSurface, pollsHeld } from '../support/events-surface.ts';

let surface: EventsSurface;

beforeEach(async () => {
  surface = await eventsSurface();
  surface.store.apply(success(roleCredentials(1, '2026-11-23T14:00:00Z')));
});
afterEach(() => surface[Symbol.asyncDispose]());

describe('a long poll', () => {
  test.each([
    ['wait=30', 30_000],
    ['wait=1', 1_000],
    ['wait=55', 55_000],
    ['wait=900', 55_000],
  ])('with %s is answered unchanged after %i ms', async (wait, ms) => {
    let text: string | undefined;
    const answer = ask(surface, `/v1/events?after=101&${wait}`).then((given) => {
      text = given.text;
      return given;
    });
    await pollsHeld(surface);
    await surface.networkClock.advance(ms - 1);
    expect(text).toBeUndefined();
    await surface.networkClock.advance(1);
    expect((await answer).json()).toMatchObject({ generation: 101, event: 'credentials' });
  });

  test.each(['after=101', 'after=101&wait=0', 'wait=30', 'after=101&wait=-1'])(
    'that need not wait (%s) is answered at once',
    async (query) => {
      expect((await ask(surface, `/v1/events?${query}`)).json()).toMatchObject({ generation: 101 });
    },
  );

  test.each([
    'after=x',
    'after=',
    'after=1.5',
    'after=1&after=2',
    'wait=1s',
    'after=-2',
    `after=${'9'.repeat(16)}`,
  ])('with %s is refused', async (query) => {
    const { response, json } = await ask(surface, `/v1/events?${query}`);
    expect(response.statusCode).toBe(400);
    expect(json()).toMatchObject({ code: 'bad-query', Code: 'bad-query' });
  });
});
