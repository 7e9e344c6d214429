import { expect, test } from 'vitest';
import { COLUMNS, terminalSvg } from '../../../scripts/pictures/terminal-svg.ts';

const texts = (svg: string) =>
  [...svg.matchAll(/<text ([^>]*)>([^<]*)</g)].map(([, about, text]) => ({ about, text }));

test('a line is where it is on the terminal, in its colours', () => {
  const svg = terminalSvg('status', '\u001b[32mok\u001b[0m then \u001b[1;31mnot\u001b[22;39m so\r\n<&>\n');
  const [, , , ok, , not, so, last] = texts(svg);
  expect(ok).toMatchObject({ text: 'ok', about: expect.stringContaining('fill="#98c379"') });
  expect(not?.about).toContain('fill="#e06c75" font-weight="bold"');
  expect(so).toMatchObject({ text: ' so', about: expect.not.stringMatching(/fill|bold/) });
  expect(last?.text).toBe('&lt;&amp;&gt;');
  expect(texts(svg).map(({ about = '' }) => /y="([\d.]+)"/.exec(about)?.[1])).toEqual([
    '27.5',
    '27.5',
    '27.5',
    '45.5',
    '45.5',
    '45.5',
    '45.5',
    '63.5',
  ]);
});

test('what moves the cursor is left out', () => {
  expect(terminalSvg('x', '\u001b[2J\u001b[Hhere')).toContain('>here<');
});

test('a long line goes on in the next row', () => {
  const svg = terminalSvg('x', `${'a'.repeat(COLUMNS)}b`);
  expect(texts(svg).slice(3)).toMatchObject([
    { text: 'a'.repeat(COLUMNS) },
    { text: 'b', about: expect.stringContaining('x="14.0" y="63.5"') },
  ]);
});
