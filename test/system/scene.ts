import type { SimulatorProcess } from '../support/agent-process.ts';
import type { Instance } from './instance.ts';

/** What every group of checks is given. */
export interface Scene {
  readonly instance: Instance;
  /** What is behind the address of IMDS. It answers to `control` at an address of its own. */
  readonly simulator: SimulatorProcess;
  /** Puts another one behind that address. */
  leadTo(simulator: SimulatorProcess): void;
  /** A line of its own, beside the claims. */
  tell(text: string): void;
}

export const CONFIGURATION = '/etc/rolekeeper/config.toml';
/** For a check of IMDS at the pace of these tests, and whatever the agent does once it has the answer. */
export const SOON_MS = 20_000;

/** Writes the configuration, and nothing else. */
export async function configure({ instance }: Scene, text: string): Promise<void> {
  await instance.sh(`cat >${CONFIGURATION} <<'END'\n${text}\nEND`);
}

/** Resolves once the agent hands out what the simulator has now. */
export async function serves({ instance, simulator }: Scene): Promise<void> {
  const { accessKeyId } = await simulator.currentSet();
  await instance.until(
    `the key ${accessKeyId} from the agent`,
    async () => (await keyOf(instance)) === accessKeyId,
    SOON_MS,
  );
}

/** The key that the command prints, for root; undefined where it fails. */
export async function keyOf(instance: Instance): Promise<string | undefined> {
  const { code, stdout } = await instance.run(['rolekeeper', 'credential-process']);
  return code === 0 ? JSON.parse(stdout).AccessKeyId : undefined;
}
