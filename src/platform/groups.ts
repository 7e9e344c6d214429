import { readFileSync } from 'node:fs';

/**
 * The numeric id of a group given by name or number, from /etc/group: Node has no getgrnam(3), and the group of a
 * service is a local one. Undefined where there is none of that name.
 */
export function groupId(nameOrNumber: string, groupFile = '/etc/group'): number | undefined {
  return idIn(groupFile, nameOrNumber);
}

/** The same for a user, from /etc/passwd. */
export function userId(nameOrNumber: string, userFile = '/etc/passwd'): number | undefined {
  return idIn(userFile, nameOrNumber);
}

/** Both files have the name first and the id third (group(5), passwd(5)). */
function idIn(file: string, nameOrNumber: string): number | undefined {
  if (/^\d+$/.test(nameOrNumber)) return Number(nameOrNumber);
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [name, , id] = line.split(':');
    if (name === nameOrNumber && id !== undefined && /^\d+$/.test(id)) return Number(id);
  }
  return undefined;
}
