/** Every surface of the agent, read as its consumers read it. */
import { answersFor } from '../../src/delivery/answers.ts';
import { COLD_START_HOLD_MS, type CredentialReader, type Refusal } from '../../src/domain/reader.ts';
import type { MemoryFiles } from './memory-files.ts';
import type { VirtualTime } from './virtual-time.ts';

export const RUNTIME_DIRECTORY = '/run/rolekeeper';
export const PROCESS_FILE = `${RUNTIME_DIRECTORY}/credential-process.json`;
export const STATE_FILE = `${RUNTIME_DIRECTORY}/state.json`;

/** What a reader of the agent socket gets: one reading, and the bodies that are made of it for each kind of consumer. */
export type SocketAnswer =
  | { readonly container: string; readonly process: string; readonly refusal?: undefined }
  | { readonly refusal: Refusal };

/** The read side of the agent socket, from the request handler on. A cold agent lets its readers wait. */
export async function askSocket(reader: CredentialReader): Promise<SocketAnswer> {
  const { held, refusal } = await reader.readSettled(COLD_START_HOLD_MS);
  if (held === undefined) return { refusal };
  const { container, credentialProcess } = answersFor(held);
  return { container: container.body, process: credentialProcess.body };
}

/**
 * What the fast helper prints, by the rules of `scripts/credential-process`; undefined where it would ask the agent
 * instead. It looks at the file, at the seconds in /proc/uptime and at the boot id: at no wall clock and at no agent.
 */
export function readWithHelper(files: MemoryFiles, time: VirtualTime): string | undefined {
  const content = files.all.get(PROCESS_FILE)?.content;
  const end = content?.indexOf('\n') ?? -1;
  if (content === undefined || end === -1) return undefined;
  const line = content.slice(0, end);
  const found = /^(.*),"KeepUntil":"(\d{1,10})\/([^"]*)"\}$/.exec(line);
  if (found === null) return undefined;
  const [, answer, keepUntil, boot] = found;
  if (boot !== time.bootId() || Math.floor(time.uptime() / 1000) >= Number(keepUntil)) return undefined;
  return `${answer}}\n`;
}
