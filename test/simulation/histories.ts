/** Histories by chance, for fast-check: it makes them from a seed, and makes a failing one as short as it can. */
import * as fc from 'fast-check';
import { type Happening, type History, type HistoryEvent, TAMPERINGS, type Wait } from './history.ts';
import { type ImdsFault, MALFORMATIONS, type Part } from './imds-fault.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

export interface HistoryLimits {
  readonly days: number;
  readonly mostHappenings: number;
}

export function histories({ days, mostHappenings }: HistoryLimits): fc.Arbitrary<History> {
  return fc.record({
    seed: fc.noBias(fc.noShrink(fc.nat())),
    days: fc.constant(days),
    rhythm: fc.record({
      // About once an hour, or later, down to the last moment that EC2 promises.
      rotateEveryMs: oftenest([3, HOUR], [2, 2 * HOUR], [2, 3 * HOUR], [2, 6 * HOUR]),
      lifetimeMs: fc.constant(6 * HOUR),
      latencyMs: fc.integer({ min: 1, max: 40 }),
    }),
    stability: oftenest([7, 'imds'], [2, 'always'], [2, 'never']),
    onlyRole: oftenest([6, ''], [1, 'web']),
    role: oftenest([9, 'web'], [1, null]),
    happenings: fc.array(happening, { maxLength: mostHappenings, size: 'max' }),
  });
}

const wait: fc.Arbitrary<Wait> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ ms: upTo(3 * SECOND) }) },
  { weight: 3, arbitrary: fc.record({ ms: upTo(2 * MINUTE) }) },
  { weight: 3, arbitrary: fc.record({ ms: upTo(30 * MINUTE) }) },
  { weight: 6, arbitrary: fc.record({ ms: upTo(60 * HOUR) }) },
  { weight: 2, arbitrary: fc.record({ ms: upTo(5 * MINUTE), request: fc.integer({ min: 1, max: 4 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      ms: around(2 * MINUTE),
      from: fc.constantFrom('rotation' as const, 'expiration' as const),
    }),
  },
);

const part: fc.Arbitrary<Part> = oftenest(
  [3, 'everything'],
  [2, 'token'],
  [1, 'list'],
  [2, 'document'],
  [1, 'account'],
);

const steadyFault: fc.Arbitrary<ImdsFault> = fc.oneof(
  fc.record({
    kind: fc.constant('status'),
    status: fc.constantFrom(500, 503, 429, 403, 400, 404, 302, 502),
    of: part,
  }),
  fc.record({ kind: fc.constantFrom('refused', 'no-route', 'expired-set', 'frozen', 'tokens-refused') }),
  fc.record({ kind: fc.constantFrom('unanswered', 'cut-off', 'garbled'), of: part }),
  fc.record({ kind: fc.constant('malformed'), how: fc.constantFrom(...MALFORMATIONS) }),
  fc.record({ kind: fc.constant('code'), code: fc.constantFrom('AssumeRoleUnauthorizedAccess', 'Failed') }),
  fc.record({ kind: fc.constant('odd-list'), how: fc.constantFrom('empty', 'page') }),
) as fc.Arbitrary<ImdsFault>;

/** Under these no check is like the one before. */
const unsteadyFault: fc.Arbitrary<ImdsFault> = fc.oneof(
  fc.record({ kind: fc.constant('slow'), ms: fc.constantFrom(100, 300, 900, 1_900, 2_100, 20_000) }),
  fc.record({ kind: fc.constant('flaky'), share: fc.constantFrom(0.1, 0.5, 0.9) }),
  fc.record({ kind: fc.constant('token-storm'), everyMs: fc.constantFrom(10 * SECOND, MINUTE) }),
) as fc.Arbitrary<ImdsFault>;

const lasting = fc.oneof(
  { weight: 3, arbitrary: upTo(30 * SECOND) },
  { weight: 5, arbitrary: upTo(10 * MINUTE) },
  { weight: 3, arbitrary: upTo(HOUR) },
  { weight: 1, arbitrary: upTo(14 * HOUR) },
);

const briefly = fc.oneof(
  { weight: 1, arbitrary: upTo(30 * SECOND) },
  { weight: 3, arbitrary: upTo(10 * MINUTE) },
);

const down = fc.oneof(
  { weight: 1, arbitrary: upTo(100) },
  { weight: 3, arbitrary: upTo(10 * SECOND) },
  { weight: 1, arbitrary: upTo(2 * HOUR) },
);

const asleep = fc.oneof(
  { weight: 4, arbitrary: upTo(10 * MINUTE) },
  { weight: 4, arbitrary: upTo(12 * HOUR) },
  { weight: 1, arbitrary: upTo(60 * HOUR) },
);

/** A clock that is a little off stays so; one that is far off is set right again within hours. */
const step = fc.oneof(
  { weight: 1, arbitrary: fc.record({ ms: around(3 * SECOND), lastsMs: fc.constant(null) }) },
  { weight: 1, arbitrary: fc.record({ ms: around(90 * SECOND), lastsMs: fc.constant(null) }) },
  { weight: 3, arbitrary: fc.record({ ms: around(10 * HOUR), lastsMs: upTo(2 * HOUR) }) },
  { weight: 1, arbitrary: fc.record({ ms: fc.constantFrom(-HOUR, HOUR), lastsMs: upTo(12 * HOUR) }) },
);

const roleName = fc.constantFrom('web', 'batch');

const event: fc.Arbitrary<HistoryEvent> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('fault'), fault: steadyFault, lastsMs: lasting }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('fault'), fault: unsteadyFault, lastsMs: briefly }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('attach'), role: roleName }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('detach'),
      how: fc.constantFrom('detached' as const, 'profile-deleted' as const),
      lastsMs: lasting,
      next: roleName,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget-tokens') }) },
  { weight: 2, arbitrary: step.map((of) => ({ kind: 'step-clock' as const, ...of })) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('suspend'), lastsMs: asleep }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('crash'), downMs: down }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('crash-in-write'),
      write: fc.integer({ min: 1, max: 4 }),
      downMs: down,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stop'), downMs: down }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reboot'), downMs: down }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('disk'),
      state: fc.constantFrom('full' as const, 'read-only' as const),
      lastsMs: lasting,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('tamper'), how: fc.constantFrom(...TAMPERINGS) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('check-now') }) },
) as fc.Arbitrary<HistoryEvent>;

const happening: fc.Arbitrary<Happening> = fc.record({ wait, event });

function upTo(ms: number): fc.Arbitrary<number> {
  return fc.integer({ min: 0, max: ms });
}

function around(ms: number): fc.Arbitrary<number> {
  return fc.integer({ min: -ms, max: ms });
}

/** fast-check shrinks towards the first one. */
function oftenest<T extends string | number | null>(
  ...choices: readonly (readonly [number, T])[]
): fc.Arbitrary<T> {
  return fc.oneof(...choices.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));
}
