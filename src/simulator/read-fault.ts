import type { Fault, FaultEffect, FaultKind } from './fault.ts';
import { documentFields, type FaultRule, faultKinds, faultRules } from './fault-rules.ts';
import { InputError } from './input-error.ts';
import { readObject, shown } from './read-object.ts';
import type { RequestKind } from './routes.ts';

type Members = Readonly<Record<string, unknown>>;

/**
 * Reads a fault of the shape `FaultInput`, from untrusted JSON too. What it gives, it also takes.
 * @throws InputError naming the member, its rule, what was found, and what is allowed
 */
export function readFault(input: unknown): Fault {
  const kind = readKind(input);
  const rule = faultRules[kind];
  const members = readObject(input, `The fault ${kind}`, memberNames(kind, rule));
  return {
    ...readEffect(kind, members),
    on: readScope(kind, rule, members.on),
    times: readTimes(kind, rule, members.times),
  };
}

function readKind(input: unknown): FaultKind {
  const found = typeof input === 'object' && input !== null && 'kind' in input ? input.kind : undefined;
  const kind = faultKinds.find((candidate) => candidate === found);
  if (kind === undefined) {
    throw new InputError(
      `A fault needs a known kind: found ${shown(found)}, allowed are ${faultKinds.join(', ')}`,
    );
  }
  return kind;
}

function memberNames(kind: FaultKind, rule: FaultRule): readonly string[] {
  const names = ['kind', 'on', 'times'];
  if (rule.value !== undefined) names.push(rule.value.name);
  if (kind === 'code') names.push('message');
  return names;
}

function readEffect(kind: FaultKind, members: Members): FaultEffect {
  switch (kind) {
    case 'delay':
      return { kind, ms: whole(kind, members.ms, (ms) => ms > 0 && ms <= 86_400_000) };
    case 'date-skew':
      return { kind, ms: whole(kind, members.ms, (ms) => ms !== 0 && Math.abs(ms) <= 366 * 86_400_000) };
    case 'status':
      return { kind, status: whole(kind, members.status, hasBody) };
    case 'redirect':
      return { kind, location: text(kind, members.location ?? '/redirected', /^\/(?!\/)[\x21-\x7e]*$/) };
    case 'code': {
      const code = text(kind, members.code, /^[\w.-]{1,64}$/);
      return { kind, code, message: readMessage(members.message) ?? usualMessage(code) };
    }
    case 'missing-field':
      return { kind, field: text(kind, members.field, new RegExp(`^(${documentFields.join('|')})$`)) };
    default:
      return { kind };
  }
}

/** Only these say that a body follows. A redirect to elsewhere has its own kind, and never leaves this server. */
function hasBody(status: number): boolean {
  return status >= 200 && status <= 599 && status !== 204 && status !== 205 && status !== 304;
}

function whole(kind: FaultKind, value: unknown, accepts: (value: number) => boolean): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && accepts(value)) return value;
  throw badValue(kind, value);
}

function text(kind: FaultKind, value: unknown, shape: RegExp): string {
  if (typeof value === 'string' && shape.test(value)) return value;
  throw badValue(kind, value);
}

function badValue(kind: FaultKind, value: unknown): InputError {
  const rule = faultRules[kind].value;
  return new InputError(`The fault ${kind} needs ${rule?.name}, ${rule?.rule}: found ${shown(value)}`);
}

function readMessage(value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && value.length <= 1_000)) return value;
  throw new InputError(`The fault code takes a message of at most 1000 characters: found ${shown(value)}`);
}

function usualMessage(code: string): string {
  return code === 'AssumeRoleUnauthorizedAccess'
    ? 'EC2 cannot assume the role. Its trust policy does not let ec2.amazonaws.com assume it.'
    : `Simulated fault ${code}`;
}

function readScope(kind: FaultKind, rule: FaultRule, value: unknown): readonly RequestKind[] {
  if (value === undefined) return rule.byDefault;
  if (rule.on.length === 0) return noScope(kind, value);
  const names: readonly unknown[] = Array.isArray(value) ? value : [value];
  const unfit = names.find((name) => name !== 'all' && !rule.on.some((allowed) => allowed === name));
  if (names.length === 0 || unfit !== undefined) {
    const allowed = [...rule.on, 'all'].join(', ');
    throw new InputError(`The fault ${kind} cannot be on ${shown(unfit ?? value)}: allowed are ${allowed}`);
  }
  return names.includes('all') ? rule.on : rule.on.filter((allowed) => names.includes(allowed));
}

function noScope(kind: FaultKind, value: unknown): readonly RequestKind[] {
  if (Array.isArray(value) && value.length === 0) return [];
  throw new InputError(`The fault ${kind} is about the instance: it takes no "on", found ${shown(value)}`);
}

function readTimes(kind: FaultKind, rule: FaultRule, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (rule.on.length === 0) {
    throw new InputError(
      `The fault ${kind} is about the instance: it takes no "times", found ${shown(value)}`,
    );
  }
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  throw new InputError(`The fault ${kind} takes times, a whole number above 0: found ${shown(value)}`);
}
