import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The parts of the agent that the model check runs: the real ones, or those of a copy that was broken on purpose. */
export interface Code {
  readonly createAgentStore: typeof import('../../src/agent-store.ts').createAgentStore;
  readonly createCredentialSource: typeof import('../../src/imds/credential-source.ts').createCredentialSource;
  readonly TransportError: typeof import('../../src/imds/transport.ts').TransportError;
  readonly answersFor: typeof import('../../src/delivery/answers.ts').answersFor;
  readonly imdsDocument: typeof import('../../src/domain/wire-formats.ts').imdsDocument;
}

/** @param directory a `src` of the project */
export async function loadCode(directory: string): Promise<Code> {
  const load = (path: string) => import(/* @vite-ignore */ pathToFileURL(join(directory, path)).href);
  const { createAgentStore } = await load('agent-store.ts');
  const { createCredentialSource } = await load('imds/credential-source.ts');
  const { TransportError } = await load('imds/transport.ts');
  const { answersFor } = await load('delivery/answers.ts');
  const { imdsDocument } = await load('domain/wire-formats.ts');
  return { createAgentStore, createCredentialSource, TransportError, answersFor, imdsDocument };
}
