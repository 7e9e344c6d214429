/** The contract of the log: docs/logging.md lists every line that the source can write, with its level. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { repository } from '../support/child.ts';
import { type LogCall, logCalls, sourceFiles } from '../support/messages.ts';

const page = readFileSync(`${repository}docs/logging.md`, 'utf8');
const calls = logCalls();

/** Messages that are made elsewhere, and that troubleshooting.md explains. */
const MADE_ELSEWHERE = ['trouble.message', 'problem.message', '(error as Error).message'];
/** How the part that says what to do begins. */
const NEXT_STEP =
  /[:;.,] (attach|check|correct|Free|look|Look|Nothing is to be done|please report|restart|run|see|Start|stop|systemctl)\b/;

function listed(level: string): readonly string[] {
  const section = page.split(`\n### ${level}\n`)[1]?.split('\n#')[0] ?? '';
  return [...section.matchAll(/^\| `(.+?)` \| .+ \|$/gm)].map((match) => match[1] ?? '');
}

function messages({ texts, expression }: LogCall): readonly string[] {
  return texts.length > 0 ? texts : [expression];
}

describe.each(['error', 'warn', 'info', 'debug'])('At level %s', (level) => {
  const written = calls.filter(({ levels }) => levels.includes(level)).flatMap(messages);

  test('the page lists what the source can write, and nothing else', () => {
    expect(listed(level).toSorted()).toEqual([...new Set(written)].toSorted());
    expect(written.length).toBeGreaterThan(3);
  });
});

test('Every line of warn and error says what to do next', () => {
  const loud = calls.filter(({ levels }) => levels.some((level) => level === 'warn' || level === 'error'));
  const mute = loud
    .flatMap((call) => messages(call).map((message) => ({ place: call.place, message })))
    .filter(({ message }) => !MADE_ELSEWHERE.includes(message) && !NEXT_STEP.test(message));
  expect(mute).toEqual([]);
});

test('A line is one sentence with its values in fields, or says so here', () => {
  // Of these the kinds are few, so that the limit of the log holds.
  const withValues = calls.filter(({ texts }) => texts.some((text) => text.includes('…')));
  expect(withValues.map(({ place }) => place.replace(/:\d+$/, '')).toSorted()).toEqual([
    'src/agent-accounts.ts',
    'src/agent-surfaces.ts',
    'src/delivery/file-sinks/hook-queue.ts',
    'src/lifecycle/journal.ts',
  ]);
});

test('Nothing writes to the console past the log', () => {
  const past = sourceFiles.filter(({ text }) => /\bconsole\.\w+\(/.test(text)).map(({ path }) => path);
  expect(past).toEqual([]);
});
