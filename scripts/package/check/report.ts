import { Skipped } from '../tool.ts';
import type { Check, Subject } from './check.ts';

/** Makes the checks in their order, says how each went, counts them in a last line, and sets the exit status. */
export async function report(checks: readonly Check[], subject: Subject): Promise<void> {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const check of checks) count[await outcome(check, subject)] += 1;
  process.stdout.write(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`);
  process.exitCode = count.failed === 0 ? 0 : 1;
}

async function outcome({ title, run }: Check, subject: Subject): Promise<'passed' | 'failed' | 'skipped'> {
  try {
    const told = await run(subject);
    process.stdout.write(`passed: ${title}${told === undefined ? '' : `: ${told}`}\n`);
    return 'passed';
  } catch (error) {
    const isSkipped = error instanceof Skipped;
    process.stdout.write(`${isSkipped ? 'skipped' : 'failed'}: ${title}: ${(error as Error).message}\n`);
    return isSkipped ? 'skipped' : 'failed';
  }
}
