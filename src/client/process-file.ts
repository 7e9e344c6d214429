import { answerKept } from '../domain/kept-answer.ts';
import type { Boot } from '../platform/clock.ts';
import { readPlainFile } from '../platform/plain-file.ts';

const PROCESS_FILE = 'credential-process.json';
const READ_BY_GROUP = 0o040;

/**
 * The `credential_process` answer that the agent keeps ready in its runtime directory, with its line break. Undefined
 * where the agent itself has to be asked: nothing is kept, this user may not read it, its time is over, or the file is
 * for the agent alone, because rules decide who may ask.
 */
export function readProcessFile(directory: string, boot: () => Boot): string | undefined {
  try {
    const file = readPlainFile(`${directory}/${PROCESS_FILE}`);
    if (file === undefined || (file.mode & READ_BY_GROUP) === 0) return undefined;
    const { id, uptimeSeconds } = boot();
    return answerKept(file.text, uptimeSeconds(), id);
  } catch {
    // Whatever it is, the agent says it better.
    return undefined;
  }
}
