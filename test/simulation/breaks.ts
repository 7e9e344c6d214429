import type { Invariant } from './judge/invariants.ts';

/** One deliberate defect of the product, as texts to replace in a copy of `src`. */
export interface Break {
  readonly name: string;
  /** What it must be caught by. */
  readonly violates: Invariant;
  readonly replace: readonly Replacement[];
}

export interface Replacement {
  /** Below `src/`. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const LIFE = 'domain/life-state.ts';
const POLICY = 'domain/refresh-policy.ts';
const STORE = 'lifecycle/credential-store.ts';
const REFRESHER = 'lifecycle/refresher.ts';
const WARM = 'lifecycle/warm-restart.ts';
const JOURNAL = 'lifecycle/journal.ts';
const PROCESS_FILE = 'delivery/process-file.ts';

/** Every invariant is violated by at least one of these. */
export const BREAKS: readonly Break[] = [
  {
    name: 'a new set keeps the session token of the one before',
    violates: 'whole-sets',
    replace: [
      {
        file: LIFE,
        from: '    held: { roleName, accountId, credentials, advertisedExpiration, generation },',
        to: '    held: { roleName, accountId, credentials: { ...credentials, sessionToken: state.held?.credentials.sessionToken ?? credentials.sessionToken }, advertisedExpiration, generation },',
      },
    ],
  },
  {
    name: 'a document without a secret is taken for a set',
    violates: 'whole-sets',
    replace: [
      {
        file: 'domain/credential-document.ts',
        from: "textField(document, 'SecretAccessKey', SECRET_ACCESS_KEY)",
        to: "(textField(document, 'SecretAccessKey', SECRET_ACCESS_KEY) ?? '')",
      },
    ],
  },
  {
    name: 'nobody looks at the expiration when a reader asks',
    violates: 'not-expired',
    replace: [
      {
        file: LIFE,
        from: 'held !== undefined && soundNow(state.confirmed, reading) < held.advertisedExpiration',
        to: 'held !== undefined',
      },
    ],
  },
  {
    name: 'only the wall clock counts',
    violates: 'not-expired',
    replace: [
      {
        file: POLICY,
        from: 'return Math.max(reading.wall, confirmed.wall + reading.monotonic - confirmed.monotonic);',
        to: 'return reading.wall;',
      },
    ],
  },
  {
    name: 'a stored set is taken up without looking at the time since boot',
    violates: 'not-expired',
    replace: [{ file: WARM, from: 'Math.min(byWall, sinceBoot)', to: 'byWall' }],
  },
  {
    name: 'an extension lasts for an hour',
    violates: 'not-expired',
    replace: [{ file: LIFE, from: 'most: 15 * 60_000', to: 'most: 60 * 60_000' }],
  },
  {
    name: 'a failed check drops what is held',
    violates: 'good-set-stays',
    replace: [
      {
        file: LIFE,
        from: 'const counted = { ...troubled, rolelessChecks: 0 };',
        to: 'const counted = { ...troubled, rolelessChecks: 0, held: undefined };',
      },
    ],
  },
  {
    name: 'one 404 counts as a detached role',
    violates: 'good-set-stays',
    replace: [{ file: LIFE, from: 'CHECKS_UNTIL_DETACHED = 3', to: 'CHECKS_UNTIL_DETACHED = 1' }],
  },
  {
    name: 'an expired document takes the place of a good set',
    violates: 'good-set-stays',
    replace: [
      {
        file: LIFE,
        from: 'if (held !== undefined && held.credentials.expiration > soundNow(state.confirmed, reading)) return stale;',
        to: '',
      },
    ],
  },
  {
    name: 'a set is kept until five minutes before it expires, whatever IMDS has',
    violates: 'newest-set',
    replace: [
      {
        file: LIFE,
        from: '  const { held } = state;\n  const well =',
        to: '  const { held } = state;\n  if (held !== undefined && held.credentials.expiration - reading.wall > 300_000) answer = held;\n  const well =',
      },
    ],
  },
  {
    name: 'a clock that jumped is no reason to check',
    violates: 'newest-set',
    replace: [
      { file: REFRESHER, from: 'if (clockJumped() || hasEnded) return;', to: 'if (hasEnded) return;' },
    ],
  },
  {
    name: 'the backoff has no limit',
    violates: 'recovery',
    replace: [
      {
        file: POLICY,
        from: 'const full = Math.min(longest, FIRST_BACKOFF_MS * 2 ** Math.min(failures - 1, 30));',
        to: 'const full = FIRST_BACKOFF_MS * 2 ** Math.min(failures - 1, 30);',
      },
    ],
  },
  {
    name: 'a refused metadata token is kept',
    violates: 'recovery',
    replace: [
      { file: 'imds/metadata-read.ts', from: 'if (answer.status === 401) token.drop(current);', to: '' },
    ],
  },
  {
    name: 'a role is never taken for detached',
    violates: 'withdrawn-nowhere',
    replace: [{ file: LIFE, from: 'CHECKS_UNTIL_DETACHED = 3', to: 'CHECKS_UNTIL_DETACHED = 1e9' }],
  },
  {
    name: 'the process file stays when a set is withdrawn',
    violates: 'withdrawn-nowhere',
    replace: [{ file: PROCESS_FILE, from: '        remove();\n        return;', to: '        return;' }],
  },
  {
    name: 'generations begin at zero after a cold start',
    violates: 'never-back',
    replace: [
      {
        file: 'agent-store.ts',
        from: 'Math.max(found.generation ?? 0, Math.floor(boot.uptimeSeconds()))',
        to: '0',
      },
    ],
  },
  {
    name: 'only the first set of a run is stored',
    violates: 'never-back',
    replace: [
      {
        file: WARM,
        from: 'if (stored?.generation === generation && isSameDeadline(stored.seconds, seconds, uptime)) return;',
        to: 'if (stored !== undefined) return;',
      },
    ],
  },
  {
    name: 'the process file is written once for each role',
    violates: 'surfaces-agree',
    replace: [
      {
        file: PROCESS_FILE,
        from: 'const isSame = shown?.held === held &&',
        to: 'const isSame = shown?.held.roleName === held.roleName ||',
      },
    ],
  },
  {
    name: 'a reader of a cold agent waits for as long as it takes',
    violates: 'answers-in-time',
    replace: [
      {
        file: STORE,
        from: 'const cancel = clock.setTimer(maxWaitMs, finish);',
        to: 'const cancel = clock.setTimer(maxWaitMs + 20_000, finish);',
      },
    ],
  },
  {
    name: 'nothing limits the requests, and a failure is retried at once',
    violates: 'request-rate',
    replace: [
      {
        file: 'imds/request-rate.ts',
        from: 'Math.max(now, tenthLast + SECOND_MS)',
        to: 'now + 0 * tenthLast',
      },
      { file: POLICY, from: 'const FIRST_BACKOFF_MS = 1_000;', to: 'const FIRST_BACKOFF_MS = 100;' },
    ],
  },
  {
    name: 'IMDS is asked every 15 s in calm too',
    violates: 'calm-requests',
    replace: [
      {
        file: POLICY,
        from: "const pressing = losingRole || (phase !== 'fresh' && phase !== 'advisory');",
        to: 'const pressing = true;',
      },
    ],
  },
  {
    name: 'who wants a check now gets one beside the one that the loop makes',
    violates: 'one-at-a-time',
    replace: [
      {
        file: REFRESHER,
        from: 'checkNow: () => hurry.abort(),',
        to: 'checkNow: () => { hurry.abort(); void source.check(stopping.signal).then(store.apply); },',
      },
      {
        file: 'imds/credential-source.ts',
        from: 'underWay ??= check(signal)',
        to: 'underWay = check(signal)',
      },
    ],
  },
  {
    name: 'a reader who finds nothing makes the agent check',
    violates: 'readers-cost-nothing',
    replace: [
      {
        file: 'agent-core.ts',
        from: '  return {\n    store,\n',
        to: '  return {\n    store: { ...store, reader: { ...store.reader, readSettled: (ms) => { if (store.reader.read().held === undefined) refresher.checkNow(); return store.reader.readSettled(ms); } } },\n',
      },
    ],
  },
  {
    name: 'every retry is logged',
    violates: 'log-once',
    replace: [{ file: JOURNAL, from: '} else if (!reported.has(trouble.kind)) {', to: '} else {' }],
  },
  {
    name: 'a failed check is an error, though consumers are served',
    violates: 'log-level',
    replace: [
      {
        file: JOURNAL,
        from: "log[isWaitingForRole ? 'info' : 'warn']",
        to: "log[isWaitingForRole ? 'info' : 'error']",
      },
    ],
  },
  {
    name: 'a rotation is a warning',
    violates: 'log-level',
    replace: [
      {
        file: JOURNAL,
        from: "log.info('Credentials rotated', fields);",
        to: "log.warn('Credentials rotated', fields);",
      },
    ],
  },
  {
    name: 'the log tells the session token instead of the end of the key',
    violates: 'no-secret-told',
    replace: [
      {
        file: JOURNAL,
        from: 'key: keyIdTail(held.credentials),',
        to: 'key: held.credentials.sessionToken.reveal(),',
      },
    ],
  },
  {
    name: 'the status forgets the trouble after the third failure',
    violates: 'status-tells',
    replace: [
      {
        file: LIFE,
        from: 'return { ...state, trouble, failures: state.failures + 1 };',
        to: 'return { ...state, trouble: state.failures > 1 ? undefined : trouble, failures: state.failures + 1 };',
      },
    ],
  },
  {
    name: 'the loop ends where IMDS is switched off',
    violates: 'loop-alive',
    replace: [
      {
        file: REFRESHER,
        from: '      store.apply(outcome);\n',
        to: "      store.apply(outcome);\n      if (!outcome.ok && outcome.error.kind === 'imds-disabled') return;\n",
      },
    ],
  },
  {
    name: 'what a killed writer left is never swept',
    violates: 'no-growth',
    replace: [
      { file: WARM, from: '  files.sweepTemporaries(path);\n', to: '' },
      { file: PROCESS_FILE, from: '  files.sweepTemporaries(path);\n', to: '' },
    ],
  },
  {
    name: 'the process file outlives a stop',
    violates: 'clean-stop',
    replace: [
      { file: 'agent-store.ts', from: '      show({ served: undefined, servedForMs: 0 });\n', to: '' },
    ],
  },
  {
    name: 'a stop waits for the check that is under way',
    violates: 'clean-stop',
    replace: [
      {
        file: 'imds/credential-source.ts',
        from: "    stopped.addEventListener('abort', end);\n",
        to: '',
      },
    ],
  },
];
