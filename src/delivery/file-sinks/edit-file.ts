import type { FileEdit } from '../../domain/file-formats.ts';
import { type Clock, pause } from '../../domain/ports.ts';
import type { FileIdentity, SinkAccess, SinkDisk, SinkFile } from './sink-disk.ts';
import { SinkProblem } from './sink-problem.ts';

/** What is to be made of the file that is there. Called again where the file has changed since. */
export type FileChange = (file: SinkFile | undefined) => FileEdit;

export interface EditParts {
  readonly disk: SinkDisk;
  /** What the file is to have; a `SinkProblem` where it cannot be had. */
  readonly accessFor: (file: SinkFile | undefined) => SinkAccess;
  readonly trusted: ReadonlySet<number>;
  /** The real one. */
  readonly clock: Clock;
  /** Others write into the file too. */
  readonly isShared: boolean;
  /** The file as we left it. */
  readonly lastWritten: FileIdentity | undefined;
}

/** How long a file that somebody else wrote has to be left alone before it is replaced: editors write in steps. */
const QUIET_MS = 200;
/** How often a file may change under our hands before it is left for the next time. */
const ATTEMPTS = 10;

/**
 * Reads the file, and puts in its place what is to be made of it, unless that is there already with the right access.
 * Begins anew where somebody else changes it in between. Gives the file that is there then; undefined: none is.
 * Throws a `SinkProblem` or the system's error, and then the file is as it was.
 */
export async function editFile(
  path: string,
  change: FileChange,
  parts: EditParts,
): Promise<FileIdentity | undefined> {
  const { disk, trusted } = parts;
  for (let left = ATTEMPTS; left > 0; left--) {
    const file = await disk.read(path, trusted);
    if (!(await isQuiet(path, file, parts))) continue;
    const edit = change(file);
    if (!edit.ok) throw new SinkProblem(edit.problem);
    const { content } = edit;
    if (content === undefined) {
      if (file === undefined || (await disk.remove(path, file.identity))) return undefined;
      continue;
    }
    const access = parts.accessFor(file);
    if (file !== undefined && content === file.content && hasAccess(file, access)) return file.identity;
    const identity = await disk.replace(path, content, access, file?.identity);
    if (identity !== undefined) return identity;
  }
  throw new SinkProblem('somebody else changes the file all the time');
}

/** Whether nobody is in the middle of writing the file, as far as that can be seen. */
async function isQuiet(path: string, file: SinkFile | undefined, parts: EditParts): Promise<boolean> {
  if (!parts.isShared || file === undefined || file.identity === parts.lastWritten) return true;
  await pause(parts.clock, QUIET_MS);
  return (await parts.disk.identity(path)) === file.identity;
}

function hasAccess({ access }: SinkFile, wanted: SinkAccess): boolean {
  return access.mode === wanted.mode && access.uid === wanted.uid && access.gid === wanted.gid;
}
