import { Secret } from '../domain/secret.ts';

/** What a restart of the agent needs to know of the container token. */
export interface TokenState {
  /** The boot of the machine that the token was made in. */
  readonly boot: string;
  readonly token: Secret;
  /** Tokens that were replaced, the last one first, and up to which second of this boot's uptime they are good. */
  readonly previous: readonly { readonly token: Secret; readonly until: number }[];
}

const TOKEN = /^[0-9a-f]{64}$/;

/** For a file that nobody else can read. */
export function tokenStateText({ boot, token, previous }: TokenState): string {
  const old = previous.map(({ token, until }) => ({ token: token.reveal(), until }));
  return `${JSON.stringify({ boot, token: token.reveal(), previous: old })}\n`;
}

/** Undefined for anything that `tokenStateText` does not write. */
export function parseTokenState(text: string): TokenState | undefined {
  const { boot, token, previous } = parsedObject(text);
  if (typeof boot !== 'string' || !isToken(token) || !Array.isArray(previous)) return undefined;
  const old: { token: Secret; until: number }[] = [];
  for (const entry of previous as unknown[]) {
    if (typeof entry !== 'object' || entry === null) return undefined;
    const { token: value, until } = entry as Record<string, unknown>;
    if (!isToken(value) || typeof until !== 'number') return undefined;
    old.push({ token: new Secret(value), until });
  }
  return { boot, token: new Secret(token), previous: old };
}

function parsedObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function isToken(value: unknown): value is string {
  return typeof value === 'string' && TOKEN.test(value);
}
