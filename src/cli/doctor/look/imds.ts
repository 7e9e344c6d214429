import type { Settings } from '../../../config/settings.ts';
import type { CheckOutcome } from '../../../domain/errors.ts';
import type { Log } from '../../../domain/ports.ts';
import { createCredentialSource } from '../../../imds/credential-source.ts';
import { type Transport, TransportError, type TransportFailure } from '../../../imds/transport.ts';
import type { Machine } from '../machine.ts';

/** One check of IMDS by the agent's own client, from this process. It reads, and changes nothing. */
export interface ImdsSeen {
  readonly outcome: CheckOutcome;
  /** Every request in turn. */
  readonly exchanges: readonly Exchange[];
  /** The user that it was asked as; undefined: the own one. */
  readonly askedAs?: string;
  /** `iam/info`; undefined: not given. */
  readonly profile: ProfileDocument | undefined;
}

export interface Exchange {
  /** `PUT /latest/api/token` */
  readonly request: string;
  readonly origin: string;
  readonly ms: number;
  readonly answer:
    | { readonly status: number; readonly bytes: number }
    | { readonly failure: TransportFailure; readonly detail: string };
}

/** IAM user guide, "Troubleshooting Amazon EC2 and IAM". Nothing in it is a secret. */
export interface ProfileDocument {
  readonly Code?: string;
  readonly Message?: string;
  readonly InstanceProfileArn?: string;
}

const SILENT: Log = { error() {}, warn() {}, info() {}, debug() {} };
const PROFILE_PATH = '/latest/meta-data/iam/info';

/** Ends within some seconds: one try for each request, with the configured deadlines. Never rejects. */
export async function lookAtImds(imds: Settings['imds'], machine: Machine): Promise<ImdsSeen> {
  const { clock, random } = machine;
  const exchanges: Exchange[] = [];
  const source = createCredentialSource({
    ...imds,
    attempts: 1,
    requestTimeoutMs: imds.requestTimeout,
    transportFor: (origin) => recorded(origin, imds, exchanges, machine),
    clock,
    random,
    log: SILENT,
  });
  const outcome = await source.check(machine.stop);
  const isProfileOfUse =
    outcome.ok || ['no-role', 'service-error', 'role-changed'].includes(outcome.error.kind);
  const text = isProfileOfUse
    ? await source.readItem(PROFILE_PATH, machine.stop).catch(() => undefined)
    : undefined;
  return { outcome, exchanges, profile: text === undefined ? undefined : profileIn(text) };
}

function recorded(
  origin: string,
  { connectTimeout, requestTimeout }: Settings['imds'],
  exchanges: Exchange[],
  machine: Machine,
): Transport {
  const { clock } = machine;
  const transport = machine.transportFor(origin, {
    connectTimeoutMs: connectTimeout,
    requestTimeoutMs: requestTimeout,
  });
  return async (request) => {
    const begun = clock.monotonic();
    const record = (answer: Exchange['answer']) =>
      exchanges.push({
        request: `${request.method} ${request.path}`,
        origin,
        ms: Math.round(clock.monotonic() - begun),
        answer,
      });
    try {
      const answer = await transport(request);
      record({ status: answer.status, bytes: Buffer.byteLength(answer.body) });
      return answer;
    } catch (error) {
      if (error instanceof TransportError) record({ failure: error.failure, detail: error.detail });
      throw error;
    }
  };
}

function profileIn(text: string): ProfileDocument | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
