/** What users suffered most, as histories in the simulation's own words. Every judge watches them, as it does any other. */
import { expect, test } from 'vitest';
import { describeHistory, type Happening, type History } from './history.ts';
import type { ImdsFault } from './imds-fault.ts';
import { type Outcome, type SimulateOptions, simulate } from './simulate.ts';
import { BEGINNING } from './virtual-time.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

interface Told {
  /** Ms since the beginning. */
  readonly at: number;
  readonly text: string;
}

interface Life extends Outcome {
  readonly told: readonly Told[];
  /** Log lines, without their time. */
  readonly log: readonly string[];
}

test('rotation with overlap: 55 minutes before A expires IMDS has B, which is served within a check', async () => {
  const rhythm = { rotateEveryMs: 5 * HOUR + 5 * MINUTE, lifetimeMs: 6 * HOUR, latencyMs: 2 };
  const { told, log } = await live([], { rhythm });
  expect(log.slice(0, 2)).toEqual(['info Serving credentials', 'info Credentials rotated']);
  const rotated = told.find(({ text }) => text.endsWith('Credentials rotated'));
  expect(rotated?.at).toBeLessThan(1.05 * rhythm.rotateEveryMs + 67 * SECOND);
});

test('nothing newer with ten minutes left: readers get the true expiration, IMDS is asked at its own pace', async () => {
  const frozen = fault({ kind: 'frozen' }, 6 * MINUTE, { ms: -10 * MINUTE, from: 'expiration' });
  const { told, log } = await live([frozen], { rhythm: LATE });
  expect(log.filter((line) => line.startsWith('error'))).toEqual([]);
  const shown = told.filter(({ text }) => text.startsWith('shows 1 '));
  expect(new Set(shown.map(({ text }) => text)).size).toBe(1);
});

test('an outage of thirty minutes with a valid set: one line for each kind of trouble, and nobody notices', async () => {
  const { log, told } = await live(
    [
      fault({ kind: 'status', status: 500, of: 'everything' }, 10 * MINUTE, { ms: 2 * HOUR }),
      fault({ kind: 'status', status: 429, of: 'everything' }, 10 * MINUTE, { ms: 10 * MINUTE }),
      fault({ kind: 'unanswered', of: 'document' }, 10 * MINUTE, { ms: 10 * MINUTE }),
    ],
    { rhythm: LATE },
  );
  const troubles = log.filter((line) => line.startsWith('warn'));
  expect(troubles.map((line) => /answered \d+|got no whole answer/.exec(line)?.[0])).toEqual([
    'answered 500',
    'answered 429',
    'got no whole answer',
  ]);
  expect(log.filter((line) => line === 'info IMDS answers again')).toHaveLength(1);
  expect(served(told)).toBe(true);
});

test('an outage past the expiration: refused from then on, with one error, until IMDS is back', async () => {
  const dead = fault({ kind: 'no-route' }, 9 * HOUR, { ms: HOUR });
  const { told, log } = await live([dead], { stability: 'never', rhythm: LATE, days: 1 });
  expect(told.some(({ text }) => text === 'shows undefined until undefined')).toBe(true);
  expect(log.filter((line) => line.startsWith('error'))).toHaveLength(1);
  expect(told.at(-1)?.text).toMatch(/^(shows \d|info)/);
});

test.each<[string, ImdsFault]>([
  ['a Code other than Success', { kind: 'code', code: 'AssumeRoleUnauthorizedAccess' }],
  ['a truncated document', { kind: 'malformed', how: 'truncated' }],
  ['an expired set', { kind: 'expired-set' }],
])('a bad answer does not replace a good set: %s', async (_, bad) => {
  const { told, log } = await live([fault(bad, HOUR, { ms: HOUR })], { rhythm: LATE });
  expect(served(told)).toBe(true);
  expect(log.filter((line) => line.startsWith('warn'))).toHaveLength(1);
});

test('a role is swapped: within a check nobody is shown the old one, and one line says so', async () => {
  const { told, log } = await live([{ wait: { ms: HOUR }, event: { kind: 'attach', role: 'batch' } }], {
    rhythm: LATE,
  });
  expect(log.slice(0, 2)).toEqual(['info Serving credentials', 'info Role replaced']);
  const replaced = told.find(({ text }) => text === 'info Role replaced');
  expect(replaced?.at).toBeLessThan(HOUR + 67 * SECOND);
});

