import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/platform/clock.ts';
import { createSimulatedInstance } from '../../src/simulator/instance.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { agentProcess, temporaryDirectory } from '../support/agent-process.ts';
import { eventually } from '../support/eventually.ts';
import { notifySocket } from '../support/notify-socket.ts';

const simulator = await startSimulator({
  listen: '127.0.0.1:0',
  instance: createSimulatedInstance({ clock: systemClock, random: seededRandom(1), role: 'web' }),
  clock: systemClock,
  log: { error() {}, warn() {}, info() {}, debug() {} },
});
afterAll(() => simulator.close());

/** An agent under a service manager that watches it, with a configuration of its own. */
async function served(config = '', env: Readonly<Record<string, string>> = {}) {
  const directory = temporaryDirectory();
  const file = join(directory.path, 'config.toml');
  const write = (text: string) => writeFileSync(file, text);
  write(config);
  const notify = notifySocket(join(directory.path, 'notify'));
  const runtimeDirectory = join(directory.path, 'run');
  const agent = await agentProcess({
    endpoint: simulator.url,
    runtimeDirectory,
    flags: ['--config', file],
    env: { NOTIFY_SOCKET: join(directory.path, 'notify'), WATCHDOG_USEC: '30000000', ...env },
  });
  const told: string[] = [];
  const tells = async (line: RegExp) => {
    const found = () => told.findLast((each) => line.test(each));
    await eventually(() => {
      told.push(...notify.messages().flat());
      return found() !== undefined;
    });
    return found();
  };
  await tells(/^READY=1$/);
  return {
    agent,
    runtimeDirectory,
    write,
    told,
    tells,
    /** SIGHUP, and whatever the log says until that line. */
    async reload(until: RegExp) {
      told.length = 0;
      agent.child.kill('SIGHUP');
      return (await agent.child.says(until))[0];
    },
    async [Symbol.asyncDispose]() {
      await agent[Symbol.asyncDispose]();
      notify[Symbol.dispose]();
      directory[Symbol.dispose]();
    },
  };
}

