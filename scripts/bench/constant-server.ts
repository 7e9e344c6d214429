import { join } from 'node:path';
import { type Target, writeRequest } from './load.ts';
import { type Stage, says } from './stage.ts';

export interface ConstantServer extends Target {
  readonly kind: 'unix' | 'tcp';
}

/** A server that answers everything with so many bytes, on the processor of the agent. Default: Node's own. */
export async function constantServer(
  stage: Stage,
  kind: 'unix' | 'tcp',
  size: number,
  name = 'node:http',
  command: readonly string[] = [process.execPath, join(stage.root, 'scripts/bench/references/server.cjs')],
): Promise<ConstantServer> {
  const path = `${stage.directory()}.sock`;
  const at = kind === 'unix' ? path : '127.0.0.1:0';
  const child = stage.start([...stage.tools.pinned(0), ...command, kind, at, String(size)], {
    env: { GOMAXPROCS: '1' },
  });
  const [, address = ''] = await says(child, 'stderr', / Ready {2}(\S+)/);
  const port = address.slice(address.lastIndexOf(':') + 1);
  const place = kind === 'unix' ? ['unix', path] : ['tcp', '127.0.0.1', port];
  const request = `${path}.request`;
  writeRequest(request, '/v1/credentials', place);
  return { name, kind, pid: child.pid ?? 0, place, request, users: 0 };
}
