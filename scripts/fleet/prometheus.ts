import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Check, said } from '../package/check/check.ts';
import { needs } from '../package/tool.ts';

export const prometheusChecks: readonly Check[] = [
  {
    title: 'every question to a fleet’s Prometheus is PromQL',
    run({ root, work }) {
      needs('promtool', 'prometheus');
      const page = readFileSync(join(root, 'docs/fleet.md'), 'utf8');
      const questions = [...page.matchAll(/^\| [^|]+\? \| `(.+)` \|$/gm)].map(([, query = '']) => query);
      if (questions.length < 5) throw new Error(`there are ${questions.length}`);
      const rules = questions.map((expr, index) => ({ record: `fleet:question_${index}`, expr }));
      // JSON is YAML.
      const file = join(work, 'fleet.rules.yml');
      writeFileSync(file, JSON.stringify({ groups: [{ name: 'fleet', rules }] }));
      said('promtool', ['check', 'rules', file]);
      return `${questions.length} questions`;
    },
  },
];
