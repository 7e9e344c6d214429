import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';

export type FoundProgram =
  | { readonly file: string }
  | { readonly problem: string; readonly exitCode: 126 | 127 };

/** What execvp(3) searches where PATH is not set. */
const DEFAULT_PATH = '/bin:/usr/bin';

/**
 * The file that a shell would run for `name`: itself if it holds a slash, else the first executable one in `path`.
 * 127 and 126 are the exit codes that shells give where there is none, and where there is one that may not be run.
 */
export function findProgram(name: string, path = DEFAULT_PATH): FoundProgram {
  if (name.includes('/')) {
    const verdict = look(name);
    if (verdict === 'executable') return { file: name };
    return verdict === 'missing'
      ? { problem: `There is no file ${name}`, exitCode: 127 }
      : { problem: `${name} is ${verdict}`, exitCode: 126 };
  }
  let closest: FoundProgram | undefined;
  for (const directory of name === '' ? [] : path.split(':')) {
    const file = join(directory === '' ? '.' : directory, name);
    const verdict = look(file);
    if (verdict === 'executable') return { file: file.includes('/') ? file : `./${file}` };
    if (verdict === 'not executable') closest ??= { problem: `${file} is not executable`, exitCode: 126 };
  }
  const problem = `There is no program ${JSON.stringify(name)} in PATH (${path}): name it by its path`;
  return closest ?? { problem, exitCode: 127 };
}

function look(file: string): 'executable' | 'not executable' | 'a directory' | 'missing' {
  try {
    if (statSync(file).isDirectory()) return 'a directory';
    accessSync(file, constants.X_OK);
    return 'executable';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EACCES' ? 'not executable' : 'missing';
  }
}
