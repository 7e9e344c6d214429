/** What must never be asked for through a proxy: it would be given the proxy host's role, or the secret. */
const DIRECT = ['169.254.169.254', '169.254.170.2', '127.0.0.1', 'localhost', '[fd00:ec2::254]'];

/** What NO_PROXY and no_proxy say already, in both spellings, and what has to be there besides. */
export function mergedNoProxy(env: NodeJS.ProcessEnv): string {
  const given = [env.NO_PROXY, env.no_proxy]
    .flatMap((list) => (list ?? '').split(','))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  // All hosts already: some clients understand the star only where it stands alone.
  if (given.includes('*')) return '*';
  return [...new Set([...given, ...DIRECT])].join(',');
}
