/** What must hold at every moment of every history. The name is what a violation is reported by. */
export const INVARIANTS = {
  'whole-sets': 'Every answer on every surface is one set, whole, exactly as IMDS handed it out.',
  'not-expired':
    'No surface hands out a set past its expiration, unless the expiration was extended by the rules.',
  'good-set-stays': 'A set that was taken in is served until it expires, whatever happens upstream.',
  'newest-set': 'What is served is the newest that IMDS has offered for longer than one check interval.',
  recovery: 'One backoff step after the end of a fault, the newest set is served.',
  'withdrawn-nowhere': 'A role that was missing in three checks in a row is served on no surface.',
  'never-back': 'No surface shows an older set or a lower generation after a newer one, restarts included.',
  'surfaces-agree': 'All surfaces show the same set at the same moment.',
  'answers-in-time': 'A reader of a cold agent is answered within the hold.',
  'request-rate': 'IMDS gets at most 10 requests in any second.',
  'calm-requests': 'In calm, IMDS gets at most 3 requests a minute, tokens and account id apart.',
  'one-at-a-time': 'One check at a time: at most one token PUT, role list and document GET are under way.',
  'readers-cost-nothing': 'No reader causes a request to IMDS.',
  'log-once': 'One log line for each change of state, however long it lasts and however often it is retried.',
  'log-level': 'error: consumers are refused; warn: someone should look; expected events are info.',
  'no-secret-told': 'No secret is in the log, the status or a refusal.',
  'status-tells': 'The status names the trouble and agrees with what is served.',
  'loop-alive': 'The refresh loop shows life, whatever happened.',
  'no-growth': 'Timers, exchanges, waiting readers and files stay bounded.',
  'clean-stop': 'A stop leaves no timer, no exchange, no process file and no temporary file.',
} as const;

export type Invariant = keyof typeof INVARIANTS;

export interface Violation {
  readonly invariant: Invariant;
  /** Of the simulated machine, by AWS's clock. */
  readonly at: string;
  readonly what: string;
}
