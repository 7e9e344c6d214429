/** Redirected: one who may read the IMDS-compatible endpoint without a token, one who may not, and one who may not read it. */
export const TOKENLESS_USER = 'daemon';
export const OTHER_USER = 'backup';
export const DENIED_USER = 'nobody';
/** Behind the packet rules: the agent's own, who alone reaches IMDS, and one whom they refuse. */
export const AGENT_USER = 'proxy';
export const SHUT_OUT_USER = 'www-data';

/** What is led by this runs as that user. */
export function asUser(user: string): readonly string[] {
  return ['/usr/bin/setpriv', '--reuid', user, '--regid', 'nogroup', '--clear-groups', '--'];
}
