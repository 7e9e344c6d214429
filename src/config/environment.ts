/** The process's environment, or a part of it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable's value; undefined also when it is set to nothing, which is how units and shells say "not set". */
export function variable(env: Environment, name: string): string | undefined {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  return value === '' ? undefined : value;
}
