/** What a row of a table of settings is, and how its names follow from each other. */
import type { ValueType } from './value-types.ts';

export interface Setting<T> {
  readonly type: ValueType<T>;
  /** As a flag or variable would give it. */
  readonly default: string;
  /** One sentence; the type's rule is printed beside it. */
  readonly doc: string;
  /** AWS's own variables for it, the first that is set counts. */
  readonly aws?: readonly AwsVariable<T>[];
  /**
   * What a change takes to come into force: a reload of the agent, or of the packet rules. Without: a restart, which
   * refuses nobody where the sockets are the service manager's.
   */
  readonly changes?: 'by-reload' | 'by-network-reload';
  /** Only by flag or variable, not in the file. */
  readonly notInFile?: true;
}

export interface AwsVariable<T> {
  readonly name: string;
  /** AWS writes some values in other units or words than rolekeeper does. */
  readonly type: ValueType<T>;
}

/** Checks a row's types and leaves it as it is. */
export function setting<T>(row: Setting<T>): Setting<T> {
  return row;
}

export type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;

/** `check_interval` is `checkInterval` in `Settings`. */
export function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** `imds.check_interval` is `ROLEKEEPER_IMDS_CHECK_INTERVAL`. */
export function variableName(key: string): string {
  return `ROLEKEEPER_${key.replaceAll('.', '_').toUpperCase()}`;
}

/** `imds.check_interval` is `--imds-check-interval`. */
export function flagName(key: string): string {
  return `--${key.replaceAll(/[._]/g, '-')}`;
}
