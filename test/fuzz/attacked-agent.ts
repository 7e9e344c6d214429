import {
  type AgentProcess,
  agentProcess,
  type SimulatedSet,
  simulatorProcess,
} from '../support/agent-process.ts';
import { httpTargets, type Target } from './surfaces.ts';

/** An agent with every surface on and a set that lasts, on a simulator of its own. */
export interface AttackedAgent extends AsyncDisposable {
  readonly agent: AgentProcess;
  readonly current: SimulatedSet;
  readonly targets: readonly Target[];
}

export interface AttackedAgentOptions {
  readonly runtimeDirectory: string;
  readonly flags?: readonly string[];
  readonly descriptors?: number;
}

/** As the installed product has it. Without it V8 lets garbage of hundreds of megabytes lie, and growth says nothing. */
const HEAP_CAP = '--max-old-space-size=64';

const SURFACES_ON = [
  '--imds-endpoint-enabled',
  'true',
  '--imds-endpoint-listen',
  '127.0.0.1:0',
  '--line-socket-enabled',
  'true',
];

export async function attackedAgent({
  flags = [],
  ...options
}: AttackedAgentOptions): Promise<AttackedAgent> {
  await using started = new AsyncDisposableStack();
  const simulator = started.use(await simulatorProcess('--lifetime', '6h'));
  const current = await simulator.currentSet();
  const agent = started.use(
    await agentProcess({
      endpoint: simulator.url,
      env: { NODE_OPTIONS: HEAP_CAP },
      flags: [...SURFACES_ON, ...flags],
      ...options,
    }),
  );
  await agent.becomes(({ serving }) => serving);
  const targets = await httpTargets(agent, current.roleName);
  const all = started.move();
  return { agent, current, targets, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
