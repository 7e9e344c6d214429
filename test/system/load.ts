import { setTimeout as pause } from 'node:timers/promises';
import { NEXT_VERSION } from '../../scripts/system/next-version.ts';
import { type Steps, same } from '../network/steps.ts';
import type { LoadReport } from './load-client.ts';
import { CHECKOUT, NEXT_PACKAGE } from './machine-root.ts';
import { configure, type Scene, serves } from './scene.ts';

const NODE = `${CHECKOUT}/node_modules/.bin/node`;
const RESTARTS = 20;
const KILLS = 3;
/** The slowest answer while the agent is replaced. */
const LONGEST_MS = 1_000;
/**
 * Where an empty program takes longer, the machine is too busy to tell who is late: the agent gives a client that has
 * connected as long for its request before it stops.
 */
const BUSY_MS = 500;
/** Before and after what happens. */
const CALM_MS = 1_500;
const RESTARTED_WITHIN_MS = 15_000;

interface Judging {
  readonly skip: (reason: string) => never;
  /** Connections that a process had accepted end with it. */
  readonly mayCutOff?: boolean;
  readonly longest?: number;
}

/** The agent is killed, restarted, upgraded and hung while 100 requests a second come in, by every surface. */
export async function loadSteps(scene: Scene, { step }: Steps): Promise<void> {
  const { instance, simulator, tell } = scene;
  await configure(scene, '[imds]\ncheck_interval = "2s"\n[line_socket]\nenabled = true');
  await instance.sh(`
    systemctl stop rolekeeper.service
    systemctl enable --now rolekeeper-line.socket 2>&1
    systemctl start rolekeeper.service
  `);
  await serves(scene);

  await step(
    `kill -9, ${KILLS} times: nobody is refused, no answer is wrong or takes a second`,
    async (skip) => {
      const report = await underLoad(async () => {
        for (let kill = 0; kill < KILLS; kill++) await replaced((pid) => `kill -KILL ${pid}`);
      });
      judge(report, 'kill -9', { skip, mayCutOff: true });
    },
  );
  await step(
    `systemctl restart, ${RESTARTS} times and one rotation: the same, and nobody is cut off`,
    async (skip) => {
      const report = await underLoad(async () => {
        await simulator.control({ rotate: true });
        for (let restart = 0; restart < RESTARTS; restart++)
          await instance.sh('systemctl restart rolekeeper');
      });
      judge(report, 'restarts', { skip });
    },
  );
  await step('an upgrade to the next version: the same', async (skip) => {
    const report = await underLoad(() => replaced(() => `dpkg --install ${NEXT_PACKAGE} >/dev/null`));
    same((await instance.sh('dpkg-query --show rolekeeper')).trim(), `rolekeeper\t${NEXT_VERSION}`);
    const program = await instance.sh(`readlink /proc/${await instance.property('MainPID')}/exe`);
    same(program, '/usr/bin/rolekeeper\n', 'the program that runs');
    judge(report, 'upgrade', { skip });
  });
  await step('a hung process: the watchdog replaces it in time, nobody is refused', async (skip) => {
    const watchdog = microseconds(await instance.property('WatchdogUSec'));
    if (watchdog === 0) skip('the service has no WatchdogSec=');
    const report = await underLoad(() => replaced((pid) => `kill -STOP ${pid}`, watchdog / 1_000));
    judge(report, 'hang', { skip, mayCutOff: true, longest: watchdog / 1_000 + LONGEST_MS });
  });
  await step('nothing has failed after all that', async () => {
    same(await instance.sh('systemctl --failed --plain --no-legend'), '');
  });

  /** Does it to the main process, and returns once another one serves. */
  async function replaced(how: (pid: string) => string, notBeforeMs = 0): Promise<void> {
    const before = await instance.property('MainPID');
    await instance.sh(how(before));
    await instance.until(
      'another process that is active',
      async () => {
        const pid = await instance.property('MainPID');
        return pid !== before && pid !== '0' && (await instance.property('ActiveState')) === 'active';
      },
      notBeforeMs + RESTARTED_WITHIN_MS,
    );
    await pause(CALM_MS);
  }

  async function underLoad(work: () => Promise<void>): Promise<LoadReport> {
    const command = [NODE, `${CHECKOUT}/test/system/load-client.ts`, simulator.url];
    const client = instance.start(command, { user: 'member', stdin: 'open' });
    try {
      await client.says(/^steady$/m);
      await pause(CALM_MS);
      await work();
      await pause(CALM_MS);
    } finally {
      client.endInput();
    }
    const { code, stdout, stderr } = await client.ended;
    same({ code, stderr }, { code: 0, stderr: '' });
    return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  }

  function tally(lines: readonly string[]) {
    const counts = Object.groupBy(lines, (line) => line);
    return Object.entries(counts).map(([line, all]) => `${all?.length} × ${line.trim()}`);
  }

  /** Nobody may ever be refused or get a wrong answer. How late one may be takes a machine that is not too busy to tell. */
  function judge(
    { asked, refused, cutOff, wrong, slowest, emptyProgram }: LoadReport,
    what: string,
    { skip, mayCutOff = false, longest = LONGEST_MS }: Judging,
  ): void {
    const sum = Object.values(asked).reduce((a, b) => a + b, 0);
    tell(
      `  ${what}: ${sum} answers (${Object.entries(asked)
        .map(([name, count]) => `${name} ${count}`)
        .join(', ')}); refused ${refused.length}, cut off ${cutOff.length}, wrong ${wrong.length}; ` +
        `slowest ${slowest.ms.toFixed(0)} ms (${slowest.reader}); of an empty program: ${emptyProgram.toFixed(0)} ms`,
    );
    for (const line of tally([...refused, ...cutOff])) tell(`    ${line}`);
    same({ refused: refused.slice(0, 5), wrong: wrong.slice(0, 5) }, { refused: [], wrong: [] });
    // What the machine holds everybody up is not the agent's: two programs start one after the other, it and the command.
    const isLate = slowest.ms > longest + 2 * emptyProgram;
    const isCutOff = cutOff.length > 0 && !mayCutOff;
    if (!isLate && !isCutOff) return;
    const found = `the slowest answer took ${slowest.ms.toFixed(0)} ms, and ${cutOff.length} were cut off`;
    if (emptyProgram < BUSY_MS) throw new Error(found);
    skip(`${found}, while an empty program took ${emptyProgram.toFixed(0)} ms: this machine is too busy`);
  }
}

/** As `systemctl show` writes a length of time: `30s`, `1min 30s`, `0`, `infinity`. */
function microseconds(text: string): number {
  if (text === 'infinity') return 0;
  const units: Readonly<Record<string, number>> = { us: 1, ms: 1e3, s: 1e6, min: 6e7, h: 3.6e9 };
  return [...text.matchAll(/(\d+)(us|ms|s|min|h)/g)].reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? 0),
    0,
  );
}
