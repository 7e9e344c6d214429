/** Over what a caller can ask for credentials: what a rule names under `surfaces`. */
export const surfaceNames = ['agent_socket', 'line_socket', 'container_endpoint', 'imds_endpoint'] as const;

export type SurfaceName = (typeof surfaceNames)[number];

/** The surfaces whose callers the kernel names by process, and not only by user. */
export const unixSurfaceNames: readonly SurfaceName[] = ['agent_socket', 'line_socket'];

/**
 * Who is at the other end of a connection, as the kernel says. Undefined is what cannot be known: of a process that has
 * ended, of another machine's view, without the privilege to look. Reading a fact may look it up, once.
 */
export interface Caller {
  readonly uid: number | undefined;
  readonly pid: number | undefined;
  /** Every group of the process; where only its user is known, those that its user gets at login. */
  readonly gids: ReadonlySet<number> | undefined;
  /** Absolute path of the program, if it is the very file that is there for us, too. */
  readonly exe: string | undefined;
  /** The systemd unit, as `backup.service`; empty: in none. */
  readonly unit: string | undefined;
}

export const unknownCaller: Caller = {
  uid: undefined,
  pid: undefined,
  gids: undefined,
  exe: undefined,
  unit: undefined,
};
