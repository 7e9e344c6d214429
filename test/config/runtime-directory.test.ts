import { describe, expect, test } from 'vitest';
import { agentRuntimeDirectory, clientRuntimeDirectory } from '../../src/config/runtime-directory.ts';

const own = { ROLEKEEPER_RUNTIME_DIR: '/own' };
const unit = { RUNTIME_DIRECTORY: '/run/unit:/run/other' };
const user = { XDG_RUNTIME_DIR: '/run/user/1000' };
const all = { ...own, ...unit, ...user };

describe('the agent keeps its files in', () => {
  test.each([
    ['/flag', '--runtime-dir', { flag: '/flag', env: all, uid: 0 }],
    ['/own', 'ROLEKEEPER_RUNTIME_DIR', { env: all, uid: 1000 }],
    ['/run/unit', 'RUNTIME_DIRECTORY', { env: { ...unit, ...user }, uid: 0 }],
    ['/run/rolekeeper', 'default', { env: user, uid: 0 }],
    ['/run/user/1000/rolekeeper', 'XDG_RUNTIME_DIR', { env: user, uid: 1000 }],
    ['/own', 'ROLEKEEPER_RUNTIME_DIR', { env: { ROLEKEEPER_RUNTIME_DIR: '/own//' }, uid: 0 }],
    ['/', '--runtime-dir', { flag: '//', env: {}, uid: 0 }],
    ['/rolekeeper', 'XDG_RUNTIME_DIR', { env: { XDG_RUNTIME_DIR: '/' }, uid: 1 }],
    ['/a:b', '--runtime-dir', { flag: '/a:b', env: {}, uid: 0 }],
    ['/run/rolekeeper', 'default', { env: { ROLEKEEPER_RUNTIME_DIR: '', RUNTIME_DIRECTORY: '' }, uid: 0 }],
  ])('%s by %s', (path, origin, view) => {
    expect(agentRuntimeDirectory(view)).toEqual({ ok: true, path, origin });
  });

  test.each([
    ['--runtime-dir', '"run"', { flag: 'run', env: all, uid: 0 }],
    ['--runtime-dir', 'nothing', { flag: '', env: all, uid: 0 }],
    ['--runtime-dir', '"/a\\u{0}b"', { flag: '/a\0b', env: all, uid: 0 }],
    ['ROLEKEEPER_RUNTIME_DIR', '"./x"', { env: { ...unit, ROLEKEEPER_RUNTIME_DIR: './x' }, uid: 0 }],
    ['RUNTIME_DIRECTORY', '"rolekeeper"', { env: { RUNTIME_DIRECTORY: 'rolekeeper:/x' }, uid: 0 }],
    ['RUNTIME_DIRECTORY', 'nothing', { env: { RUNTIME_DIRECTORY: ':/x' }, uid: 0 }],
    ['XDG_RUNTIME_DIR', '"~/run"', { env: { XDG_RUNTIME_DIR: '~/run' }, uid: 1 }],
  ])('nowhere when %s is %s', (origin, found, view) => {
    expect(agentRuntimeDirectory(view)).toEqual({
      ok: false,
      error: `${origin} must name the runtime directory by an absolute path; found ${found}. Write one that begins with /, such as /run/rolekeeper.`,
    });
  });

  test('nowhere when a user has no directory of its own', () => {
    expect(agentRuntimeDirectory({ env: {}, uid: 1000 })).toEqual({
      ok: false,
      error:
        'No runtime directory is named, and /run/rolekeeper is for root only; the user is 1000 and XDG_RUNTIME_DIR is not set. Give --runtime-dir DIR or set ROLEKEEPER_RUNTIME_DIR.',
    });
  });
});

describe('a client looks for the agent in', () => {
  const system = '/run/rolekeeper';
  const users = '/run/user/1000/rolekeeper';
  test.each([
    ['/flag', '--runtime-dir', [system], { flag: '/flag', env: all }],
    ['/own', 'ROLEKEEPER_RUNTIME_DIR', [system, users], { env: all }],
    [system, 'default', [system, users], { env: { ...unit, ...user } }],
    [users, 'XDG_RUNTIME_DIR', [users], { env: { ...unit, ...user } }],
    [system, 'default', [], { env: { ...unit, ...user } }],
    [system, 'default', ['/run/unit'], { env: unit }],
    [system, 'default', [system], { env: { XDG_RUNTIME_DIR: 'relative' } }],
    [system, 'default', [], { env: { ROLEKEEPER_RUNTIME_DIR: '' } }],
  ])('%s by %s when %j exist', (path, origin, existing, view) => {
    const exists = (candidate: string) => existing.some((each) => each === candidate);
    expect(clientRuntimeDirectory({ ...view, exists })).toEqual({ ok: true, path, origin });
  });

  test.each([
    ['--runtime-dir', { flag: '', env: all }],
    ['ROLEKEEPER_RUNTIME_DIR', { env: { ROLEKEEPER_RUNTIME_DIR: 'run' } }],
    ['XDG_RUNTIME_DIR', { env: { XDG_RUNTIME_DIR: 'run' } }],
  ])('nowhere when %s is no absolute path', (origin, view) => {
    expect(clientRuntimeDirectory({ ...view, exists: () => false })).toEqual({
      ok: false,
      error: expect.stringMatching(
        new RegExp(`^${origin} must name the runtime directory by an absolute path`),
      ),
    });
  });

  test('the system directory without asking the disk when another one is named', () => {
    const exists = () => {
      throw new Error('asked');
    };
    expect(clientRuntimeDirectory({ flag: '/x', env: {}, exists }).ok).toBe(true);
  });
});
