/** What of Stryker's JSON report (its schema 2) is read here. */
export interface MutationReport {
  readonly files: Readonly<Record<string, { readonly mutants: readonly { readonly status: string }[] }>>;
}

/** A folder, and the least part of its mutants, in percent, that the tests have to notice. */
export interface Floor {
  readonly folder: string;
  readonly percent: number;
}

export interface Scores {
  /** For people: a line for each folder that was measured, and below it one for each of its files. */
  readonly lines: readonly string[];
  /** The folders below their floor, each with what was found and the rule. */
  readonly tooLow: readonly string[];
}

/** The scores by folder. Where nothing was measured there is no line, and nothing too low. */
export function scoresOf({ files }: MutationReport, floors: readonly Floor[]): Scores {
  const lines: string[] = [];
  const tooLow: string[] = [];
  for (const { folder, percent } of floors) {
    const inside = Object.entries(files).filter(([path]) => path.startsWith(`${folder}/`));
    const whole = tally(inside.flatMap(([, { mutants }]) => mutants));
    if (whole.all === 0) continue;
    lines.push(line(folder, whole));
    for (const [path, { mutants }] of inside) {
      const counts = tally(mutants);
      if (counts.all > 0) lines.push(line(`  ${path}`, counts));
    }
    const score = scoreOf(whole);
    if (score < percent) tooLow.push(`${folder} has ${shown(score)} %, expected at least ${percent} %`);
  }
  return { lines, tooLow };
}

interface Tally {
  readonly all: number;
  readonly killed: number;
  readonly timeout: number;
  readonly survived: number;
  readonly uncovered: number;
}

/** What could not be compiled or was left out on purpose says nothing about the tests. */
function tally(mutants: readonly { readonly status: string }[]): Tally {
  const count = (status: string) => mutants.filter((mutant) => mutant.status === status).length;
  const [killed, timeout] = [count('Killed'), count('Timeout')];
  const [survived, uncovered] = [count('Survived'), count('NoCoverage')];
  return { all: killed + timeout + survived + uncovered, killed, timeout, survived, uncovered };
}

/** Percent. A mutant that never ends was noticed. */
function scoreOf({ all, killed, timeout }: Tally): number {
  return (100 * (killed + timeout)) / all;
}

function line(name: string, counts: Tally): string {
  const { killed, timeout, survived, uncovered } = counts;
  const parts = `${killed} killed, ${timeout} timed out, ${survived} survived, ${uncovered} not covered`;
  return `${name.padEnd(40)}${shown(scoreOf(counts)).padStart(6)} %  ${parts}`;
}

/** Cut rather than rounded: what is shown as 90.0 is no less. */
function shown(score: number): string {
  return (Math.floor(score * 10) / 10).toFixed(1);
}
