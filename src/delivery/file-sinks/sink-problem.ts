/** Why a file cannot be written or read as it should. The message completes "PATH …: it", holds no content of the file. */
export class SinkProblem extends Error {
  override readonly name = 'SinkProblem';
}

/** In words that say what to do, for the log and the status. */
export function problemOf(error: unknown, directory: string): string {
  if (error instanceof SinkProblem) return error.message;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  return (
    explanations.get(code)?.(directory) ??
    `the system refused it (${code}): look at the path, and at what it is on`
  );
}

const explanations = new Map<string, (directory: string) => string>([
  [
    'ENOENT',
    (directory) =>
      `its directory ${directory} does not exist: create it before the agent starts, or change the path`,
  ],
  ['ENOTDIR', (directory) => `${directory} is not a directory: change the path`],
  [
    'EACCES',
    (directory) =>
      `the agent's user may not write into ${directory}: give it that directory, or change the path`,
  ],
  [
    'EPERM',
    (directory) =>
      `the agent's user may not give a file in ${directory} this owner or group, or replace the one that is there: run the agent as root, or change owner and group`,
  ],
  [
    'EROFS',
    (directory) => `${directory} is read-only: change the path, or list it in the unit's ReadWritePaths=`,
  ],
  ['ENOSPC', (directory) => `the disk of ${directory} is full: free some of it`],
  ['EDQUOT', (directory) => `the quota on the disk of ${directory} is used up: free some of it`],
  ['ENAMETOOLONG', () => 'its path is too long for this file system: change the path'],
]);
