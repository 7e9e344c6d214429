import { basename } from 'node:path';
import type { Machine } from '../machine.ts';

/** A running program as far as this user may look. Names of variables only: no value is kept. */
export interface ProcessSeen {
  readonly pid: number;
  readonly uid: number;
  readonly exe: string | undefined;
  /** Undefined: this user may not read its environment. */
  readonly names: ReadonlySet<string> | undefined;
}

export function lookAtProcesses({ environments, facts, pid: own }: Machine): readonly ProcessSeen[] {
  return [...environments()]
    .filter(({ pid }) => pid !== own)
    .map(({ pid, uid, names }) => ({ pid, uid, exe: facts.exe(pid), names }));
}

/** `backup (uid 34), /usr/bin/rclone, pid 4711` */
export function processName(
  { pid, uid, exe }: { pid?: number | undefined; uid: number; exe?: string | undefined },
  { accounts }: Pick<Machine, 'accounts'>,
): string {
  const user = accounts.userName(uid);
  return [
    user === undefined ? `uid ${uid}` : `${user} (uid ${uid})`,
    ...(exe === undefined ? [] : [exe]),
    ...(pid === undefined ? [] : [`pid ${pid}`]),
  ].join(', ');
}

/** Programs that keep credentials files of their own, by the names of their executables, and where they write. */
const WRITERS: ReadonlyMap<string, string> = new Map([
  // aws/amazon-ssm-agent#115, #157, #526: with default host management it keeps root's file.
  ['amazon-ssm-agent', '/root/.aws/credentials, profile default'],
  ['ssm-agent-worker', '/root/.aws/credentials, profile default'],
  ['aws_signing_helper', '~/.aws/credentials, with its verb update'],
  ['weep', '~/.aws/credentials, with its verb file'],
  ['saml2aws', '~/.aws/credentials'],
  ['aws-okta', '~/.aws/credentials'],
]);

export function writersAmong(
  processes: readonly ProcessSeen[],
): readonly { readonly process: ProcessSeen; readonly writes: string }[] {
  return processes.flatMap((process) => {
    const writes = WRITERS.get(basename(process.exe ?? ''));
    return writes === undefined ? [] : [{ process, writes }];
  });
}