test('a role is detached: withdrawn after three checks, and served again within a check of its return', async () => {
  const detach: Happening = {
    wait: { ms: HOUR },
    event: { kind: 'detach', how: 'detached', lastsMs: HOUR, next: 'web' },
  };
  const { told, log } = await live([detach], { rhythm: LATE });
  const withdrawn = told.find(({ text }) => text.startsWith('warn Role detached'));
  expect(withdrawn?.at).toBeLessThan(HOUR + 2 * MINUTE);
  expect(log.filter((line) => line === 'info Serving credentials')).toHaveLength(2);
  expect(told.findLast(({ text }) => text === 'info Serving credentials')?.at).toBeLessThan(
    2 * HOUR + 15 * SECOND,
  );
});

test('the token PUT is never answered: a thousand attempts grow nothing, and one line tells of them', async () => {
  const hole = fault({ kind: 'unanswered', of: 'token' }, 20 * HOUR, { ms: HOUR });
  const forget: Happening = { wait: { ms: SECOND }, event: { kind: 'forget-tokens' } };
  const { checks, log } = await live([hole, forget], { stability: 'never', days: 2 }, { skip: false });
  expect(checks).toBeGreaterThan(1_000);
  expect(log.filter((line) => line.includes('accepted and never answered'))).toHaveLength(1);
}, 60_000);

test.each<[string, Happening['event']]>([
  ['asleep for eight hours', { kind: 'suspend', lastsMs: 8 * HOUR }],
  ['a wall clock that is stepped past it', { kind: 'step-clock', ms: 8 * HOUR, lastsMs: HOUR }],
  ['a wall clock that is stepped back by an hour', { kind: 'step-clock', ms: -HOUR, lastsMs: null }],
])(
  'past the expiration by %s: nobody is shown the expired set, and the refreshing goes on',
  async (_, event) => {
    const { told } = await live([{ wait: { ms: HOUR }, event }], { days: 1 });
    const rotations = told.filter(({ text }) => text === 'info Credentials rotated');
    expect(rotations.length).toBeGreaterThan(5);
  },
);

test('two thousand failures in a row, and one success: served within one backoff step, in a handful of lines', async () => {
  const lastsMs = 14 * HOUR;
  const off = fault({ kind: 'status', status: 403, of: 'everything' }, lastsMs, { ms: MINUTE });
  const { checks, told, log } = await live(
    [off],
    { stability: 'never', rhythm: LATE, days: 0.8 },
    { skip: false },
  );
  const failed = told.filter(({ at }) => at > MINUTE && at < MINUTE + lastsMs);
  expect(checks).toBeGreaterThan(2_000);
  expect(failed.filter(({ text }) => /^(info|warn|error) /.test(text))).toHaveLength(2);
  const back = told.find(({ at, text }) => at > MINUTE + lastsMs && text === 'info Serving credentials');
  expect(back?.at).toBeLessThan(MINUTE + lastsMs + 16 * SECOND);
  expect(log.length).toBeLessThan(10);
}, 60_000);

/** One set for nearly six hours: so that what happens in its life is not cut short by the next one. */
const LATE = { rotateEveryMs: 6 * HOUR, lifetimeMs: 6 * HOUR, latencyMs: 2 };

function fault(fault: ImdsFault, lastsMs: number, wait: Happening['wait']): Happening {
  return { wait, event: { kind: 'fault', fault, lastsMs } };
}

/** Lives through it, with no violation of any invariant. */
async function live(
  happenings: readonly Happening[],
  rest: Partial<History> = {},
  options: SimulateOptions = {},
): Promise<Life> {
  const rhythm = { rotateEveryMs: HOUR, lifetimeMs: 6 * HOUR, latencyMs: 2 };
  const history: History = {
    seed: 7,
    days: 0.4,
    rhythm,
    stability: 'imds',
    onlyRole: '',
    role: 'web',
    ...rest,
    happenings,
  };
  const told: Told[] = [];
  const outcome = await simulate(history, { ...options, trace: (line) => told.push(parse(line)) });
  expect(outcome.violations, describeHistory(history)).toEqual([]);
  const log = told.map(({ text }) => text).filter((text) => /^(info|warn|error) /.test(text));
  return { ...outcome, told, log };
}

function parse(line: string): Told {
  const space = line.indexOf(' ');
  return { at: Date.parse(line.slice(0, space)) - BEGINNING, text: line.slice(space + 1) };
}

/** Whether every reader was given a set. */
function served(told: readonly Told[]): boolean {
  const readings = told.filter(({ text }) => text.startsWith('shows '));
  return readings.length > 3 && readings.every(({ text }) => !text.startsWith('shows undefined'));
}
