/** Rules and decisions in sentences, the same for `config check`, `access test` and the caller that was refused. */
import type { AccessRule, Decision } from './access-policy.ts';
import type { SurfaceName } from './caller.ts';

/** `[[allow]] user = "backup" at /etc/rolekeeper/config.toml:12` */
export function ruleName(rule: AccessRule): string {
  const { verdict, user, group, unit, exe } = rule;
  const named = Object.entries({ user: user?.name, group: group?.name, unit, exe })
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return `[[${verdict}]] ${named.join(', ')} at ${rule.place}`;
}

/** `Programs of user backup in unit x.service may ask over agent_socket and line_socket.` */
export function ruleMeaning({ verdict, surfaces, user, group, unit, exe }: AccessRule): string {
  const who = [
    exe === undefined ? 'Programs' : `The program ${exe}`,
    ...(user === undefined ? [] : [`of user ${withId(user)}`]),
    ...(group === undefined ? [] : [`in group ${withId(group)}`]),
    ...(unit === undefined ? [] : [`in unit ${unit}`]),
  ].join(' ');
  const doubt = verdict === 'deny' ? ', nor may callers of whom that cannot be known' : '';
  const may = verdict === 'allow' ? 'may ask' : 'may not ask';
  return `${who} ${may} over ${conjoined(surfaces)}${doubt}.`;
}

/** What holds for a surface as a whole, beside its rules: `imds_endpoint: nobody else.` */
export function surfaceMeaning(rules: readonly AccessRule[], surface: SurfaceName): string {
  const ofSurface = rules.filter((rule) => rule.surfaces.includes(surface));
  if (ofSurface.length === 0) return `${surface}: no rule; its ${OWN_CONTROL[surface]}.`;
  const isListOfAllowed = ofSurface.some(({ verdict }) => verdict === 'allow');
  const rest = isListOfAllowed ? 'nobody else' : 'everybody else may';
  return `${surface}: the first rule that fits decides; ${rest}; and its ${OWN_CONTROL[surface]}.`;
}

const OWN_CONTROL: Readonly<Record<SurfaceName, string>> = {
  agent_socket: 'file mode and group decide who can connect',
  line_socket: 'file mode and group decide who can connect',
  container_endpoint: 'container_endpoint.authorize is asked for, too',
  imds_endpoint: 'tokens are asked for, as IMDS does',
};

/** Why, as the end of a sentence: `by [[deny]] …`. */
export function decisionReason({ why, rule }: Decision, surface: SurfaceName): string {
  const name = rule === undefined ? '' : ruleName(rule);
  switch (why) {
    case 'rule':
      return `by ${name}`;
    case 'in-doubt':
      return `by ${name}: what it asks cannot be known of this caller`;
    case 'not-allowed':
      return `because no [[allow]] for ${surface} fits`;
    case 'not-denied':
      return `because no [[deny]] for ${surface} fits, and there is no [[allow]] for it`;
    case 'no-rules':
      return `because no rule is about ${surface}`;
  }
}

function withId({ name, id }: { name: string; id: number }): string {
  return name === String(id) ? name : `${name} (${id})`;
}

function conjoined(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
