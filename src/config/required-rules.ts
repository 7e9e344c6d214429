import type { Candidate } from './candidate.ts';
import type { ConfigError } from './config-error.ts';
import type { RuleSettings } from './rule-settings.ts';

/** `authorize = "user"` without anybody who is allowed would refuse everybody, or be meant to allow everybody. */
export function requireRules(
  chosen: readonly Candidate[],
  { rules, errors }: { readonly rules: readonly RuleSettings[]; readonly errors: readonly ConfigError[] },
): readonly Candidate[] {
  // Rules with errors are none, and that would be one error more.
  const isMissing = errors.length === 0 && !rules.some(allowsByUser);
  if (!isMissing) return chosen;
  return chosen.map((each) =>
    each.key === 'container_endpoint.authorize' && each.parsed.ok && each.parsed.value === 'user'
      ? {
          ...each,
          parsed: {
            ok: false,
            rule: 'must be token where no [[allow]] for container_endpoint names a user or group',
            nextStep: 'Write such a rule: [[allow]], user = "NAME", surfaces = ["container_endpoint"].',
          },
        }
      : each,
  );
}

function allowsByUser({ verdict, user, group, surfaces }: RuleSettings): boolean {
  return verdict === 'allow' && (user !== '' || group !== '') && surfaces.includes('container_endpoint');
}
