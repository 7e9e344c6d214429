/** What became of the requests for credentials at one surface since the agent started. */
export interface AnswerCounts {
  /** By HTTP status; 0: ended without an answer. The line socket's line counts as 200. */
  readonly answers: ReadonlyMap<number, number>;
  /** Those that were refused before credentials were looked for, by the refusal's code. They are among the answers, too. */
  readonly refusals: ReadonlyMap<string, number>;
}
