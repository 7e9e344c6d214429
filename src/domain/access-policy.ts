/** Who may ask for credentials over which surface: `[[allow]]` and `[[deny]]` as a pure function. */
import type { Caller, SurfaceName } from './caller.ts';

/** It fits a caller of whom everything is true that it names. It names one thing at least. */
export interface AccessRule {
  readonly verdict: 'allow' | 'deny';
  readonly surfaces: readonly SurfaceName[];
  readonly user?: Account | undefined;
  readonly group?: Account | undefined;
  readonly unit?: string | undefined;
  readonly exe?: string | undefined;
  /** Where it was written, as `/etc/rolekeeper/config.toml:12`. */
  readonly place: string;
}

export interface Account {
  /** As the rule has it. */
  readonly name: string;
  readonly id: number;
}

export interface Decision {
  readonly allowed: boolean;
  readonly why: /** No rule is about this surface: its file mode or its token decides. */
    | 'no-rules'
    /** The first rule that fits says so. */
    | 'rule'
    /** A rule forbids what the caller may be: what it asks cannot be known. */
    | 'in-doubt'
    /** There are rules that allow, and none of them fits. */
    | 'not-allowed'
    /** There are only rules that forbid, and none of them fits. */
    | 'not-denied';
  /** The rule behind `rule` and `in-doubt`. */
  readonly rule?: AccessRule;
}

/**
 * The first rule that fits decides, in the order of the file. Where a rule asks what cannot be known of a caller, an
 * `allow` does not fit and a `deny` does. Where no rule fits: denied if there is an `allow` for the surface, else allowed.
 */
export function decide(rules: readonly AccessRule[], surface: SurfaceName, caller: Caller): Decision {
  const ofSurface = rules.filter((rule) => rule.surfaces.includes(surface));
  if (ofSurface.length === 0) return { allowed: true, why: 'no-rules' };
  for (const rule of ofSurface) {
    const fits = fitsCaller(rule, caller);
    if (fits === true) return { allowed: rule.verdict === 'allow', why: 'rule', rule };
    if (fits === undefined && rule.verdict === 'deny') return { allowed: false, why: 'in-doubt', rule };
  }
  const isListOfAllowed = ofSurface.some(({ verdict }) => verdict === 'allow');
  return isListOfAllowed ? { allowed: false, why: 'not-allowed' } : { allowed: true, why: 'not-denied' };
}

/** Undefined: that depends on what cannot be known. What costs a look-up comes last. */
function fitsCaller(rule: AccessRule, caller: Caller): boolean | undefined {
  let inDoubt = false;
  for (const fits of criteria(rule, caller)) {
    if (fits === false) return false;
    inDoubt ||= fits === undefined;
  }
  return inDoubt ? undefined : true;
}

function* criteria({ user, group, unit, exe }: AccessRule, caller: Caller): Generator<boolean | undefined> {
  if (user !== undefined) yield same(caller.uid, user.id);
  if (group !== undefined) yield caller.gids?.has(group.id);
  if (unit !== undefined) yield same(caller.unit, unit);
  if (exe !== undefined) yield same(caller.exe, exe);
}

function same<T>(known: T | undefined, wanted: T): boolean | undefined {
  return known === undefined ? undefined : known === wanted;
}
