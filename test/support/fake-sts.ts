import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { http } from '../../src/platform/http.ts';

/** With which credentials a request was signed. */
export interface SignedRequest {
  readonly accessKeyId: string | undefined;
  readonly sessionToken: string | undefined;
}

/** What stands in for AWS STS: says to every request that its caller is known, and remembers who signed it. */
export interface FakeSts extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly SignedRequest[];
}

export async function fakeSts(): Promise<FakeSts> {
  const requests: SignedRequest[] = [];
  const server = http.createServer((request, response) => {
    const { authorization = '', 'x-amz-security-token': token } = request.headers;
    requests.push({
      accessKeyId: /Credential=([^/]+)\//.exec(authorization)?.[1],
      sessionToken: typeof token === 'string' ? token : undefined,
    });
    request.resume().on('end', () => {
      response.writeHead(200, { 'Content-Type': 'text/xml', Connection: 'close' });
      response.end(CALLER_IDENTITY);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

const CALLER_IDENTITY = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>arn:aws:sts::111122223333:assumed-role/example-role/i-0123456789example</Arn>
    <UserId>AROAEXAMPLE:i-0123456789example</UserId>
    <Account>111122223333</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata><RequestId>example</RequestId></ResponseMetadata>
</GetCallerIdentityResponse>
`;
