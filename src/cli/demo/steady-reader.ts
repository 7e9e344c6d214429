import { askAgent } from '../../client/agent-client.ts';
import { type Clock, pause } from '../../domain/ports.ts';

export interface SteadyReader {
  /** Begins a new record. */
  reset(): void;
  /** What it got since: answers with credentials, the key ids in the order of their first appearance, and refusals. */
  record(): ReaderRecord;
  stop(): Promise<void>;
}

export interface ReaderRecord {
  readonly answers: number;
  readonly keyIds: readonly string[];
  readonly refusals: readonly string[];
  /** Whether a key id came back after another one had replaced it. */
  readonly wentBack: boolean;
}

const ASK_EVERY_MS = 15;

/** Asks the agent socket again and again, as a busy sidecar would. */
export function startReader(socketPath: string, clock: Clock): SteadyReader {
  const stopping = new AbortController();
  let answers = 0;
  let keyIds: string[] = [];
  let refusals: string[] = [];
  let wentBack = false;
  const running = run();
  return {
    reset() {
      answers = 0;
      keyIds = keyIds.slice(-1);
      refusals = [];
      wentBack = false;
    },
    record: () => ({ answers, keyIds: [...keyIds], refusals: [...refusals], wentBack }),
    async stop() {
      stopping.abort();
      await running;
    },
  };

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        note(await askAgent({ socketPath, path: '/v1/credentials', deadlineMs: 2_000, clock }));
      } catch (error) {
        refusals.push((error as Error).message);
      }
      await pause(clock, ASK_EVERY_MS, stopping.signal);
    }
  }

  function note({ status, body }: { status: number; body: string }): void {
    const document = JSON.parse(body);
    if (status !== 200) {
      refusals.push(`${status} ${document.code}`);
      return;
    }
    answers += 1;
    const keyId: string = document.AccessKeyId;
    if (keyIds.at(-1) === keyId) return;
    if (keyIds.includes(keyId)) wentBack = true;
    keyIds.push(keyId);
  }
}
