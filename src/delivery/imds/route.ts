/** What a request to the IMDS-compatible endpoint asks for. */
export interface ImdsRoute {
  /** Under a dated version (`/2021-03-23/`) instead of `/latest/`. */
  readonly isDated: boolean;
  /** The path below the version, without slashes at its ends, as `meta-data/placement/region`. */
  readonly item: string;
}

export const TOKEN_ITEM = 'api/token';
export const ROLE_LIST_ITEM = 'meta-data/iam/security-credentials';

const VERSIONED = /^\/(latest|\d{4}-\d\d-\d\d)\/(.*?)\/?$/s;

/**
 * Undefined for a path that IMDS has nothing under. Repeated slashes count as one (the SDKs for Java and JavaScript 2
 * make `//latest` of an endpoint that ends in a slash), a slash at the end makes no difference (pgBackRest lists roles
 * without, most others with one), and a query is ignored.
 */
export function imdsRoute(target: string): ImdsRoute | undefined {
  if (target !== last.target) last = { target, route: routeOf(target) };
  return last.route;
}

/** One request is looked at several times, and the next one is often for the same. */
let last: { readonly target: string; readonly route: ImdsRoute | undefined } = {
  target: '',
  route: undefined,
};

function routeOf(target: string): ImdsRoute | undefined {
  const path = decoded(target.split('?', 1)[0] ?? '')?.replaceAll(/\/{2,}/g, '/');
  const [, version, item] = VERSIONED.exec(path ?? '') ?? [];
  return version === undefined || item === undefined ? undefined : { isDated: version !== 'latest', item };
}

/** Role names may hold characters that some clients escape (`+=,@`). */
function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
