/** `npm run test:monitoring`: what is shipped for Prometheus and Grafana, against a real Prometheus and a real agent. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { agentProcess, simulatorProcess, temporaryDirectory } from '../support/agent-process.ts';
import { repository } from '../support/child.ts';
import { blocks } from '../support/fenced-blocks.ts';
import { readSamples } from '../support/prometheus-samples.ts';
import { annotationQueries, metricsAskedFor, panelQueries, RULES, variables } from './dashboard.ts';
import { startPrometheus } from './prometheus.ts';

const DEADLINE_MS = 60_000;
let passed = 0;
let failed = 0;

/** One claim. A check that throws has failed, and the others are still made. */
async function holds(claim: string, check: () => unknown): Promise<void> {
  try {
    await check();
    passed += 1;
    tell(`ok      ${claim}`);
  } catch (error) {
    failed += 1;
    tell(`FAILED  ${claim}: ${(error as Error).message}`);
  }
}

/** Another program's doing, in its own time. */
async function eventually(condition: () => Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${DEADLINE_MS / 1000} s`);
    await wait(200);
  }
}

/** Throws what promtool says, also where it only complains. */
function promtool(words: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync('promtool', words, { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${stdout}${stderr}`.trim());
  return `${stdout}${stderr}`.trim();
}

function isTrue(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}

await holds('promtool check rules takes the alert rules', () => promtool(['check', 'rules', RULES]));
await holds('promtool test rules: each alert fires when it has to, and not before', () =>
  promtool(['test', 'rules', `${repository}test/monitoring/rules.test.yml`]),
);
await holds('each alert has a unit test, and a row on the page', () => {
  const alerts = [...readFileSync(RULES, 'utf8').matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name);
  const tests = readFileSync(`${repository}test/monitoring/rules.test.yml`, 'utf8');
  const page = readFileSync(`${repository}docs/monitoring.md`, 'utf8');
  const missing = alerts.filter(
    (name) => !tests.includes(`alertname: ${name}\n`) || !page.includes(`| \`${name}\` |`),
  );
  isTrue(alerts.length > 5 && missing.length === 0, `without: ${missing.join(', ')}`);
});

using directory = temporaryDirectory();
await holds("promtool check config takes the page's configuration", () => {
  const { text = '' } =
    blocks.find(({ page, language }) => page === 'monitoring.md' && language === 'yaml') ?? {};
  const file = join(directory.path, 'page.yml');
  writeFileSync(file, text.replace(/\/usr\/share\/doc\/rolekeeper\/monitoring\/\S+/, RULES));
  isTrue(text.includes('127.0.0.1:9913'), 'the block is not there');
  promtool(['check', 'config', file]);
});

await using simulator = await simulatorProcess();
await using agent = await agentProcess({
  endpoint: simulator.url,
  runtimeDirectory: join(directory.path, 'run'),
  flags: ['--metrics-listen', '127.0.0.1:0', '--imds-check-interval', '1s'],
});
await agent.becomes(({ serving }) => serving);
const { metrics_url: metricsUrl, surfaces } = JSON.parse((await agent.ask('/v1/status')).body);
const container = surfaces.find(({ name }: { name: string }) => name === 'container_endpoint').address;
const { host } = new URL(metricsUrl);
const overTcp = await (await fetch(metricsUrl)).text();

await holds('promtool check metrics finds nothing to say about them, over the agent socket', async () => {
  const said = promtool(['check', 'metrics'], (await agent.ask('/metrics')).body);
  isTrue(said === '', said);
});
await holds('nor over TCP', () => {
  const said = promtool(['check', 'metrics'], overTcp);
  isTrue(said === '', said);
});
await holds('every metric that the rules and the dashboard ask for is there', () => {
  const names = new Set([...readSamples(overTcp).keys()].map((series) => series.replace(/\{.*/, '')));
  const missing = [...metricsAskedFor()].filter((name) => !names.has(name));
  isTrue(missing.length === 0, missing.join(', '));
});

await using prometheus = await startPrometheus(directory.path, host);
await holds('Prometheus scrapes the agent', () =>
  eventually(
    async () => (await prometheus.query('up == 1 and scrape_samples_scraped > 50')).length === 1,
    'up',
  ),
);
// Counted only once the series were seen without: an increase is from one scrape to another.
for (let times = 0; times < 3; times++) {
  await agent.ask('/v1/credentials');
  await fetch(container);
}
await holds('Prometheus has no trouble with any rule', async () => {
  await eventually(
    async () => (await rulesOf()).every(({ lastEvaluation }) => !lastEvaluation.startsWith('0001')),
    'rules',
  );
  const ill = (await rulesOf()).filter(({ health }) => health !== 'ok');
  isTrue(ill.length === 0, ill.map(({ name }) => name).join(', '));
});
await holds('an alert fires for a real agent that refuses a real caller, and no other does', async () => {
  const firing = () => prometheus.query('ALERTS{alertstate="firing"}');
  await eventually(async () => (await firing()).length > 0, 'ALERTS');
  const alerts = (await firing()).map(
    ({ labels }) => `${labels.alertname} ${labels.surface} ${labels.reason}`,
  );
  isTrue(alerts.join() === 'RolekeeperDenials container_endpoint unauthorized', alerts.join());
});
for (const { name, query } of panelQueries) {
  await holds(`the panel ${name} has data`, () =>
    eventually(async () => (await prometheus.query(query)).length > 0, query),
  );
}
for (const { name, query } of annotationQueries) {
  await holds(`the annotation ${name} can be asked for`, () => prometheus.query(query));
}
for (const { name, selector, label } of variables) {
  await holds(`the variable ${name} has values`, async () => {
    const values = (await prometheus.ask(`label/${label}/values`, { 'match[]': selector })) as string[];
    isTrue(values.length > 0, 'none');
  });
}

tell(`${passed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed === 0 ? 0 : 1;

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function rulesOf() {
  const { groups } = (await prometheus.ask('rules')) as {
    groups: { rules: { name: string; health: string; lastEvaluation: string }[] }[];
  };
  return groups.flatMap(({ rules }) => rules);
}
