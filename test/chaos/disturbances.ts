import { rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../src/domain/ports.ts';
import type { AgentProcess, SimulatorProcess } from '../support/agent-process.ts';

/** What a disturbance may play with. */
export interface Scene {
  readonly simulator: SimulatorProcess;
  readonly random: Random;
  /** The agent of the moment: it is another process after a kill. */
  agent(): AgentProcess;
  /** Kills the agent with SIGKILL and starts the next one. */
  killAndRestart(): Promise<void>;
  /** Moves the agent's wall clock by so many seconds, where that can be done. */
  readonly moveClock: ((seconds: number) => void) | undefined;
  /** The runtime directory is a small tmpfs that can be filled. */
  readonly isSmallDisk: boolean;
}

export interface Disturbance {
  readonly name: string;
  /** Whether readers may be refused or not reached meanwhile. Otherwise they must not notice anything. */
  readonly mayRefuse: boolean;
  readonly play: (scene: Scene) => Promise<void>;
}

/** Seconds that a set of the campaign's simulator lives. */
export const LIFETIME_SECONDS = 20;

const faults: readonly object[] = [
  ...[403, 429, 500, 503].map((status) => ({ kind: 'status', status })),
  { kind: 'status', status: 404, on: 'document' },
  { kind: 'black-hole', on: 'token' },
  { kind: 'black-hole' },
  { kind: 'reset' },
  { kind: 'delay', ms: 700 },
  { kind: 'malformed-json' },
  { kind: 'truncated-json' },
  { kind: 'truncated-connection' },
  { kind: 'empty-body' },
  { kind: 'missing-field', field: 'Token' },
  { kind: 'empty-expiration' },
  { kind: 'oversized-body' },
  { kind: 'expired' },
  { kind: 'token-refused' },
  { kind: 'redirect' },
  { kind: 'code', code: 'AssumeRoleUnauthorizedAccess' },
];

export const disturbances: readonly Disturbance[] = [
  {
    name: 'IMDS fails in some way',
    mayRefuse: false,
    async play({ simulator, random }) {
      await simulator.control({ fault: pick(faults, random) });
      await sleep(500 + random() * 3_000);
      await simulator.control({ clear: true });
    },
  },
  {
    name: 'IMDS forgets its tokens and rotates',
    mayRefuse: false,
    async play({ simulator }) {
      await simulator.control({ forgetTokens: true, rotate: true });
      await sleep(700);
    },
  },
  {
    name: 'the role is replaced',
    mayRefuse: false,
    async play({ simulator, random }) {
      await simulator.control({ role: pick(['web', 'batch', 'backup'], random) });
      await sleep(1_000);
    },
  },
  {
    name: 'the role is detached and attached',
    mayRefuse: true,
    async play({ simulator, random }) {
      await simulator.control({ role: null });
      await sleep(500 + random() * 2_500);
      await simulator.control({ role: 'web' });
    },
  },
  {
    name: 'kill -9 and start',
    mayRefuse: true,
    async play({ killAndRestart, random }) {
      await killAndRestart();
      await sleep(random() * 800);
    },
  },
  {
    name: 'the agent is stopped past the expiration and goes on',
    mayRefuse: true,
    async play({ simulator, agent }) {
      await simulator.control({ fault: { kind: 'frozen' } });
      const { currentSet } = await simulator.state();
      const left = Date.parse(currentSet?.expiration ?? '') - Date.now();
      await sleep(Math.max(0, left - 1_000));
      agent().child.kill('SIGSTOP');
      await sleep(2_500);
      agent().child.kill('SIGCONT');
      await sleep(500);
      await simulator.control({ clear: true });
    },
  },
  {
    name: 'IMDS is dead past the expiration',
    mayRefuse: true,
    async play({ simulator }) {
      await simulator.control({ fault: { kind: 'reset' } });
      await sleep(LIFETIME_SECONDS * 1_000 + 500);
      await simulator.control({ clear: true });
    },
  },
  {
    name: 'the disk is full',
    mayRefuse: false,
    async play({ agent, isSmallDisk, random }) {
      if (!isSmallDisk) return;
      const ballast = join(agent().runtimeDirectory, 'ballast');
      try {
        writeFileSync(ballast, Buffer.alloc(1024 * 1024));
      } catch {
        // as intended: whatever fitted is in there
      }
      await sleep(2_000 + random() * 4_000);
      rmSync(ballast, { force: true });
    },
  },
  {
    name: 'no descriptor is left',
    mayRefuse: true,
    async play({ agent }) {
      const held = Array.from({ length: 120 }, () => connect(agent().socketPath).on('error', () => {}));
      await sleep(2_000);
      for (const socket of held) socket.destroy();
    },
  },
  {
    name: 'the wall clock is moved and moved back',
    mayRefuse: true,
    async play({ moveClock, random }) {
      if (moveClock === undefined) return;
      moveClock(Math.round((random() - 0.5) * 7_200));
      await sleep(1_500);
      moveClock(0);
      await sleep(1_500);
    },
  },
];

export function pick<T>(choices: readonly T[], random: Random): T {
  const choice = choices[Math.floor(random() * choices.length)];
  if (choice === undefined) throw new Error('Cannot pick from an empty list');
  return choice;
}
