import type { Ask } from './ask.ts';
import type { MetadataToken } from './metadata-token.ts';
import { tokenRefused } from './source-errors.ts';
import { TOKEN_HEADER, type TransportAnswer } from './transport.ts';

/**
 * The text of one item of the metadata; undefined where IMDS answers that there is no such item (404). Always with a
 * metadata token, never without: IMDSv1 does not exist here. Throws SourceFailure.
 */
export type MetadataRead = (path: string, signal: AbortSignal) => Promise<string | undefined>;

export function createMetadataRead(ask: Ask, token: MetadataToken): MetadataRead {
  return async (path, signal) => {
    // A 401 says that the token is no longer good (it expired, or IMDS forgot it): one more try with a new one.
    const answer = await readWithToken(path, signal);
    const settled = answer.status === 401 ? await readWithToken(path, signal) : answer;
    if (settled.status === 401) throw tokenRefused({ method: 'GET', path });
    return settled.status === 404 ? undefined : settled.body;
  };

  async function readWithToken(path: string, signal: AbortSignal): Promise<TransportAnswer> {
    const current = await token.get(signal);
    const headers = { [TOKEN_HEADER]: current.reveal() };
    const answer = await ask({ method: 'GET', path, headers, signal }, [401, 404]);
    if (answer.status === 401) token.drop(current);
    return answer;
  }
}
