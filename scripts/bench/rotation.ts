import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { median, quantile } from './measured.ts';
import { plain, type Row } from './row.ts';
import type { RunningAgent, Stage } from './stage.ts';

const ROTATIONS = 15;
const CHECK_INTERVAL = '300ms';
const LONGEST_MS = 5_000;

/**
 * From the moment that IMDS has sent a document with a new set until each surface shows it, every surface being asked
 * over and over. What is asked between IMDS and the agent is this process, which notes when the document has gone.
 */
export async function rotation(stage: Stage): Promise<readonly Row[]> {
  await using imds = await watchedImds(stage.simulatorUrl);
  const agent = await stage.agent({ imds: imds.url, flags: ['--imds-check-interval', CHECK_INTERVAL] });
  const looks = await looksAt(agent);
  const delays: Record<string, number[]> = Object.fromEntries(Object.keys(looks).map((name) => [name, []]));
  const longest: number[] = [];
  for (let round = 0; round < stage.rounds(ROTATIONS); round++) {
    const before = imds.lastDocument();
    await rotate(stage.simulatorUrl);
    const began = performance.now();
    const isOver = () => performance.now() - began > LONGEST_MS;
    const seen = await Promise.all(
      Object.entries(looks).map(async ([name, look]) => {
        let text = await look();
        // A document from before the rotation cannot be told by its time, so by its key.
        while (imds.lastDocument().keyId === before.keyId || !text.includes(imds.lastDocument().keyId)) {
          if (isOver()) throw new Error(`${name} does not show the new set after ${LONGEST_MS} ms`);
          text = await look();
        }
        return [name, performance.now() - imds.lastDocument().sentAt] as const;
      }),
    );
    for (const [name, delay] of seen) delays[name]?.push(delay);
    longest.push(Math.max(...seen.map(([, delay]) => delay)));
    await pause(50);
  }
  await agent.end();
  const each = Object.entries(delays).map(([name, values]) => `${name} ${plain(median(values))}`);
  return [
    {
      figure: 'rotation: from IMDS to every surface',
      unit: 'ms',
      aim: { most: 5 },
      value: median(longest),
      spread: [quantile(longest, 0.25), quantile(longest, 0.75)],
      detail: `${each.join(', ')}; ${longest.length} rotations`,
    },
  ];
}

interface Document {
  readonly keyId: string;
  readonly sentAt: number;
}

async function watchedImds(upstream: string) {
  let last: Document = { keyId: '', sentAt: 0 };
  const agent = new Agent({ keepAlive: true });
  const server = createServer((incoming, outgoing) => {
    const { method, headers } = incoming;
    const url = new URL(incoming.url ?? '/', upstream);
    const onward = httpRequest(url, { method, headers: { ...headers, host: url.host }, agent }, (answer) => {
      void text(answer).then((body) => {
        const keyId = /"AccessKeyId" ?: "(\w+)"/.exec(body)?.[1];
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers).end(body);
        if (keyId !== undefined && keyId !== last.keyId) last = { keyId, sentAt: performance.now() };
      });
    });
    incoming.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lastDocument: () => last,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      agent.destroy();
      server.close();
    },
  };
}

async function rotate(simulatorUrl: string): Promise<void> {
  const answer = await fetch(`${simulatorUrl}/_control`, { method: 'POST', body: '{"rotate":true}' });
  if (!answer.ok) throw new Error(`The simulator did not rotate: ${await answer.text()}`);
}

async function looksAt(agent: RunningAgent): Promise<Record<string, () => Promise<string>>> {
  const { socketPath, containerUrl, imdsUrl, directory } = agent;
  const keepAlive = new Agent({ keepAlive: true });
  const Authorization = readFileSync(join(directory, 'container-token'), 'utf8');
  const ttl = { 'X-aws-ec2-metadata-token-ttl-seconds': '21600' };
  const issued = await (await fetch(`${imdsUrl}/latest/api/token`, { method: 'PUT', headers: ttl })).text();
  const withToken = { 'X-aws-ec2-metadata-token': issued };
  const list = `${imdsUrl}/latest/meta-data/iam/security-credentials`;
  const role = await (await fetch(list, { headers: withToken })).text();
  const get = (options: object, url = 'http://localhost/v1/credentials') =>
    new Promise<string>((resolve, reject) => {
      httpRequest(url, { agent: keepAlive, ...options }, (answer) => void text(answer).then(resolve, reject))
        .on('error', reject)
        .end();
    });
  return {
    'agent socket': () => get({ socketPath }),
    'container endpoint': () => get({ headers: { Authorization } }, containerUrl),
    'IMDS-compatible endpoint': () => get({ headers: withToken }, `${list}/${role}`),
    'line socket': async () => text(connect(join(directory, 'credentials.sock'))),
    'process file': async () => {
      await new Promise(setImmediate);
      return readFileSync(join(directory, 'credential-process.json'), 'utf8');
    },
  };
}

async function text(stream: IncomingMessage | ReturnType<typeof connect>): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += chunk;
  return all;
}
