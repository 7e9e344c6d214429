import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Check, said } from '../package/check/check.ts';
import { Skipped } from '../package/tool.ts';

export const prometheusChecks: readonly Check[] = [
  {
    title: 'every question to a fleet’s Prometheus is about metrics that there are',
    run({ root }) {
      const { questions, metrics } = readPages(root);
      if (questions.length < 5) throw new Error(`there are ${questions.length} questions`);
      const asked = questions.flatMap((query) => query.match(/\brolekeeper_\w+/g) ?? []);
      const unknown = asked.filter((name) => !metrics.has(name.replace(/_bucket$/, '')));
      if (unknown.length > 0) throw new Error(`docs/monitoring.md does not have ${unknown.join(', ')}`);
      return `${questions.length} questions`;
    },
  },
  {
    title: 'every question to a fleet’s Prometheus is PromQL',
    run({ root, work }) {
      const rules = readPages(root).questions.map((expr, index) => ({
        record: `fleet:question_${index}`,
        expr,
      }));
      // JSON is YAML.
      const file = join(work, 'fleet.rules.yml');
      writeFileSync(file, JSON.stringify({ groups: [{ name: 'fleet', rules }] }));
      said('promtool', ['check', 'rules', file], withPromtool());
      return undefined;
    },
  },
];

function readPages(root: string): { readonly questions: readonly string[]; readonly metrics: Set<string> } {
  const page = readFileSync(join(root, 'docs/fleet.md'), 'utf8');
  const monitoring = readFileSync(join(root, 'docs/monitoring.md'), 'utf8');
  return {
    questions: [...page.matchAll(/^\| [^|]+\? \| `(.+)` \|$/gm)].map(([, query = '']) => query),
    metrics: new Set([...monitoring.matchAll(/^\| `(rolekeeper_\w+)/gm)].map(([, name = '']) => name)),
  };
}

/** The machine's own, or what `npm run test:monitoring` fetched. */
function withPromtool(): NodeJS.ProcessEnv {
  const cache = join(
    process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
    'rolekeeper-monitoring/usr/bin',
  );
  const env = { ...process.env, PATH: `${process.env.PATH}:${cache}` };
  if (spawnSync('sh', ['-c', 'command -v promtool'], { env, stdio: 'ignore' }).status !== 0) {
    throw new Skipped('there is no promtool here: `npm run test:monitoring` fetches one');
  }
  return env;
}