describe.concurrent('The service manager hears', () => {
  test('that the agent is ready, what it serves, and that its loop is alive', async () => {
    await using world = await served();
    expect(world.told).toContain('WATCHDOG=1');
    const status = await world.tells(/^STATUS=Serving/);
    expect(status).toMatch(/^STATUS=Serving role web \(key …\w{4}\) until 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  test('nothing of readiness on an instance without a role before its time, but why', async () => {
    const directory = temporaryDirectory();
    using notify = notifySocket(join(directory.path, 'notify'));
    const roleless = await startSimulator({
      listen: '127.0.0.1:0',
      instance: createSimulatedInstance({ clock: systemClock, random: seededRandom(2), role: null }),
      clock: systemClock,
      log: { error() {}, warn() {}, info() {}, debug() {} },
    });
    await using agent = await agentProcess({
      endpoint: roleless.url,
      runtimeDirectory: join(directory.path, 'run'),
      env: { NOTIFY_SOCKET: join(directory.path, 'notify') },
    });
    await agent.becomes(({ reason }) => reason === 'no-role');
    const told = notify.messages().flat();
    expect(told).not.toContain('READY=1');
    expect(told.at(-1)).toMatch(/^STATUS=Serving nothing\. .*role/);
    await roleless.close();
    directory[Symbol.dispose]();
  });

  test('that it stops', async () => {
    await using world = await served();
    await world.agent.stop();
    expect(await world.tells(/^STOPPING=1$/)).toBeDefined();
  });

  test('how long a check may take, where that is longer than it would wait', async () => {
    await using world = await served('[imds]\nrequest_timeout = "20s"\n');
    expect(await world.tells(/^WATCHDOG_USEC=/)).toBe('WATCHDOG_USEC=183000000');
  });
});

describe.concurrent('SIGHUP', () => {
  test('applies what can be applied, and says what takes more', async () => {
    await using world = await served();
    world.write(
      '[log]\nlevel = "debug"\n[imds]\ncheck_interval = "5m"\nrole = "other"\n[network]\nlockdown = false\n',
    );
    const said = await world.reload(/applied="?(imds\.check_interval log\.level)"?/);
    expect(said).toBeDefined();
    await world.agent.child.says(/need a restart.* keys=imds\.role\n/);
    await world.agent.child.says(/for the packet rules.* keys=network\.lockdown\n/);
    await world.agent.child.says(/ debug IMDS answered/);
    await world.tells(/^RELOADING=1$/);
    await world.tells(/^MONOTONIC_USEC=\d+$/);
    await world.tells(/^READY=1$/);
    // The role is still the one from before: what needs a restart is told again, and not applied by halves.
    expect((await world.agent.status()).serving).toBe(true);
    await world.reload(/Configuration reloaded applied=nothing/);
    await world.agent.child.says(/keys=imds\.role\n(?:.*\n)*.*keys=imds\.role\n/);
  });

  test('brings rules and files into force at once', async () => {
    await using world = await served();
    const file = join(world.runtimeDirectory, 'credential-process.json');
    const copy = join(world.runtimeDirectory, 'copy');
    expect((await world.agent.ask('/v1/credentials')).status).toBe(200);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    world.write(
      `[[deny]]\nuser = "${process.geteuid?.()}"\nsurfaces = ["agent_socket"]\n[[files]]\nformat = "env"\npath = "${copy}"\ngroup = ""\n`,
    );
    await world.reload(/applied="\[\[files\]\] \[\[allow\]\] and \[\[deny\]\]"/);
    expect((await world.agent.ask('/v1/credentials')).status).toBe(403);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await eventually(() => existsSync(copy));
    world.write('');
    await world.reload(/applied="\[\[files\]\](?:.*\n)*.*applied="\[\[files\]\]/);
    expect((await world.agent.ask('/v1/credentials')).status).toBe(200);
    expect(statSync(file).mode & 0o777).toBe(0o640);
  });

  test.each([
    ['is no TOML', '[imds\n', /config\.toml:2:1: must be valid TOML/],
    ['has a key that does not exist', '[imds]\nspeed = 3\n', /imds\.speed/],
    [
      'names a user that does not exist',
      '[log]\nlevel = "debug"\n[[deny]]\nuser = "no-such-user"\nsurfaces = ["agent_socket"]\n',
      /there is no user no-such-user/,
    ],
    [
      'lets a user that does not exist read without a token',
      '[log]\nlevel = "debug"\n[imds_endpoint]\ntokenless_users = ["no-such-user"]\n',
      /no user no-such-user/,
    ],
  ])('changes nothing where the file %s, and says why', async (_, config, why) => {
    await using world = await served();
    const before = await world.agent.ask('/v1/credentials');
    world.write(config);
    const said = await world.reload(/ error The configuration is not reloaded.*\n/);
    expect(said).toMatch(why);
    expect(await world.tells(/^STATUS=Serving role web .*\. Not reloaded: /)).toMatch(why);
    await world.tells(/^READY=1$/);
    expect(await world.agent.ask('/v1/credentials')).toEqual(before);
    world.write('');
    await world.reload(/Configuration reloaded applied=nothing/);
    expect(await world.tells(/^STATUS=Serving role web [^.]*$/)).toBeDefined();
  });

  test('that comes again and again is one reload after the other, and the last file is in force', async () => {
    await using world = await served();
    for (let n = 0; n < 20; n++) {
      world.write(`[imds]\ncheck_interval = "${10 + n}s"\n`);
      world.agent.child.kill('SIGHUP');
    }
    world.write('[log]\nlevel = "debug"\n');
    await world.reload(/ debug /);
    expect((await world.agent.status()).serving).toBe(true);
  });
});
