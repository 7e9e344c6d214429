import type { AnswerCounts } from '../domain/answer-counts.ts';

/** Counts what becomes of the requests for credentials at one surface. */
export interface AnswerTally {
  /** @param status of HTTP; 0: there was no answer */
  answered(status: number): void;
  /** @param code of the refusal: one of our own, of which there are few */
  refused(code: string): void;
  read(): AnswerCounts;
}

const MOST_STATUSES = 600;

/** One counter for each status there can be, so that an answer costs an addition and nothing to collect later. */
export function createAnswerTally(): AnswerTally {
  const answers = new Float64Array(MOST_STATUSES);
  const refusals = new Map<string, number>();
  return {
    answered(status) {
      answers[status] = (answers[status] ?? 0) + 1;
    },
    refused(code) {
      refusals.set(code, (refusals.get(code) ?? 0) + 1);
    },
    read() {
      const counts: [status: number, count: number][] = [];
      for (const [status, count] of answers.entries()) if (count > 0) counts.push([status, count]);
      return { answers: new Map(counts), refusals: new Map(refusals) };
    },
  };
}
