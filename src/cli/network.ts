/** `rolekeeper network …`: the packet rules that leave IMDS to the agent alone. */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { candidateOrigins } from '../imds/endpoint.ts';
import { reachImds } from '../imds/reach.ts';
import { type ApplyResult, applyRules } from '../network/apply-rules.ts';
import { drift } from '../network/drift.ts';
import { type NetworkPlan, planNetwork } from '../network/network-plan.ts';
import { createNft, type Nft, NftError } from '../network/nft.ts';
import { renderRemoval, renderRuleset, TABLE } from '../network/ruleset.ts';
import { asUser } from '../platform/as-user.ts';
import { userId } from '../platform/groups.ts';
import { type AgentOptions, readAgentSettings } from './agent-settings.ts';
import type { CommandWorld } from './command-world.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

export const network = { plan, apply, check, remove };

interface Planned {
  readonly plan: NetworkPlan;
  readonly imds: Settings['imds'];
  readonly runtimeDirectory: string;
}

/** Prints the rules; needs no nft and no privilege. */
async function plan(options: AgentOptions, world: CommandWorld): Promise<ExitCode> {
  // No rule is about the runtime directory, and who only looks may have none.
  const planned = await read({ ...options, runtimeDir: '/run/rolekeeper' }, world);
  if (planned === undefined) return EXIT.usage;
  world.stdout.write(renderRuleset(planned.plan));
  return EXIT.ok;
}

/** Loads the rules, and takes them back where the agent's user does not reach IMDS with them. */
async function apply(options: AgentOptions, world: CommandWorld): Promise<ExitCode> {
  return withNft('apply', world, async (nft) => {
    const planned = await read(options, world);
    if (planned === undefined) return EXIT.usage;
    const verify = () => reachAsAgent(planned, world);
    const result = await applyRules({ nft, ruleset: renderRuleset(planned.plan), verify });
    if (!result.done) return tell(world, await whyNot(result, verify));
    world.stdout.write(`${summary(planned.plan)}\n`);
    return EXIT.ok;
  });
}

/** Says whether the rules in force are the planned ones: somebody may have flushed or edited them. */
async function check(options: AgentOptions, world: CommandWorld): Promise<ExitCode> {
  return withNft('check', world, async (nft) => {
    const planned = await read(options, world);
    if (planned === undefined) return EXIT.usage;
    const live = await nft.ours();
    if (live === undefined) {
      const problem = `The rules are not in force: there is no table ${TABLE}. It was never loaded, or nft flush ruleset took it away: run rolekeeper network apply`;
      return tell(world, problem, EXIT.otherRules);
    }
    const differences = drift(await nft.normalised(renderRuleset(planned.plan)), live);
    if (differences.length > 0) {
      const problem = `The rules in force are not the configured ones: run rolekeeper network apply\n  ${differences.join('\n  ')}`;
      return tell(world, problem, EXIT.otherRules);
    }
    world.stdout.write('ok\n');
    return EXIT.ok;
  });
}

/** Takes our table away, whether it is there or not; nothing else is touched. */
async function remove(world: CommandWorld): Promise<ExitCode> {
  return withNft('remove', world, async (nft) => {
    await nft.load(renderRemoval());
    return EXIT.ok;
  });
}

/** Undefined after everything that is wrong was told. */
async function read(options: AgentOptions, world: CommandWorld): Promise<Planned | undefined> {
  const read = await readAgentSettings(options, world);
  if (!read.ok) {
    for (const error of read.errors) tell(world, error);
    return undefined;
  }
  const { runtimeDirectory } = read;
  const { network, imdsEndpoint, imds } = read.settings;
  const result = planNetwork({ ...network, target: imdsEndpoint.listen }, userId);
  if (result.ok) return { plan: result.plan, imds, runtimeDirectory };
  for (const error of result.errors) tell(world, error);
  return undefined;
}

async function withNft(
  verb: string,
  world: CommandWorld,
  work: (nft: Nft) => Promise<ExitCode>,
): Promise<ExitCode> {
  if (world.uid !== 0) {
    return tell(
      world,
      `network ${verb} needs root: it is about the kernel's packet rules. The current user id is ${world.uid}; rolekeeper network plan needs none`,
    );
  }
  try {
    return await work(createNft({ clock: world.clock }));
  } catch (error) {
    if (!(error instanceof NftError)) throw error;
    return tell(world, error.message);
  }
}

/**
 * Undefined: it does. Asked as the configured user, and as the one who owns the state that an agent left in the runtime
 * directory: a wrong network.agent_user would let in somebody and shut out the agent.
 */
async function reachAsAgent(
  { plan, imds, runtimeDirectory }: Planned,
  { clock, stop }: CommandWorld,
): Promise<string | undefined> {
  const options = { attempts: imds.attempts, requestTimeoutMs: imds.requestTimeout, clock, stop };
  const origins = candidateOrigins(imds.endpoint);
  const statePath = join(runtimeDirectory, 'state.json');
  const owner = lstatSync(statePath, { throwIfNoEntry: false })?.uid ?? plan.agent.uid;
  for (const uid of new Set([plan.agent.uid, owner])) {
    const failure = await asUser(uid, () => reachImds({ ...options, origins }));
    if (failure === undefined) continue;
    return uid === plan.agent.uid
      ? `With these rules the agent's user ${plan.agent.name} (${uid}) does not reach IMDS (${failure})`
      : `With these rules the agent does not reach IMDS (${failure}): it runs as user ${uid}, who owns ${statePath}, and network.agent_user is ${plan.agent.name} (${plan.agent.uid})`;
  }
  return undefined;
}

/** The next step depends on whether the rules are to blame. */
async function whyNot(
  { problem, inForce }: Extract<ApplyResult, { done: false }>,
  verify: () => Promise<string | undefined>,
): Promise<string> {
  if (inForce === 'unverified') {
    return `${problem}. The rules are in force as they are: look at nft list table ${TABLE}`;
  }
  const now = inForce === 'no-rules' ? 'no rules of rolekeeper are in force' : 'the rules are as before';
  const isReachable = (await verify()) === undefined;
  const nextStep = isReachable
    ? 'Without them it does: correct network.agent_user, or compare the other rules (nft list ruleset)'
    : 'It does not as it is now either: see whether IMDS is on for this instance, and compare imds.endpoint';
  return `${problem}. Now ${now}. ${nextStep}`;
}

function summary({ lockdown, agent, redirected, target, containers }: NetworkPlan): string {
  const named = redirected.map(({ name, uid }) => `${name} (${uid})`).join(', ');
  return [
    ...(lockdown
      ? [`Only ${agent.name} (${agent.uid}) reaches IMDS, and it does: checked with the rules in force`]
      : [
          `${agent.name} (${agent.uid}) reaches IMDS: checked with the rules in force; so does everybody else`,
        ]),
    ...(named === ''
      ? []
      : [`Requests for IMDS by ${named} go to the IMDS-compatible endpoint, port ${target.port}`]),
    ...(lockdown && containers === 'allow' ? ['Forwarded requests, as of containers, are let through'] : []),
  ].join('\n');
}

function tell({ stderr }: CommandWorld, message: string, exitCode: ExitCode = EXIT.failure): ExitCode {
  stderr.write(`rolekeeper: ${message}\n`);
  return exitCode;
}
