/** What the kernel's packet rules are to do about IMDS. */
export interface NetworkPlan {
  /** Whether everybody but the agent's user is refused. */
  readonly lockdown: boolean;
  readonly agent: Account;
  /** Whose requests go to the IMDS-compatible endpoint. */
  readonly redirected: readonly Account[];
  /** Where that endpoint listens: an address of 127.0.0.0/8, or `::1`. */
  readonly target: { readonly host: string; readonly port: number };
  /** What becomes of requests that this machine only passes on. */
  readonly containers: 'refuse' | 'allow';
}

export interface Account {
  /** As configured: a name or a number. */
  readonly name: string;
  readonly uid: number;
}

/** The settings that a plan is made from. */
export interface NetworkSettings extends Pick<NetworkPlan, 'lockdown' | 'target' | 'containers'> {
  readonly agentUser: string;
  readonly redirectUsers: readonly string[];
}

export type PlanResult =
  | { readonly ok: true; readonly plan: NetworkPlan }
  | { readonly ok: false; readonly errors: readonly string[] };

/** The plan, or everything that keeps the settings from being one. @param uidOf undefined for a name that is not there */
export function planNetwork(
  settings: NetworkSettings,
  uidOf: (user: string) => number | undefined,
): PlanResult {
  const { agentUser, redirectUsers, lockdown, target, containers } = settings;
  const errors: string[] = [];
  const agent = account(agentUser, 'network.agent_user');
  const redirected = redirectUsers.flatMap((name) => account(name, 'network.redirect_users') ?? []);
  const both = redirected.find(({ uid }) => uid === agent?.uid);
  if (both !== undefined) {
    errors.push(
      `network.redirect_users must not name the agent's own user: ${both.name} is ${both.uid}, as is network.agent_user. Redirected to itself, the agent would never reach IMDS: remove it from the list`,
    );
  }
  if (!lockdown && redirectUsers.length === 0) {
    errors.push(
      'There are no rules to make: network.lockdown is false and network.redirect_users is empty. Configure one of them, or take the rules away with rolekeeper network remove',
    );
  }
  if (errors.length > 0 || agent === undefined) return { ok: false, errors };
  return { ok: true, plan: { lockdown, agent, redirected: withoutTwins(redirected), target, containers } };

  function account(name: string, key: string): Account | undefined {
    const uid = uidOf(name);
    if (uid === undefined)
      errors.push(`There is no user ${name} on this machine: create it or correct ${key}`);
    return uid === undefined ? undefined : { name, uid };
  }
}

/** In the order of their numbers, so that the same users always give the same rules. */
function withoutTwins(accounts: readonly Account[]): readonly Account[] {
  const byUid = new Map(accounts.map((each) => [each.uid, each]));
  return [...byUid.values()].sort((a, b) => a.uid - b.uid);
}
