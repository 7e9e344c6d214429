import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../src/cli/doctor/finding.ts';
import { doctorDocument, reportText } from '../../../src/cli/doctor/report.ts';

const WELL: Finding = {
  id: 'clock-ok',
  severity: 'ok',
  finding: 'The clock agrees with IMDS',
  evidence: '0 s',
};
const ILL: Finding = {
  id: 'imds-disabled',
  severity: 'problem',
  finding: 'IMDS is switched off for this instance',
  evidence: 'PUT /latest/api/token: 403',
  consequence: 'There is nothing to serve',
  nextStep: 'Switch it on',
};
const NOTED: Finding = { ...ILL, id: 'lockdown-off', severity: 'note', finding: 'No rules' };
const plain = { columns: 80, isColoured: false };

describe('The text', () => {
  test('has the worst first, each with what was seen, what follows and what to do', () => {
    expect(reportText([WELL, NOTED, ILL], plain)).toBe(
      `1 problem, 1 note; 1 checks found nothing wrong.

problem   IMDS is switched off for this instance [imds-disabled]
  seen    PUT /latest/api/token: 403
  so      There is nothing to serve
  do      Switch it on

note      No rules [lockdown-off]
  seen    PUT /latest/api/token: 403
  so      There is nothing to serve
  do      Switch it on

ok        The clock agrees with IMDS [clock-ok]: 0 s
`,
    );
  });

  test('says that all is well', () => {
    expect(reportText([WELL], plain)).toMatch(/^All is well; 1 checks found nothing wrong\.\n/);
  });

  test.each([40, 80, 100])('is nowhere wider than %i columns, whatever stands in it', (columns) => {
    const long = `${'word '.repeat(60)}${'/path'.repeat(60)}`;
    const text = reportText(
      [
        { ...ILL, evidence: long },
        { ...WELL, evidence: long },
      ],
      {
        columns,
        isColoured: false,
      },
    );
    expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(columns);
    expect(text.replaceAll(/\s+/g, '')).toContain(long.replaceAll(' ', ''));
  });

  test('lets nothing that was found move the cursor', () => {
    const text = reportText([{ ...ILL, evidence: 'a\u001b[2J\nproblem forged\u2028b' }], plain);
    expect(text).not.toContain('\u001b');
    expect(text).toContain('  seen    a [2J problem forged b\n');
  });

  test('is coloured only where that was asked for', () => {
    expect(reportText([ILL], { ...plain, isColoured: true })).toContain('\u001b[31mproblem   \u001b[0m');
  });
});

test('The document has the ids, and its members are in snake case', () => {
  expect(doctorDocument([WELL, ILL], '1.2.3')).toEqual({
    version: '1.2.3',
    worst: 'problem',
    findings: [
      { id: 'clock-ok', severity: 'ok', finding: 'The clock agrees with IMDS', evidence: '0 s' },
      {
        id: 'imds-disabled',
        severity: 'problem',
        finding: 'IMDS is switched off for this instance',
        evidence: 'PUT /latest/api/token: 403',
        consequence: 'There is nothing to serve',
        next_step: 'Switch it on',
      },
    ],
  });
});
