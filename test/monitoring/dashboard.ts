import { readFileSync } from 'node:fs';
import { repository } from '../support/child.ts';

export const RULES = `${repository}docs/monitoring/rolekeeper.rules.yml`;
const DASHBOARD = `${repository}docs/monitoring/rolekeeper.dashboard.json`;

/** A query of the dashboard, as Grafana sends it where everything is selected. */
export interface DashboardQuery {
  readonly name: string;
  readonly query: string;
}

export interface Panel {
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly {
    readonly expr: string;
    readonly legendFormat: string;
    readonly refId: string;
  }[];
  readonly fieldConfig: {
    readonly defaults: {
      readonly unit?: string;
      readonly thresholds?: {
        readonly steps: readonly { readonly color: string; readonly value: number | null }[];
      };
    };
  };
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr: string }[] };
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query: string | { readonly query: string } }[];
  };
}

const dashboard: Dashboard = JSON.parse(readFileSync(DASHBOARD, 'utf8'));

export const panels: readonly Panel[] = dashboard.panels;

export const panelQueries: readonly DashboardQuery[] = dashboard.panels.flatMap(({ title, targets }) =>
  targets.map(({ expr, refId }) => ({ name: `${title} ${refId}`, query: asSent(expr) })),
);

export const annotationQueries: readonly DashboardQuery[] = dashboard.annotations.list.map(
  ({ name, expr }) => ({
    name,
    query: asSent(expr),
  }),
);

/** What the variables of the dashboard can be: `label_values(SELECTOR, LABEL)`. */
export const variables = dashboard.templating.list.flatMap(({ name, query }) => {
  const text = typeof query === 'string' ? query : query.query;
  const [, selector, label] = /^label_values\((.+), (\w+)\)$/.exec(text) ?? [];
  return selector === undefined || label === undefined ? [] : [{ name, selector: asSent(selector), label }];
});

/** Every metric that the dashboard and the rules ask for. */
export function metricsAskedFor(): ReadonlySet<string> {
  const rules = readFileSync(RULES, 'utf8');
  const expressions = [...rules.matchAll(/^ +expr: (.+)$/gm)].map(([, expression = '']) => expression);
  const queries = [...panelQueries, ...annotationQueries].map(({ query }) => query);
  const names = [...expressions, ...queries].join('\n').matchAll(/\b(?:rolekeeper|process)_[a-z_]+\b/g);
  return new Set([...names].map(([name]) => name));
}

/** @param interval what Grafana makes of the width of the picture and the time between scrapes */
export function asSent(expression: string, interval = '30s'): string {
  return expression.replaceAll(/\$(?:job|instance)\b/g, '.*').replaceAll(/\$__(?:rate_)?interval/g, interval);
}
