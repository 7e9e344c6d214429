/** docs/troubleshooting.md has every message that the source can give where something fails, and no other. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { repository } from '../support/child.ts';
import { errorTexts } from '../support/messages.ts';

const page = readFileSync(`${repository}docs/troubleshooting.md`, 'utf8');
const rows = page.split('\n').filter((line) => line.startsWith('| `'));
const texts = errorTexts();

/** How texts begin that are no message where something fails: output, help, protocol, the words for rules. */
const OTHER_TEXTS: readonly string[] = [
  'Usage: rolekeeper credential-process',
  'Nobody has asked in the last hour.',
  '… … …: …',
  'Only … (…) reaches IMDS, and it does',
  '… (…) reaches IMDS: checked',
  'Requests for IMDS by … go to',
  'Forwarded requests, as of containers, are let through',
  // For systemctl status: the reason is told in the log, too.
  '…. Not reloaded: …',
  'Serving role … (key …) until',
  'Asking IMDS for the first time',
  'simulator listening on …',
  'Faults (REQUESTKIND is',
  'id: … event: … data: …',
  'HTTP/1.1 … Connection: close',
  '[[…]] … at …',
  ', nor may callers of whom that cannot be known',
  '… … over …….',
  '…: no rule; its ….',
  '…: the first rule that fits decides; …; and its ….',
  'file mode and group decide who can connect',
  'container_endpoint.authorize is asked for, too',
  'tokens are asked for, as IMDS does',
  'set -gx … …;',
  'Remove-Item -ErrorAction Ignore Env:…',
  '…key id ending in …,',
  '# Written by rolekeeper; replaced whenever the credentials rotate',
  '"$0" -f - && exec "$0" --stateless list table …',
  '<?xml version="1.0"',
];

/** What stands in backticks, the ellipsis for a value included. */
function quoted(text: string): readonly string[] {
  return [...text.matchAll(/`` (.+?) ``|``(.+?)``|`(.+?)`/g)].map(([, a, b, c]) =>
    (a ?? b ?? c ?? '').replaceAll('\\|', '|'),
  );
}

test('every message of the source is on the page', () => {
  const listed = new Set(rows.flatMap(quoted));
  const missing = texts.filter(
    ({ text }) => !listed.has(text) && !OTHER_TEXTS.some((other) => text.startsWith(other)),
  );
  expect(missing).toEqual([]);
});

test('every message of the page is in the source', () => {
  const said = new Set(texts.map(({ text }) => text));
  const first = rows.flatMap((row) => quoted(row.slice(0, row.indexOf(' | '))));
  expect(first.length).toBeGreaterThan(250);
  expect(first.filter((text) => !said.has(text))).toEqual([]);
});

test('every row has a cause and a next step', () => {
  const unfinished = rows.filter((row) => {
    const cells = row.replaceAll('\\|', '').split('|').slice(1, -1);
    return cells.length !== 3 || cells.some((cell) => cell.trim() === '');
  });
  expect(unfinished).toEqual([]);
});

test('no message is there twice, and none of the other texts has gone', () => {
  const first = rows.flatMap((row) => quoted(row.slice(0, row.indexOf(' | '))));
  expect(first.filter((text, at) => first.indexOf(text) !== at)).toEqual([]);
  const gone = OTHER_TEXTS.filter((other) => !texts.some(({ text }) => text.startsWith(other)));
  expect(gone).toEqual([]);
});
