/**
 * `npm run simulation -- --histories N --days N --seed N`: that many lives of an instance with everything going wrong,
 * in virtual time, every answer judged. `--replay SEED` lives one of them again, `--history JSON` one that was printed.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type CampaignReport, campaign } from '../test/simulation/campaign.ts';
import type { Failure } from '../test/simulation/campaign-worker.ts';
import { describeHistory, type History, printHistory } from '../test/simulation/history.ts';
import type { Violation } from '../test/simulation/judge/invariants.ts';
import { historyOf } from '../test/simulation/numbered.ts';
import { shorten } from '../test/simulation/shorten.ts';
import { simulate } from '../test/simulation/simulate.ts';

const PROGRESS_EVERY_MS = 10_000;
const TRIES_TO_SHORTEN = 500;
const MOST_SHORTENED = 3;

const { values } = parseArgs({
  options: {
    histories: { type: 'string', default: '10000' },
    days: { type: 'string', default: '30' },
    'most-happenings': { type: 'string', default: '60' },
    seed: { type: 'string', default: String(process.pid) },
    threads: { type: 'string', default: String(availableParallelism()) },
    replay: { type: 'string' },
    history: { type: 'string' },
    trace: { type: 'boolean', default: false },
  },
});
const limits = { days: Number(values.days), mostHappenings: Number(values['most-happenings']) };
const say = (line: string) => process.stdout.write(`${line}\n`);

if (values.history !== undefined) await replay(JSON.parse(values.history));
else if (values.replay !== undefined) await replay(historyOf(Number(values.replay), limits));
else await run();

async function run(): Promise<void> {
  const { seed, threads, histories } = values;
  const { days, mostHappenings } = limits;
  say(`${histories} histories of ${days} days, up to ${mostHappenings} happenings each, seed ${seed}`);
  const began = performance.now();
  const cpuBegan = process.cpuUsage();
  let toldAt = began;
  const report = await campaign({
    ...limits,
    histories: Number(histories),
    seed: Number(seed),
    threads: Number(threads),
    failed: ({ number, seed, violation, difference }) =>
      say(`  history ${number}, seed ${seed}: ${(describe(violation) ?? difference ?? '').slice(0, 200)}`),
    tell(soFar) {
      if (performance.now() - toldAt < PROGRESS_EVERY_MS) return;
      toldAt = performance.now();
      say(`  ${soFar.counts.histories} lived, ${soFar.failures.length} failed`);
    },
  });
  const seconds = (performance.now() - began) / 1000;
  const cpu = process.cpuUsage(cpuBegan);
  await tellFailures(report.failures);
  summarize(report, seconds, (cpu.user + cpu.system) / 1e6);
}

function summarize({ counts, failures }: CampaignReport, seconds: number, cpuSeconds: number): void {
  const { histories, happenings, checks, skipped, requests, answers, logLines, compared } = counts;
  const failed = new Set(failures.map(({ number }) => number)).size;
  const each = ((cpuSeconds * 1000) / histories).toFixed(0);
  say(`days: ${histories * limits.days}, happenings: ${happenings}`);
  say(`checks made: ${checks}, passed over as calm: ${skipped}, requests to IMDS: ${requests}`);
  say(`answers judged: ${answers}, log lines judged: ${logLines}`);
  say(`lived twice, with and without passing over: ${compared}`);
  say(`${seconds.toFixed(1)} s, CPU ${cpuSeconds.toFixed(1)} s, ${each} ms of it for each history`);
  say(`violations: ${failures.length}`);
  say(`${histories - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 && histories > 0 ? 0 : 1;
}

async function tellFailures(failures: readonly Failure[]): Promise<void> {
  for (const [index, { number, seed, violation, difference }] of failures.entries()) {
    say(
      `FAILED: history ${number}, ${describe(violation) ?? `passing over calm checks shows: ${difference}`}`,
    );
    say(
      `  again: npm run simulation -- --days ${limits.days} --most-happenings ${limits.mostHappenings} --replay ${seed}`,
    );
    if (index >= MOST_SHORTENED || violation === undefined) continue;
    const live = async (history: History) => (await simulate(history)).violations.at(0);
    const short = await shorten(seed, limits, live, TRIES_TO_SHORTEN);
    if (short === undefined) continue;
    say(`  shortened in ${short.tries} tries: ${describe(short.violation)}`);
    say(`  ${describeHistory(short.history).replaceAll('\n', '\n  ')}`);
    say(`  again: npm run simulation -- --history '${printHistory(short.history)}'`);
  }
}

async function replay(history: History): Promise<void> {
  say(describeHistory(history));
  const trace = values.trace ? say : undefined;
  const { violations, ...counts } = await simulate(history, trace === undefined ? {} : { trace });
  say(JSON.stringify(counts));
  for (const violation of violations) say(describe(violation) ?? '');
  say(violations.length === 0 ? '1 passed, 0 failed' : '0 passed, 1 failed');
  process.exitCode = violations.length === 0 ? 0 : 1;
}

function describe(violation: Violation | undefined): string | undefined {
  return violation && `${violation.invariant} at ${violation.at}: ${violation.what}`;
}
