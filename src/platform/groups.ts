import { readFileSync } from 'node:fs';

/**
 * The numeric id of a group given by name or number, from /etc/group: Node has no getgrnam(3), and the group of a
 * service is a local one. Undefined where there is none of that name.
 */
export function groupId(nameOrNumber: string, groupFile = '/etc/group'): number | undefined {
  if (/^\d+$/.test(nameOrNumber)) return Number(nameOrNumber);
  for (const line of readFileSync(groupFile, 'utf8').split('\n')) {
    const [name, , id] = line.split(':');
    if (name === nameOrNumber && id !== undefined && /^\d+$/.test(id)) return Number(id);
  }
  return undefined;
}
