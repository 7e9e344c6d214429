import { type Finding, type Severity, severities, worstOf } from './finding.ts';

export interface TextStyle {
  readonly columns: number;
  readonly isColoured: boolean;
}

/** `rolekeeper doctor --json`, version 1. The ids are a closed set; the texts are for people and may change. */
export interface DoctorDocument {
  readonly version: string;
  readonly worst: Severity;
  readonly findings: readonly {
    readonly id: string;
    readonly severity: Severity;
    readonly finding: string;
    readonly evidence: string;
    readonly consequence?: string;
    readonly next_step?: string;
  }[];
}

export function doctorDocument(findings: readonly Finding[], version: string): DoctorDocument {
  return {
    version,
    worst: worstOf(findings),
    findings: findings.map(({ nextStep, ...finding }) => ({
      ...finding,
      ...(nextStep !== undefined && { next_step: nextStep }),
    })),
  };
}

const COLOUR: Readonly<Record<Severity, number>> = {
  ok: 32,
  note: 36,
  unknown: 36,
  warning: 33,
  problem: 31,
};
const LABELS = ['', 'seen', 'so', 'do'] as const;
const INDENT = 10;

/** The worst first, each with its next step; what is well comes last, a line each. Nothing is wider than the columns. */
export function reportText(findings: readonly Finding[], style: TextStyle): string {
  const shown = severities.toReversed().filter((severity) => severity !== 'ok');
  const paragraphs = shown.flatMap((severity) =>
    findings.filter((each) => each.severity === severity).map((each) => paragraph(each, style)),
  );
  const well = findings.filter(({ severity }) => severity === 'ok').map((each) => line(each, style));
  return `${[headline(findings, style), ...paragraphs, well.join('')].filter((part) => part !== '').join('\n')}`;
}

function headline(findings: readonly Finding[], { columns }: TextStyle): string {
  const counts = severities
    .toReversed()
    .filter((severity) => severity !== 'ok')
    .flatMap((severity) => {
      const count = findings.filter((each) => each.severity === severity).length;
      return count === 0
        ? []
        : [severity === 'unknown' ? `${count} unknown` : `${count} ${severity}${count === 1 ? '' : 's'}`];
    });
  const well = findings.filter(({ severity }) => severity === 'ok').length;
  return wrapped(
    `${counts.length === 0 ? 'All is well' : counts.join(', ')}; ${well} checks found nothing wrong.`,
    0,
    columns,
  );
}

function paragraph(finding: Finding, style: TextStyle): string {
  const { severity, id, evidence, consequence, nextStep } = finding;
  const head = `${coloured(severity.padEnd(INDENT), severity, style)}${wrapped(`${finding.finding} [${id}]`, INDENT, style.columns)}`;
  const parts = [undefined, evidence, consequence, nextStep].map((text, at) =>
    text === undefined
      ? ''
      : `  ${(LABELS[at] ?? '').padEnd(INDENT - 2)}${wrapped(text, INDENT, style.columns)}`,
  );
  return [head, ...parts].join('');
}

function line({ finding, id, evidence }: Finding, style: TextStyle): string {
  const text = wrapped(`${finding} [${id}]: ${evidence}`, INDENT, style.columns);
  return `${coloured('ok'.padEnd(INDENT), 'ok', style)}${text}`;
}

function coloured(text: string, severity: Severity, { isColoured }: TextStyle): string {
  return isColoured ? `\u001b[${COLOUR[severity]}m${text}\u001b[0m` : text;
}

/** At blanks; what has none and is too long is cut. Ends with a line break; the first line stands after `indent` columns. */
function wrapped(text: string, indent: number, columns: number): string {
  const width = Math.max(20, columns - indent);
  const lines: string[] = [''];
  for (const word of printable(text).split(' ')) {
    for (const piece of pieces(word, width)) {
      const last = lines.at(-1) ?? '';
      if (last === '') lines[lines.length - 1] = piece;
      else if (last.length + 1 + piece.length <= width) lines[lines.length - 1] = `${last} ${piece}`;
      else lines.push(piece);
    }
  }
  return `${lines.join(`\n${' '.repeat(indent)}`)}\n`;
}

function pieces(word: string, width: number): readonly string[] {
  return word.match(new RegExp(`.{1,${width}}`, 'gsu')) ?? [''];
}

/** Paths, names and answers are others' texts: none of them may move the cursor. */
function printable(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
}
