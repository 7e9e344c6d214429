import type { Clock, EpochMs, Random } from '../domain/ports.ts';
import type { IssuedSet } from './credential-set.ts';
import { type CredentialSets, createCredentialSets } from './credential-sets.ts';
import type { Fault, FaultInput, FaultKind, FaultOf } from './fault.ts';
import { createFaultBoard } from './fault-board.ts';
import { type IdentityOptions, type InstanceIdentity, instanceIdentity } from './identity.ts';
import { InputError } from './input-error.ts';
import { createMetadataTokens, type MetadataTokens } from './metadata-tokens.ts';
import { checkProfileName, checkRoleName } from './names.ts';
import { readFault } from './read-fault.ts';
import { rotationTimes } from './rotation.ts';
import type { RequestKind } from './routes.ts';

/** The instance's settings about IMDS, in EC2's words. */
export interface MetadataOptions {
  readonly httpTokens: 'required' | 'optional';
  readonly httpEndpoint: 'enabled' | 'disabled';
}

export interface InstanceOptions extends Partial<MetadataOptions>, IdentityOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The attached role; null for none. Default: `example-role`. */
  readonly role?: string | null;
  /** The instance profile's name. Default: the role's. */
  readonly profile?: string;
  /** From a set's issue to its expiration. Default: 6 h. */
  readonly lifetimeMs?: number;
  /** From one set to the next; shortened where the old one would have under 5 minutes left. Default: 1 h. */
  readonly rotateEveryMs?: number;
}

/** An EC2 instance as its metadata service sees it. It has no timer: everything is worked out when it is asked for. */
export interface SimulatedInstance {
  readonly identity: InstanceIdentity;
  readonly metadataTokens: MetadataTokens;
  metadataOptions(): MetadataOptions;
  setMetadataOptions(options: Partial<MetadataOptions>): void;
  roleName(): string | null;
  profileName(): string | null;
  /** Attaches the role, in place of another one if need be. A role keeps its sets while it is not attached. */
  attachRole(roleName: string, profileName?: string): void;
  detachRole(): void;
  /** The attached role's set of this moment; undefined without a role. */
  currentSet(): IssuedSet | undefined;
  /** Gives the attached role a new set now. @throws InputError without a role */
  rotate(): IssuedSet;
  /** A set of the attached role that expired a minute ago; undefined without a role. */
  expiredSet(): IssuedSet | undefined;
  markServed(set: IssuedSet): void;
  /** The last 10,000 sets made, oldest first; those never served have no `firstServedAt`. */
  issuedSets(): readonly IssuedSet[];
  /** Every metadata token given out becomes unknown. */
  forgetTokens(): void;
  /** @throws InputError for a fault that does not exist or does not fit */
  setFault(fault: FaultInput): void;
  /** Takes all faults away, or those of one kind. */
  clearFaults(kind?: FaultKind): void;
  faults(): readonly Fault[];
  /** The fault of these kinds that this request meets, if any. Each taking counts against its `times`. */
  takeFault<Kind extends FaultKind>(kinds: readonly Kind[], request: RequestKind): FaultOf<Kind> | undefined;
}

const hour = 3_600_000;

/** @throws InputError for a name, a lifetime or a period that no instance can have */
export function createSimulatedInstance(options: InstanceOptions): SimulatedInstance {
  const { clock, random } = options;
  const times = rotationTimes(options.lifetimeMs ?? 6 * hour, options.rotateEveryMs ?? hour);
  const sets: CredentialSets = createCredentialSets(clock, random, times);
  const metadataTokens = createMetadataTokens(clock, random);
  const board = createFaultBoard();
  const bootedAt: EpochMs = clock.now();
  let metadataOptions: MetadataOptions = {
    httpTokens: options.httpTokens ?? 'required',
    httpEndpoint: options.httpEndpoint ?? 'enabled',
  };
  let attached: { readonly roleName: string; readonly profileName: string } | undefined;
  if (options.role !== null) attachRole(options.role ?? 'example-role', options.profile);

  return {
    identity: instanceIdentity(options, bootedAt),
    metadataTokens,
    metadataOptions: () => metadataOptions,
    setMetadataOptions(changes) {
      metadataOptions = { ...metadataOptions, ...changes };
    },
    roleName: () => attached?.roleName ?? null,
    profileName: () => attached?.profileName ?? null,
    attachRole,
    detachRole() {
      attached = undefined;
    },
    currentSet: () => attached && sets.current(attached.roleName),
    rotate() {
      if (attached === undefined)
        throw new InputError('Cannot rotate: no role is attached. Attach one first');
      return sets.rotate(attached.roleName);
    },
    expiredSet: () => attached && sets.expired(attached.roleName),
    markServed: sets.markServed,
    issuedSets: sets.all,
    forgetTokens: metadataTokens.forgetAll,
    setFault(input) {
      const fault = readFault(input);
      board.set(fault);
      if (fault.kind === 'frozen') sets.freeze();
    },
    clearFaults(kind) {
      board.clear(kind);
      if (!board.has('frozen')) sets.thaw();
    },
    faults: board.all,
    takeFault: board.take,
  };

  function attachRole(roleName: string, profileName = roleName): void {
    checkRoleName(roleName);
    checkProfileName(profileName);
    attached = { roleName, profileName };
    sets.current(roleName);
  }
}
