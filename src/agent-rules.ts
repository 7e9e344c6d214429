/** The rules of the configuration with the ids that their names stand for on this machine. */
import type { RuleSettings } from './config/rule-settings.ts';
import type { AccessRule, Account } from './domain/access-policy.ts';
import { groupId, userId } from './platform/groups.ts';

export interface ResolvedRules {
  readonly rules: readonly AccessRule[];
  /** A sentence for each name that nobody has here: a rule that fits nobody is not what its author meant. */
  readonly errors: readonly string[];
}

export function resolveRules(settings: readonly RuleSettings[]): ResolvedRules {
  const errors: string[] = [];
  const rules = settings.map(({ verdict, surfaces, user, group, unit, exe, place }): AccessRule => {
    const account = (kind: 'user' | 'group', name: string): Account | undefined => {
      const id = (kind === 'user' ? userId : groupId)(name);
      if (id !== undefined) return { name, id };
      errors.push(
        `${place}: there is no ${kind} ${name} on this machine: create it, or correct this [[${verdict}]]`,
      );
      return undefined;
    };
    return {
      verdict,
      surfaces,
      place,
      user: user === '' ? undefined : account('user', user),
      group: group === '' ? undefined : account('group', group),
      unit: unit === '' ? undefined : unit,
      exe: exe === '' ? undefined : exe,
    };
  });
  return errors.length > 0 ? { rules: [], errors } : { rules, errors };
}
