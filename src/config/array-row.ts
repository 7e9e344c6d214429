import type { ValueType } from './value-types.ts';

/** A key that a section may hold which can be there several times, as `[[files]]`. */
export interface ArrayRow<Name extends string = string> {
  readonly name: Name;
  readonly type: ValueType<unknown>;
  /** As one would write it in a flag; undefined: it has to be given. */
  readonly default: string | undefined;
  /** Shown in the default file where there is no default. */
  readonly example?: string;
  /** One sentence; the type's rule is printed beside it. */
  readonly doc: string;
}
