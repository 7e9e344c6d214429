import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Architecture } from '../build/lock.ts';

/** What a format of packages is given. */
export interface Package {
  readonly root: string;
  readonly version: string;
  readonly architecture: Architecture;
  /** `NAME <ADDRESS>`. */
  readonly maintainer: string;
  /** Of the release, in seconds since 1970. */
  readonly epoch: number;
  /** From 0 to 9, the smallest package, for which a compressor may need a minute. */
  readonly compression: number;
  /** A staged tree of its own, which it may change. */
  readonly tree: string;
  /** The directory that gets the package. */
  readonly output: string;
}

export const SUMMARY = 'Credential agent of an EC2 instance';

/** Paragraphs, in lines as packages want them. */
export const DESCRIPTION: readonly string[] = [
  `One agent talks to the instance metadata service (IMDSv2 only), keeps the
credentials of the attached role fresh, and hands them to the local processes
that may have them: by credential_process, over a Unix socket, by the container
endpoint that every AWS SDK knows, by files, and to programs that only know the
metadata service itself.`,
  'The runtime, Node.js, is part of the executable; no other is needed.',
];

/**
 * The author in package.json. Packages must name an address, and nobody reads mail for this project: one in `.invalid`
 * (RFC 2606) says that, and reaches nobody else.
 */
export function readMaintainer(root: string): string {
  const { author } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return `${author.name} <${author.email}>`;
}
