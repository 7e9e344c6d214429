/** The ids that names in the configuration stand for on this machine. */
import type { Log } from './domain/ports.ts';
import { groupId, userId } from './platform/groups.ts';

/** The group that may use a socket. The default one need not exist: from a checkout nothing has made it. */
export function groupOf(group: string, log: Log): number | undefined {
  if (group === '') return undefined;
  const gid = groupId(group);
  if (gid !== undefined) return gid;
  const what = `There is no group ${group} on this machine`;
  if (group !== 'rolekeeper') throw new Error(`${what}: create it or configure another one`);
  log.debug(`${what}: sockets and files keep this process's own group`);
  return undefined;
}

/** Of a user whose name the configuration gives. */
export function uidOf(user: string): number {
  const uid = userId(user);
  if (uid !== undefined) return uid;
  throw new Error(`There is no user ${user} on this machine: correct imds_endpoint.tokenless_users`);
}
