/** Copies of `src` that are broken on purpose, to see that the search finds what it is for. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Property } from './judge.ts';

export interface Break {
  readonly name: string;
  /** In `src`. */
  readonly file: string;
  /** Occurs once in the file. */
  readonly from: string;
  readonly to: string;
  /** A second place. */
  readonly also?: { readonly from: string; readonly to: string };
  /** What it violates first. */
  readonly violates: Property;
  readonly scope: 'everything' | 'roles' | 'clocks';
  readonly stability: 'never' | 'imds' | 'always';
}

const STATE = 'domain/life-state.ts';
const NEXT_GENERATION = `const generation = state.generation + 1;
  const { roleName`;

export const BREAKS: readonly Break[] = [
  {
    name: 'a set is shown before it is stored',
    file: 'agent-store.ts',
    from: `      store.subscribe(keepWarm(warm, boot));
      startShowing(settings.rules);`,
    to: `      startShowing(settings.rules);
      store.subscribe(keepWarm(warm, boot));`,
    violates: 'never-back',
    scope: 'roles',
    stability: 'imds',
  },
  {
    name: 'an expired document is accepted',
    file: STATE,
    from: 'if (answer.credentials.expiration > reading.wall) {',
    to: 'if (reading.wall > 0) {',
    violates: 'good-set-stays',
    scope: 'roles',
    stability: 'imds',
  },
  {
    name: 'a failed answer takes away what is held',
    file: STATE,
    from: 'const counted = { ...troubled, rolelessChecks: 0 };',
    to: 'const counted = { ...troubled, rolelessChecks: 0, held: undefined };',
    violates: 'good-set-stays',
    scope: 'roles',
    stability: 'imds',
  },
  {
    name: 'the third failure in a row takes away what is held',
    file: STATE,
    from: 'const counted = { ...troubled, rolelessChecks: 0 };',
    to: 'const counted = { ...troubled, rolelessChecks: 0, ...(troubled.failures > 2 && { held: undefined }) };',
    violates: 'good-set-stays',
    scope: 'roles',
    stability: 'never',
  },
  {
    name: 'one 404 is taken for a detached role',
    file: STATE,
    from: 'CHECKS_UNTIL_DETACHED = 3',
    to: 'CHECKS_UNTIL_DETACHED = 1',
    violates: 'good-set-stays',
    scope: 'roles',
    stability: 'imds',
  },
  {
    name: 'a detached role is never withdrawn',
    file: STATE,
    from: 'if (rolelessChecks < CHECKS_UNTIL_DETACHED)',
    to: 'if (rolelessChecks > 0)',
    violates: 'recovers',
    scope: 'roles',
    stability: 'imds',
  },
  {
    name: 'the generation stays the same with another set',
    file: STATE,
    from: NEXT_GENERATION,
    to: NEXT_GENERATION.replace(' + 1', ''),
    violates: 'never-back',
    scope: 'roles',
    stability: 'imds',
  },
  {
    name: 'the generation begins anew with each start',
    file: 'agent-store.ts',
    from: 'Math.max(found.generation ?? 0, Math.floor(boot.uptimeSeconds()))',
    to: '1',
    violates: 'never-back',
    scope: 'roles',
    stability: 'imds',
  },
  {
    name: 'a stored set is taken up by the wall clock alone',
    file: 'lifecycle/warm-restart.ts',
    from: 'const forMs = Math.min(byWall, sinceBoot);',
    to: 'const forMs = sinceBoot < byWall ? byWall : byWall;',
    violates: 'not-expired',
    scope: 'clocks',
    stability: 'never',
  },
  {
    name: 'a stored set is taken up whether it has life left or not',
    file: 'lifecycle/warm-restart.ts',
    from: 'if (forMs > 0) store.adopt(held, forMs);',
    to: 'store.adopt(held, Math.max(forMs, 60_000));',
    violates: 'not-expired',
    scope: 'clocks',
    stability: 'never',
  },
  {
    name: 'a set is served on when it has expired',
    file: STATE,
    from: 'soundNow(state.confirmed, reading) < held.advertisedExpiration',
    to: 'soundNow(state.confirmed, reading) > 0',
    violates: 'not-expired',
    scope: 'clocks',
    stability: 'never',
  },
  {
    name: 'a clock that is stepped back revives a set',
    file: 'domain/refresh-policy.ts',
    from: 'return Math.max(reading.wall, confirmed.wall + reading.monotonic - confirmed.monotonic);',
    to: 'return confirmed.wall > 0 ? reading.wall : reading.monotonic;',
    violates: 'not-expired',
    scope: 'clocks',
    stability: 'never',
  },
  {
    name: 'a set is extended although IMDS does not answer',
    file: STATE,
    from: "if (expired === undefined || stability !== 'always') return counted;",
    to: 'if (expired === undefined) return counted;',
    violates: 'not-expired',
    scope: 'everything',
    stability: 'imds',
  },
  {
    name: 'a process file that cannot be replaced stays',
    file: 'delivery/process-file.ts',
    from: `        remove();
        throw error;`,
    to: '        throw error;',
    violates: 'surfaces-agree',
    scope: 'roles',
    stability: 'imds',
  },
  {
    name: 'a stopped agent leaves its process file',
    file: 'agent-store.ts',
    from: 'show({ served: undefined, servedForMs: 0 });',
    to: '',
    violates: 'surfaces-agree',
    scope: 'roles',
    stability: 'imds',
  },
  {
    name: 'a stored state that cannot be replaced stays',
    file: 'lifecycle/warm-restart.ts',
    from: `      stored = undefined;
      removeStored();`,
    to: '      stored = undefined;',
    violates: 'surfaces-agree',
    scope: 'roles',
    stability: 'imds',
  },
  {
    name: 'a withdrawal is not stored',
    file: 'lifecycle/warm-restart.ts',
    from: 'const { generation } = after;',
    to: 'const { generation } = after;\n    if (after.held === undefined) return;',
    violates: 'recovers',
    scope: 'roles',
    stability: 'imds',
  },
  {
    name: 'a failure after a withdrawal brings the set back',
    file: STATE,
    from: 'const counted = { ...troubled, rolelessChecks: 0 };',
    to: 'const counted = { ...troubled, rolelessChecks: 0, held: state.held ?? state.withdrawn };',
    also: {
      from: 'held: undefined,\n    absence:',
      to: 'withdrawn: state.held, held: undefined,\n    absence:',
    },
    violates: 'withdrawn-nowhere',
    scope: 'roles',
    stability: 'never',
  },
  {
    name: 'two checks can be under way',
    file: 'imds/credential-source.ts',
    from: 'underWay ??= check(signal)',
    to: 'underWay = check(signal)',
    violates: 'one-check',
    scope: 'roles',
    stability: 'imds',
  },
  {
    name: 'the new role is told with the set of the old one',
    file: STATE,
    from: 'const { roleName, accountId, credentials } = answer;',
    to: 'const { accountId, credentials } = answer;\n  const roleName = state.held?.roleName ?? answer.roleName;',
    violates: 'whole-sets',
    scope: 'roles',
    stability: 'imds',
  },
  {
    name: 'the secret of the set before stays',
    file: STATE,
    from: 'const { roleName, accountId, credentials } = answer;',
    to: `const { roleName, accountId } = answer;
  const before = state.held?.credentials ?? answer.credentials;
  const credentials = { ...answer.credentials, secretAccessKey: before.secretAccessKey };`,
    violates: 'whole-sets',
    scope: 'roles',
    stability: 'imds',
  },
  {
    name: 'what a killed writer left stays',
    file: 'lifecycle/warm-restart.ts',
    from: '  files.sweepTemporaries(path);\n',
    to: '',
    violates: 'clean-start',
    scope: 'roles',
    stability: 'imds',
  },
];

/** Of `src`, what the search loads. */
const PARTS = ['domain', 'platform', 'lifecycle', 'imds', 'delivery', 'config', 'agent-store.ts'];

/** A copy of `src` with that break in it, and the way to get rid of it. */
export function brokenCopy(root: string, { file, from, to, also }: Break): { src: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'rolekeeper-broken-'));
  const src = join(directory, 'src');
  for (const part of PARTS) cpSync(join(root, 'src', part), join(src, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  let text = readFileSync(join(src, file), 'utf8');
  for (const place of also === undefined ? [{ from, to }] : [{ from, to }, also]) {
    const parts = text.split(place.from);
    if (parts.length !== 2)
      throw new Error(`${file} has this ${parts.length - 1} times, not once: ${place.from}`);
    text = parts.join(place.to);
  }
  writeFileSync(join(src, file), text);
  return { src, remove: () => rmSync(directory, { recursive: true }) };
}
