import type { StatusDocument } from '../../delivery/status-document.ts';
import type { Shadowing } from '../shadowing.ts';

/** What `rolekeeper status` tells: the agent's `/v1/status`, and what the agent cannot see. `docs/status.schema.json`. */
export interface StatusReport extends StatusDocument {
  readonly shadowed_by: Shadowing;
}

/** The agent's document; undefined where the text is none, as from another program on the socket. */
export function readStatusDocument(body: string): StatusDocument | undefined {
  try {
    const document: Partial<StatusDocument> | null = JSON.parse(body);
    if (typeof document?.phase !== 'string' || typeof document.generation !== 'number') return undefined;
    // An agent of an earlier version has not all of them.
    const { checks = {}, surfaces = [], callers = 0 } = document;
    return { ...document, checks, surfaces, callers } as StatusDocument;
  } catch {
    return undefined;
  }
}

/** Where the agent writes: keys that are found there are its own. */
export function ownFilesOf({ files = [] }: StatusDocument): ReadonlySet<string> {
  return new Set(files.map(({ path }) => path));
}

/** What another program made up, with nothing in it that a terminal would obey. */
export function shown(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, ' ');
}
