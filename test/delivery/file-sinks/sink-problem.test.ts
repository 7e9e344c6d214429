import { expect, test } from 'vitest';
import { problemOf, SinkProblem } from '../../../src/delivery/file-sinks/sink-problem.ts';

const system = (code: string) => Object.assign(new Error(`${code}: about /run/app/.credentials`), { code });

test.each(['ENOENT', 'EACCES', 'EPERM', 'EROFS'])('%s says what to do about the directory', (code) => {
  expect(problemOf(system(code), '/run/app')).toMatch(/\/run\/app.*: .*(create|change|run|give|list) /);
});

test('any other error of the system is named', () => {
  expect(problemOf(system('EIO'), '/run/app')).toBe(
    'the system refused it (EIO): look at the path, and at what it is on',
  );
  expect(problemOf('text', '/run/app')).toBe(
    'the system refused it (unknown): look at the path, and at what it is on',
  );
});

test('a problem of ours is told as it is', () => {
  expect(problemOf(new SinkProblem('it is a link'), '/run/app')).toBe('it is a link');
});
