/** What a request is about, as far as faults and counts tell requests apart. `info` is `iam/info`. */
export type RequestKind = 'token' | 'list' | 'document' | 'info' | 'other';

export const requestKinds: readonly RequestKind[] = ['token', 'list', 'document', 'info', 'other'];

export interface Route {
  readonly kind: RequestKind;
  /** Asked for under a dated version (`/2021-03-23/`) instead of `/latest/`. */
  readonly dated: boolean;
  /** The path below the version, without a slash at its start; undefined for a path that IMDS knows nothing about. */
  readonly item: string | undefined;
  /** The role whose document is asked for; undefined for every other kind. */
  readonly roleName: string | undefined;
}

const roles = 'meta-data/iam/security-credentials';
const nowhere: Route = { kind: 'other', dated: false, item: undefined, roleName: undefined };

/**
 * Sorts a request target. The query is ignored and doubled slashes count as one: the SDK for Java makes `//latest/`
 * of an endpoint that ends in a slash. A target in absolute form (what a proxy is sent) is nowhere.
 */
export function routeOf(target: string): Route {
  const path = decoded(target.split('?', 1)[0] ?? '')?.replaceAll(/\/{2,}/g, '/');
  const parts = /^\/(latest|\d{4}-\d\d-\d\d)\/(.*)$/s.exec(path ?? '');
  if (parts === null) return nowhere;
  const item = parts[2] ?? '';
  const roleName = item.startsWith(`${roles}/`) ? item.slice(roles.length + 1) : '';
  const kind = kindOf(item, roleName);
  return { kind, dated: parts[1] !== 'latest', item, roleName: kind === 'document' ? roleName : undefined };
}

function kindOf(item: string, roleName: string): RequestKind {
  if (item === 'api/token') return 'token';
  if (item === 'meta-data/iam/info') return 'info';
  if (item === roles || item === `${roles}/`) return 'list';
  return roleName === '' || roleName.includes('/') ? 'other' : 'document';
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
