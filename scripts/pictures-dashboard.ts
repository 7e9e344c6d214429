/**
 * `npm run pictures:dashboard`: what the shipped dashboard shows of a simulated day, as SVG in `docs/pictures/`. The agent that
 * was scraped is a real one, and so is the Prometheus that answers the dashboard's own queries; only the drawing is ours,
 * because Debian has no Grafana.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asSent, type Panel, panels } from '../test/monitoring/dashboard.ts';
import { type Prometheus, startPrometheus } from '../test/monitoring/prometheus.ts';
import { SCRAPE_MS, simulatedDay } from '../test/monitoring/simulated-day.ts';
import { temporaryDirectory } from '../test/support/agent-process.ts';
import { type DrawnPanel, dashboardSvg, type Line, type Span } from './pictures/dashboard-svg.ts';

/** The rest of it is about the process, and under what a screen shows. */
const LAST_ROW = 28;
const STEP_SECONDS = 300;
const INTERVAL = `${(10 * SCRAPE_MS) / 1000}s`;
const PICTURE = join(process.cwd(), 'docs', 'pictures', 'dashboard.svg');

using directory = temporaryDirectory();
const { text, ...span } = await simulatedDay();
const file = join(directory.path, 'day.txt');
writeFileSync(file, text);
const made = spawnSync(
  'promtool',
  ['tsdb', 'create-blocks-from', 'openmetrics', file, join(directory.path, 'tsdb')],
  { encoding: 'utf8' },
);
if (made.status !== 0) throw new Error(`promtool took none of it: ${made.stderr}`);
await using prometheus = await startPrometheus(directory.path);
const drawn: DrawnPanel[] = [];
for (const panel of panels) {
  if (panel.gridPos.y < LAST_ROW) drawn.push(await drawnPanel(prometheus, panel, span));
}
writeFileSync(PICTURE, dashboardSvg('rolekeeper: a simulated day', drawn, span));
process.stdout.write('docs/pictures/dashboard.svg\n');

async function drawnPanel(source: Prometheus, panel: Panel, { begins, ends }: Span): Promise<DrawnPanel> {
  const { type, title, gridPos, targets, fieldConfig } = panel;
  const frame = { title, place: gridPos, unit: fieldConfig.defaults.unit ?? '' };
  const lines: Line[] = [];
  for (const { expr, legendFormat } of targets) {
    const step = type === 'stat' ? ends - begins : STEP_SECONDS;
    const from = type === 'stat' ? ends : begins;
    const { result } = (await source.ask('query_range', {
      query: asSent(expr, INTERVAL),
      start: String(from),
      end: String(ends),
      step: String(step),
    })) as { result: { metric: Record<string, string>; values: [number, string][] }[] };
    for (const { metric, values } of result) {
      const points = values.map(([at, value]) => [at, Number(value)] as const);
      const name = legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? '');
      // What never happened is not drawn: fifteen kinds of failure are in every legend else.
      if (type === 'stat' || points.some(([, value]) => value !== 0)) lines.push({ name, points });
    }
  }
  if (type !== 'stat') return { ...frame, lines };
  const steps = fieldConfig.defaults.thresholds?.steps ?? [];
  const stats = lines.map(({ name, points }) => {
    const value = points.at(-1)?.[1] ?? Number.NaN;
    const colour = steps.findLast((each) => each.value === null || value >= each.value)?.color ?? 'green';
    return { name, value, colour };
  });
  return { ...frame, stats };
}
