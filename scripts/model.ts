/**
 * `npm run model -- [--depth N] [--stability never|imds|always] [--scope NAME]`: every state that N steps of IMDS, the
 * machine, the agent and its readers can lead to, judged one by one. A violation is printed with the shortest way to it.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { StaticStability } from '../src/domain/life-state.ts';
import { CheckSource } from '../test/model/check-source.ts';
import { loadCode } from '../test/model/code.ts';
import { explore } from '../test/model/explore.ts';
import { PROPERTIES } from '../test/model/judge.ts';
import { SCOPES } from '../test/model/scope.ts';

const { values } = parseArgs({
  options: {
    depth: { type: 'string', default: '5' },
    stability: { type: 'string' },
    scope: { type: 'string' },
  },
});
const say = (line: string) => process.stdout.write(`${line}\n`);
const steps = Number(values.depth);
if (!Number.isInteger(steps) || steps < 1)
  throw new Error(`--depth must be a whole number from 1: ${values.depth}`);
const code = await loadCode(fileURLToPath(new URL('../src', import.meta.url)));
const settings: readonly StaticStability[] = ['never', 'imds', 'always'];
const searches = Object.values(SCOPES)
  .filter(({ name }) => values.scope === undefined || name === values.scope)
  .flatMap((scope) => settings.map((stability) => ({ scope, stability })))
  .filter(({ stability }) => values.stability === undefined || stability === values.stability);
let failed = 0;
const all = { states: 0, transitions: 0 };
for (const { scope, stability } of searches) {
  const began = performance.now();
  const model = { code, stability, scope, source: new CheckSource(code) };
  const found = await explore(model, steps + scope.deeper);
  const { states, transitions, depth, counterexample } = found;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  say(
    `${scope.name}, static_stability ${stability}: ${states} states, ${transitions} transitions, depth ${depth}, ${seconds} s`,
  );
  all.states += states;
  all.transitions += transitions;
  if (counterexample === undefined) continue;
  failed++;
  say(`violated: ${PROPERTIES[counterexample.property]}`);
  for (const [index, step] of counterexample.steps.entries()) say(`  ${index + 1}. ${step}`);
  say(`  then: ${counterexample.found}`);
}
say(`in all: ${all.states} states, ${all.transitions} transitions`);
if (searches.length === 0) say(`There is no scope ${values.scope} or no stability ${values.stability}`);
process.exitCode = failed === 0 && searches.length > 0 ? 0 : 1;
say(`${searches.length - failed} passed, ${failed} failed`);
