import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { answerKept } from '../domain/kept-answer.ts';
import type { Boot } from '../platform/clock.ts';

const PROCESS_FILE = 'credential-process.json';
const READ_BY_GROUP = 0o040;
const LARGEST_BYTES = 64 * 1024;

/**
 * The `credential_process` answer that the agent keeps ready in its runtime directory, with its line break. Undefined
 * where the agent itself has to be asked: nothing is kept, this user may not read it, its time is over, or the file is
 * for the agent alone, because rules decide who may ask.
 */
export function readProcessFile(directory: string, boot: () => Boot): string | undefined {
  let fd: number | undefined;
  try {
    // Without O_NONBLOCK, opening a named pipe waits for its writer for ever.
    fd = openSync(`${directory}/${PROCESS_FILE}`, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(fd);
    const isForOthers = stats.isFile() && (stats.mode & READ_BY_GROUP) !== 0 && stats.size <= LARGEST_BYTES;
    if (!isForOthers) return undefined;
    const text = readFileSync(fd, 'utf8');
    const { id, uptimeSeconds } = boot();
    return answerKept(text, uptimeSeconds(), id);
  } catch {
    // Whatever it is, the agent says it better.
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
