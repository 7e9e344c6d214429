import type { Finding, FindingId } from '../../../src/cli/doctor/finding.ts';
import { type IllMachine, type IllMachineOptions, illMachine } from '../ill-machine.ts';

export interface InducedFault {
  readonly fault: string;
  readonly says: FindingId;
  /** What else is an alarm then, because it follows. */
  readonly also?: readonly FindingId[];
  /** A real machine is looked at, with everything else that may be wrong there. */
  readonly isRealMachine?: true;
  /** Why it cannot be induced here. */
  readonly skipped?: string | undefined;
  readonly diagnose: () => Promise<readonly Finding[]>;
}

type Break = (machine: IllMachine) => Promise<Parameters<IllMachine['examine']>[0]>;

/** One ill machine, broken further once it runs, and examined. */
export async function on(
  options: IllMachineOptions,
  breakIt: Break = async () => {},
): Promise<readonly Finding[]> {
  await using machine = await illMachine(options);
  const changes = await breakIt(machine);
  return await machine.examine(changes ?? {});
}

export function envOf({ endpoint }: IllMachine): NodeJS.ProcessEnv {
  return { ROLEKEEPER_IMDS_ENDPOINT: endpoint };
}

export const forever: readonly string[] = [process.execPath, '-e', 'setInterval(() => {}, 1e6)'];
