import { readFileSync } from 'node:fs';

/** The machine's own users and groups (passwd(5), group(5)): those of a directory service are unknown to it. */
export interface Accounts {
  /** Undefined for one without a name. */
  userName(uid: number): string | undefined;
  /** The groups that a user gets at login; undefined for a user who is not in the list. */
  groupsOf(uid: number): ReadonlySet<number> | undefined;
  /** Where each user keeps files of its own, in the list's order. */
  homes(): readonly Home[];
}

export interface Home {
  readonly user: string;
  /** An absolute path, which need not exist. */
  readonly path: string;
}

export interface AccountFiles {
  readonly passwd?: string;
  readonly group?: string;
}

export function accounts({ passwd = '/etc/passwd', group = '/etc/group' }: AccountFiles = {}): Accounts {
  return {
    userName: (uid) => userOf(uid)?.name,
    groupsOf(uid) {
      const user = userOf(uid);
      if (user === undefined) return undefined;
      const gids = new Set([user.gid]);
      for (const [, , gid = '', members = ''] of rowsOf(group)) {
        if (members.split(',').includes(user.name) && /^\d+$/.test(gid)) gids.add(Number(gid));
      }
      return gids;
    },
    homes: () =>
      rowsOf(passwd).flatMap(([user = '', , , , , path = '']) =>
        user !== '' && path.startsWith('/') ? [{ user, path }] : [],
      ),
  };

  function userOf(uid: number): { name: string; gid: number } | undefined {
    for (const [name = '', , id, gid = ''] of rowsOf(passwd)) {
      if (id === String(uid) && /^\d+$/.test(gid)) return { name, gid: Number(gid) };
    }
    return undefined;
  }
}

function rowsOf(file: string): string[][] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
  } catch {
    return [];
  }
}
