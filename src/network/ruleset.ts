import type { Account, NetworkPlan } from './network-plan.ts';

/** `nft` takes it, and `delete table` takes it away: everything of ours is in it, and nothing else is touched. */
export const TABLE = 'inet rolekeeper';

/** The addresses of IMDS, and where this file's rules send what goes there. The DNS and time services are left alone. */
const IPV4 = '169.254.169.254';
const IPV6 = 'fd00:ec2::254';

/** Before the translations of others (-100), so that where several would redirect, the configured one does. */
const BEFORE_OTHER_TRANSLATIONS = -105;

interface Family {
  readonly match: string;
  /** Where redirected requests go; undefined: the endpoint does not listen there. */
  readonly target: string | undefined;
  readonly dnat: string;
}

/**
 * The rules as a person reviews them and as `nft -f -` loads them: in one transaction, the table that was there goes
 * and the new one comes, so that no packet passes between and twice is the same as once.
 */
export function renderRuleset(plan: NetworkPlan): string {
  return [...header(plan), ...replaceTable(table(plan)), ''].join('\n');
}

/** A table's text so that it takes the place of the one there is, if any. */
export function replaceTable(text: string): readonly string[] {
  return [`table ${TABLE} {}`, `delete table ${TABLE}`, text];
}

/** So that removing what is not there is no error. */
export function renderRemoval(): string {
  return `table ${TABLE} {}\ndelete table ${TABLE}\n`;
}

function header({ lockdown, agent, redirected, containers }: NetworkPlan): string[] {
  const others = lockdown ? 'everybody else, root included, is refused at once' : 'everybody else as before';
  return [
    '# What rolekeeper network apply loads. The user ids are those of this machine.',
    `# IMDS is reached by: ${named(agent)}, the agent; ${others}.`,
    `# Redirected to the IMDS-compatible endpoint: ${redirected.map(named).join(', ') || 'nobody'}.`,
    `# Forwarded traffic, as of containers with a network of their own: ${lockdown && containers === 'refuse' ? 'refused at once' : 'as before'}.`,
  ];
}

function table(plan: NetworkPlan): string {
  const families = familiesOf(plan);
  const chains = [
    refuseChain(),
    ...(plan.lockdown ? [imdsChain(plan.agent)] : []),
    ...redirectChain(plan, families),
    ...outputChain(plan, families),
    ...(plan.lockdown && plan.containers === 'refuse' ? [forwardChain(families)] : []),
  ];
  return [`table ${TABLE} {`, chains.map(indented).join('\n\n'), '}'].join('\n');
}

function familiesOf({ target: { host, port } }: NetworkPlan): readonly Family[] {
  const isV6 = host.includes(':');
  return [
    { match: `ip daddr ${IPV4}`, target: isV6 ? undefined : `${host}:${port}`, dnat: 'dnat ip to' },
    { match: `ip6 daddr ${IPV6}`, target: isV6 ? `[${host}]:${port}` : undefined, dnat: 'dnat ip6 to' },
  ];
}

function refuseChain(): string {
  return `# Refused, never dropped: a program that waits for an answer would hang.
chain refuse {
	meta l4proto tcp counter reject with tcp reset
	counter reject with icmpx type admin-prohibited
}`;
}

function imdsChain(agent: Account): string {
  return `# What is sent to IMDS by this machine itself, whatever the protocol and the source address.
chain imds {
	# ${named(agent)}: the agent.
	meta skuid ${agent.uid} tcp dport 80 accept
	# Everybody else whose socket has an owner.
	meta skuid != ${agent.uid} goto refuse
	# Without an owner: the kernel's last packets for a socket that was closed. They open nothing and nobody reads the answer.
	tcp dport 80 tcp flags & syn == 0 accept
	# Without an owner: the kernel looking for its neighbours.
	icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
	goto refuse
}`;
}

function redirectChain({ redirected }: NetworkPlan, families: readonly Family[]): string[] {
  if (redirected.length === 0) return [];
  const rules = families.flatMap(({ match, target, dnat }) =>
    target === undefined ? [] : [`${match} tcp dport 80 ${skuid(redirected)} counter ${dnat} ${target}`],
  );
  return [
    `# ${redirected.map(named).join(', ')}: to the IMDS-compatible endpoint.
chain to_endpoint {
	type nat hook output priority ${BEFORE_OTHER_TRANSLATIONS}; policy accept;
${rules.map((rule) => `\t${rule}`).join('\n')}
}`,
  ];
}

/** What was redirected has another destination by now. */
function outputChain({ lockdown, redirected }: NetworkPlan, families: readonly Family[]): string[] {
  const rules = lockdown
    ? families.map(({ match }) => `${match} goto imds`)
    : families.flatMap(({ match, target }) =>
        // The endpoint does not listen there, and the real IMDS is no place for them either.
        target === undefined ? [`${match} ${skuid(redirected)} goto refuse`] : [],
      );
  return [
    `chain from_here {
	type filter hook output priority 0; policy accept;
${rules.map((rule) => `\t${rule}`).join('\n')}
}`,
  ];
}

function forwardChain(families: readonly Family[]): string {
  return `# What this machine only passes on: containers with a network of their own, virtual machines, source-routed packets.
chain passed_on {
	type filter hook forward priority 0; policy accept;
${families.map(({ match }) => `\t${match} goto refuse`).join('\n')}
}`;
}

function skuid(accounts: readonly Account[]): string {
  return `meta skuid { ${accounts.map(({ uid }) => uid).join(', ')} }`;
}

/** A name goes into a comment: nothing in it may end the line. Config refuses control characters, this makes sure. */
function named({ name, uid }: Account): string {
  const text = name.replaceAll(/[^\x20-\x7e]/g, '?');
  return text === String(uid) ? `user ${uid}` : `${text} (${uid})`;
}

function indented(chain: string): string {
  return chain.replaceAll(/^(?=.)/gm, '\t');
}
