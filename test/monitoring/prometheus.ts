import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Child, startChild } from '../support/child.ts';
import { RULES } from './dashboard.ts';

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Prometheus extends AsyncDisposable {
  readonly url: string;
  /** An instant query: what is not a number is left out. */
  query(expression: string): Promise<readonly Sample[]>;
  /** The `data` of an answer of its API. */
  ask(path: string, parameters?: Readonly<Record<string, string>>): Promise<unknown>;
}

/**
 * A real Prometheus on loopback that scrapes that address every second, with the rules that are shipped; without an address
 * it only answers from what is in `tsdb` of the directory.
 */
export async function startPrometheus(directory: string, target?: string): Promise<Prometheus> {
  const config = join(directory, 'prometheus.yml');
  writeFileSync(config, target === undefined ? '' : configuration(target));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child: Child = startChild(
    [
      'prometheus',
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(directory, 'tsdb')}`,
      '--storage.tsdb.retention.time=100y',
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { env: { PATH: process.env.PATH ?? '' } },
  );
  await child.says(/Server is ready to receive web requests/);
  const ask = async (path: string, parameters: Readonly<Record<string, string>> = {}) => {
    const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const { status, data, error } = (await response.json()) as Record<string, unknown>;
    if (status !== 'success') throw new Error(String(error));
    return data;
  };
  return {
    url,
    ask,
    async query(expression) {
      const { result } = (await ask('query', { query: expression })) as {
        result: { metric: Record<string, string>; value: [number, string] }[];
      };
      const samples = result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
      return samples.filter(({ value }) => Number.isFinite(value));
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await child.ended;
    },
  };
}

function configuration(target: string): string {
  return `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ["${RULES}"]
scrape_configs:
  - job_name: rolekeeper
    static_configs:
      - targets: ["${target}"]
`;
}

/** Prometheus takes no port 0. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
