import { describe, expect, test } from 'vitest';
import { type CredentialStore, createCredentialStore } from '../../src/lifecycle/credential-store.ts';
import { failure, roleCredentials, success } from '../support/credentials.ts';
import { manualClock, settle } from '../support/manual-clock.ts';

const setA = roleCredentials(1, '2026-11-23T10:00:00Z');
const setB = roleCredentials(2, '2026-11-23T12:00:00Z');

function storeAt8(firstGeneration = 0) {
  const clock = manualClock('2026-11-23T08:00:00Z');
  const listenerErrors: unknown[] = [];
  const store = createCredentialStore({
    clock,
    random: () => 0.5,
    stability: 'imds',
    firstGeneration,
    onListenerError: (error) => listenerErrors.push(error),
  });
  return { clock, store, listenerErrors };
}

describe('Readers of a cold store', () => {
  test('wait for the first check and all get its set', async () => {
    const { store, clock } = storeAt8();
    const readings = Array.from({ length: 200 }, () => store.reader.readSettled(1_500));
    await settle();
    store.apply(success(setA));
    const keys = (await Promise.all(readings)).map((reading) => reading.held?.credentials.accessKeyId);
    expect(new Set(keys)).toEqual(new Set(['ASIAQ3EXAMPLEKEY0001']));
    expect(clock.pendingTimers()).toBe(0);
  });

  test('are told the reason as soon as the first check fails', async () => {
    const { store } = storeAt8();
    const reading = store.reader.readSettled(1_500);
    store.apply(failure('service-error'));
    expect((await reading).refusal).toEqual({
      code: 'credentials-pending',
      message: 'No credentials were fetched yet. the service-error message',
    });
  });

  test('are told to come again when the hold is over, and leave no timer', async () => {
    const { store, clock } = storeAt8();
    const reading = store.reader.readSettled(1_500);
    await clock.advance(1_500);
    expect((await reading).refusal?.code).toBe('credentials-pending');
    expect(clock.pendingTimers()).toBe(0);
  });

  test('are forgotten when the hold is over: the next change costs no more than without them', async () => {
    const readsPerChange = async (readers: number) => {
      const { store, clock } = storeAt8();
      const { now } = clock;
      for (let n = 0; n < readers; n++) store.reader.readSettled(1_500);
      await clock.advance(1_500);
      let reads = 0;
      clock.now = () => {
        reads++;
        return now();
      };
      store.apply(success(setA));
      return reads;
    };
    expect(await readsPerChange(100)).toBe(await readsPerChange(0));
  });

  test('do not wait where there is no role', async () => {
    const { store } = storeAt8();
    store.apply(failure('no-role'));
    expect((await store.reader.readSettled(1_500)).refusal).toEqual({
      code: 'no-role',
      message: 'the no-role message',
    });
  });
});

describe('A reader is answered at once, with no timer set,', () => {
  test.each([
    ['when a set is held', (store: CredentialStore) => store.apply(success(setA))],
    ['when a stored set was taken up', (store: CredentialStore) => adopt(store)],
    ['when there is no role', (store: CredentialStore) => store.apply(failure('no-role'))],
    ['when the first check has failed', (store: CredentialStore) => store.apply(failure('timeout'))],
  ])('%s', async (_, prepare) => {
    const { store, clock } = storeAt8();
    prepare(store);
    await clock.advance(7_200_000);
    const reading = store.reader.readSettled(1_500);
    expect(clock.pendingTimers()).toBe(0);
    expect(await reading).toEqual(store.reader.read());
  });
});

describe('The store', () => {
  test.each([
    [7199.999, true],
    [7200, false],
    [7201, false],
  ])('serves a set %s s into its 2 hours: %s', async (seconds, isServed) => {
    const { store, clock } = storeAt8();
    store.apply(success(setA));
    await clock.advance(seconds * 1000);
    expect(store.reader.read().held !== undefined).toBe(isServed);
  });

  test('tells listeners of each change, after it is in force', () => {
    const { store } = storeAt8();
    const seen: unknown[] = [];
    store.subscribe(({ before, after, served, servedForMs }) => {
      expect(store.reader.read().held).toBe(served);
      seen.push([before.generation, after.generation, servedForMs]);
    });
    store.apply(success(setA));
    store.apply(success(setB));
    expect(seen).toEqual([
      [0, 1, 7_200_000],
      [1, 2, 14_400_000],
    ]);
  });

  test('is not stopped by a listener that throws, nor are the other listeners', () => {
    const { store, listenerErrors } = storeAt8();
    const seen: number[] = [];
    store.subscribe(() => {
      throw new Error('disk full');
    });
    store.subscribe((change) => seen.push(change.after.generation));
    store.apply(success(setA));
    expect(seen).toEqual([1]);
    expect(listenerErrors).toEqual([new Error('disk full')]);
  });

  test('tells nobody when it is made to look and nothing has ended', async () => {
    const { store, clock } = storeAt8();
    store.apply(success(setA));
    const seen: boolean[] = [];
    store.subscribe((change) => seen.push(change.served !== undefined));
    store.observe();
    expect(seen).toEqual([]);
    await clock.advance(7_200_000);
    store.observe();
    store.observe();
    expect(seen).toEqual([false]);
  });

  test('starts its generations above the given one', () => {
    const { store } = storeAt8(41);
    store.apply(success(setA));
    expect(store.reader.read().held?.generation).toBe(42);
  });

  test('takes up a stored set with its own generation, and the same set from IMDS does not raise it', () => {
    const { store } = storeAt8(7);
    adopt(store);
    store.apply(success(roleCredentials(1, '2026-11-23T10:00:00Z')));
    expect(store.reader.read().held?.generation).toBe(9);
    store.apply(success(setB));
    expect(store.reader.read().held?.generation).toBe(10);
  });

  test('an unsubscribed listener hears nothing more', () => {
    const { store } = storeAt8();
    const seen: number[] = [];
    const unsubscribe = store.subscribe((change) => seen.push(change.after.generation));
    unsubscribe();
    store.apply(success(setA));
    expect(seen).toEqual([]);
  });
});

function adopt(store: CredentialStore): void {
  const held = { ...setA, generation: 9, advertisedExpiration: setA.credentials.expiration };
  store.adopt(held, 2 * 3600_000);
}
