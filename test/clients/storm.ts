import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { http } from '../../src/platform/http.ts';
import { runProgram, type Surroundings, userOf, whatIsMissing } from './cells.ts';
import { fakeS3 } from './fake-s3.ts';
import { lastWords } from './journal.ts';
import { type Probe, problemWith, startProbe } from './probes.ts';
import type { Program } from './programs.ts';
import { outcomeOf, type Result } from './results.ts';
import { wrongSignature } from './signed-request.ts';
import type { Stage } from './stage.ts';
import type { Surface } from './surfaces.ts';

/** Within the window in which boto3 (15 minutes) and s3fs (20) ask again for every request of theirs. */
export const STORM_LIFETIME = '10m';
/** As by default. */
export const STORM_CHECK_INTERVAL = '60s';
const CALLS = 100;
const FEW_CALLS = 20;
const CHECK_INTERVAL_MS = 60_000;
/** The agent varies its interval by a tenth. */
const SHORTEST_INTERVAL_MS = 0.9 * CHECK_INTERVAL_MS;

/**
 * Many calls with a set that every client thinks is about to end, while IMDS has no newer one: the agent answers them all,
 * tells the true expiration, and asks IMDS no more often than without them.
 */
export async function storm(
  around: Surroundings,
  asked: readonly (readonly [Program, Surface])[],
  probes: readonly Probe[],
): Promise<readonly Result[]> {
  const { stage } = around;
  await stage.simulator.forgetRequests();
  const began = performance.now();
  const results = await Promise.all([
    ...asked.map(async ([program, surface]) => {
      const missing = whatIsMissing(around, program, surface);
      return result(
        program.name,
        surface,
        missing === undefined ? outcomeOf(await manyRuns(stage, program, surface)) : `skip: ${missing}`,
      );
    }),
    ...probes.flatMap((probe) =>
      (['container', 'helper'] as const).map(async (surface) =>
        result(probe.name, surface, outcomeOf(await manyCalls(stage, probe, surface))),
      ),
    ),
  ]);
  const { requests } = await stage.simulator.state();
  const most = Math.ceil((performance.now() - began) / SHORTEST_INTERVAL_MS);
  const { Expiration } = JSON.parse((await stage.agent.ask('/v1/credentials')).body);
  const { expiration } = await stage.currentSet();
  return [
    ...results,
    result(
      'the agent',
      'asks IMDS no more often',
      outcomeOf(requests.list <= most ? undefined : `it listed roles ${requests.list} times, not ${most}`),
    ),
    result(
      'the agent',
      'tells the expiration that IMDS gave',
      outcomeOf(
        Date.parse(Expiration) === Date.parse(expiration) ? undefined : `${Expiration}, not ${expiration}`,
      ),
    ),
  ];
}

/** With an hour left, a client asks once and uses what it has. */
export async function fewFetches(stage: Stage, probe: Probe): Promise<Result> {
  let fetches = 0;
  const relay = http.createServer((request, response) => {
    fetches++;
    const { url: path, headers } = request;
    http.get({ host: '127.0.0.1', port: stage.containerPort, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const { port } = relay.address() as AddressInfo;
  const expected = await stage.currentSet();
  const uri = `http://127.0.0.1:${port}/v1/container-credentials`;
  let problem: string | undefined;
  {
    await using running = await startProbe(stage, probe, 'container', {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: uri,
    });
    for (let calls = 0; calls < FEW_CALLS; calls++) problem ??= problemWith(await running.call(), expected);
  }
  relay.close();
  relay.closeAllConnections();
  problem ??= fetches === 1 ? undefined : `it asked the agent ${fetches} times`;
  return {
    client: probe.name,
    surface: 'container, asks the agent once',
    moment: `${FEW_CALLS} calls with an hour left`,
    outcome: outcomeOf(problem),
  };
}

function result(client: string, surface: string, outcome: string): Result {
  return {
    client,
    surface: `${surface} under a storm`,
    moment: `${CALLS} calls with ${STORM_LIFETIME} left`,
    outcome,
  };
}

async function manyRuns(stage: Stage, program: Program, surface: Surface): Promise<string | undefined> {
  await using s3 = await fakeS3();
  const expected = await stage.currentSet();
  const { code, stderr } = await runProgram(stage, program, surface, s3, userOf(surface), {
    TIMES: `${CALLS}`,
  });
  if (code !== 0) return `exit code ${code}: ${lastWords(stderr)}`;
  if (s3.requests.length < CALLS) return `${s3.requests.length} requests to S3`;
  return s3.requests
    .map((request) => wrongSignature(request, expected))
    .find((problem) => problem !== undefined);
}

async function manyCalls(stage: Stage, probe: Probe, surface: Surface): Promise<string | undefined> {
  await using running = await startProbe(stage, probe, surface);
  const expected = await stage.currentSet();
  for (let calls = 0; calls < CALLS; calls++) {
    const problem = problemWith(await running.call(), expected);
    if (problem !== undefined) return `call ${calls + 1}: ${problem}`;
  }
  return undefined;
}
