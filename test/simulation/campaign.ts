import { Worker } from 'node:worker_threads';
import { type Batch, type BatchResult, COUNTS, type Count, type Failure } from './campaign-worker.ts';

export interface CampaignOptions {
  readonly histories: number;
  readonly days: number;
  readonly mostHappenings: number;
  readonly seed: number;
  readonly threads: number;
  /** Called now and then with what was done so far. */
  readonly tell: (report: CampaignReport) => void;
  readonly failed: (failure: Failure) => void;
}

export interface CampaignReport {
  readonly counts: Record<Count, number>;
  readonly failures: Failure[];
}

const BATCH = 20;

/** Lives through so many histories of one seed, in threads; which thread lives through which makes no difference. */
export async function campaign(options: CampaignOptions): Promise<CampaignReport> {
  const { histories, days, mostHappenings, seed, threads, tell, failed } = options;
  const counts = Object.fromEntries(COUNTS.map((name) => [name, 0])) as Record<Count, number>;
  const report: CampaignReport = { counts, failures: [] };
  let next = 0;
  await Promise.all(Array.from({ length: threads }, () => runThread()));
  report.failures.sort((a, b) => a.number - b.number);
  return report;

  function runThread(): Promise<void> {
    const worker = new Worker(new URL('./campaign-worker.ts', import.meta.url));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    worker.once('error', reject);
    worker.on('message', (result: BatchResult) => {
      for (const name of COUNTS) counts[name] += result.counts[name];
      report.failures.push(...result.failures);
      for (const failure of result.failures) failed(failure);
      tell(report);
      give();
    });
    give();
    return promise.finally(() => worker.terminate());

    function give(): void {
      if (next >= histories) {
        resolve();
        return;
      }
      const from = next;
      next = Math.min(histories, from + BATCH);
      const batch: Batch = { campaign: seed, from, to: next, days, mostHappenings };
      worker.postMessage(batch);
    }
  }
}
