import type { RequestOptions } from 'node:http';
import type { Clock } from '../domain/ports.ts';
import { http } from '../platform/http.ts';

export interface AgentAnswer {
  readonly status: number;
  readonly body: string;
}

/** Why the agent could not be asked. */
export type AgentProblem =
  /** No socket file, or nobody listening behind it. */
  | 'not-running'
  /** The socket file's mode and group keep this user out. */
  | 'not-permitted'
  /** Connected, and no whole answer in time. */
  | 'no-answer';

export class AgentError extends Error {
  override readonly name = 'AgentError';
  readonly problem: AgentProblem;

  constructor(problem: AgentProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

/** The largest answer is a status document of a few KiB. */
const LARGEST_BODY_BYTES = 64 * 1024;

export interface AskOptions {
  readonly socketPath: string;
  /** Path of the agent API, such as `/v1/credential-process`. */
  readonly path: string;
  /** Milliseconds for everything, connecting included. */
  readonly deadlineMs: number;
  readonly clock: Clock;
}

/** One request to the agent socket. Rejects with an `AgentError` and nothing else. */
export function askAgent({ socketPath, path, deadlineMs, clock }: AskOptions): Promise<AgentAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<AgentAnswer>();
  const request = http.get(requestOptions(socketPath, path), (response) => {
    request.removeListener('close', lost);
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > LARGEST_BODY_BYTES) request.destroy(new Error('the answer is too large'));
    });
    response.on('end', () => {
      cancel();
      resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') });
    });
    response.on('error', fail);
  });
  const cancel = clock.setTimer(deadlineMs, () => {
    request.destroy(new Error(`no whole answer within ${deadlineMs} ms`));
  });
  request.on('error', fail);
  // An answer that switches protocols ends in this alone.
  request.on('close', lost);
  return promise;

  function lost(): void {
    fail(new Error('the connection ended without one'));
  }

  function fail(error: NodeJS.ErrnoException): void {
    cancel();
    reject(explain(error, socketPath));
  }
}

/**
 * The empty server name is for TLS and means nothing here, but keeps Node from finding out whether the host is an
 * address, for which it compiles a regular expression in 7 ms.
 */
function requestOptions(socketPath: string, path: string): RequestOptions & { servername: string } {
  return { socketPath, path, agent: false, servername: '', headers: { Host: 'rolekeeper' } };
}

function explain(error: NodeJS.ErrnoException, socketPath: string): AgentError {
  switch (error.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
    case 'ENOTDIR':
    case 'ELOOP':
    // The path is too long for a socket.
    case 'EINVAL':
      return new AgentError(
        'not-running',
        `No agent is listening on ${socketPath} (${error.code}): start it (systemctl start rolekeeper) or name its --runtime-dir`,
      );
    case 'EACCES':
    case 'EPERM':
      return new AgentError(
        'not-permitted',
        `This user may not open ${socketPath}: add it to the socket's group (see ls -l), by default rolekeeper`,
      );
    default:
      return new AgentError(
        'no-answer',
        `The agent on ${socketPath} gave no answer (${error.message}): see its log (journalctl -u rolekeeper)`,
      );
  }
}
