import type { FaultInput, FaultKind } from './fault.ts';
import { faultKinds } from './fault-rules.ts';
import { InputError } from './input-error.ts';
import type { MetadataOptions, SimulatedInstance } from './instance.ts';
import { checkProfileName, checkRoleName } from './names.ts';
import { readFault } from './read-fault.ts';
import { readObject, shown } from './read-object.ts';

/** What a control request asks for; an undefined member leaves things as they are. Done in the order of the members. */
export interface ControlCommand {
  readonly clear: true | FaultKind | undefined;
  readonly metadataOptions: Partial<MetadataOptions>;
  /** Null detaches. */
  readonly role: string | null | undefined;
  readonly profile: string | undefined;
  readonly rotate: boolean;
  readonly forgetTokens: boolean;
  readonly faults: readonly FaultInput[];
}

const members = ['role', 'profile', 'rotate', 'fault', 'clear', 'forgetTokens', 'httpTokens', 'httpEndpoint'];

/**
 * Reads a whole command before anything of it is done.
 * @throws InputError naming the member, its rule, and what was found
 */
export function readControlCommand(input: unknown): ControlCommand {
  const asked = readObject(input, 'The control request', members);
  if (Object.keys(asked).length === 0) {
    throw new InputError(`The control request asks for nothing: members are ${members.join(', ')}`);
  }
  const role = readRole(asked.role);
  return {
    clear: readClear(asked.clear),
    metadataOptions: {
      ...readChoice('httpTokens', asked.httpTokens, ['required', 'optional']),
      ...readChoice('httpEndpoint', asked.httpEndpoint, ['enabled', 'disabled']),
    },
    role,
    profile: readProfile(asked.profile, role),
    rotate: readTrue('rotate', asked.rotate),
    forgetTokens: readTrue('forgetTokens', asked.forgetTokens),
    faults: readFaults(asked.fault),
  };
}

/** @throws InputError, with nothing done, for a rotation without a role */
export function applyControlCommand(instance: SimulatedInstance, command: ControlCommand): void {
  const roleThen = command.role === undefined ? instance.roleName() : command.role;
  if (command.rotate && roleThen === null) {
    throw new InputError('Cannot rotate: no role is attached. Attach one with {"role":"NAME"}');
  }
  if (command.clear !== undefined) instance.clearFaults(command.clear === true ? undefined : command.clear);
  instance.setMetadataOptions(command.metadataOptions);
  if (command.role === null) instance.detachRole();
  else if (command.role !== undefined) instance.attachRole(command.role, command.profile);
  if (command.rotate) instance.rotate();
  if (command.forgetTokens) instance.forgetTokens();
  for (const fault of command.faults) instance.setFault(fault);
}

function readRole(value: unknown): string | null | undefined {
  if (value === undefined || value === null) return value;
  if (typeof value !== 'string')
    throw new InputError(`role must be a name, or null to detach: it is ${shown(value)}`);
  checkRoleName(value);
  return value;
}

function readProfile(value: unknown, role: string | null | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || typeof role !== 'string') {
    throw new InputError(`profile must be a name, beside the role that it brings: it is ${shown(value)}`);
  }
  checkProfileName(value);
  return value;
}

function readTrue(name: string, value: unknown): boolean {
  if (value === undefined || value === true) return value === true;
  throw new InputError(`${name} must be true, or left out: it is ${shown(value)}`);
}

function readChoice<Name extends string, Choice extends string>(
  name: Name,
  value: unknown,
  choices: readonly Choice[],
): { [N in Name]?: Choice } {
  if (value === undefined) return {};
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined)
    throw new InputError(`${name} must be ${choices.join(' or ')}: it is ${shown(value)}`);
  return { [name]: choice } as { [N in Name]?: Choice };
}

function readClear(value: unknown): true | FaultKind | undefined {
  if (value === undefined || value === true) return value;
  const kind = faultKinds.find((candidate) => candidate === value);
  if (kind !== undefined) return kind;
  throw new InputError(`clear must be true or one of ${faultKinds.join(', ')}: it is ${shown(value)}`);
}

function readFaults(value: unknown): readonly FaultInput[] {
  if (value === undefined) return [];
  const faults: readonly unknown[] = Array.isArray(value) ? value : [value];
  return faults.map(readFault);
}
