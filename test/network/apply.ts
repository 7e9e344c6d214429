import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { programPath } from '../support/machine.ts';
import { arrivals, as, inNamespace, nft, ruleset, sh } from './instance.ts';
import { attempt, network, type Place, startAgent, writeConfig } from './programs.ts';
import { type Steps, same } from './steps.ts';

const KEEPER = '[network]\nagent_user = "keeper"\n';
/** The agent runs as `keeper`: with these rules it would be shut out. */
const WRONG = '[network]\nagent_user = "modern"\n';

/** As Docker's, and one that a distribution's firewall would have. */
const FOREIGN = `
table ip docker_like {
  chain postrouting { type nat hook postrouting priority 100; ip saddr 172.17.0.0/24 oifname "eth0" counter masquerade; }
}
table inet firewall {
  set ports { type inet_service; elements = { 22, 80 }; }
  chain input { type filter hook input priority 0; policy accept; tcp dport @ports counter accept; }
}`;

/** What the verbs do to the rules that are in force, and to nobody else's. */
export async function applySteps(place: Place, { step }: Steps): Promise<void> {
  writeConfig(place, KEEPER);
  nft(FOREIGN);
  const agent = await startAgent(place);
  const foreign = ruleset();
  await step('plan prints what apply loads, as a user who may do nothing', async () => {
    const { code, stdout } = await network(place, 'plan', [], 'stranger');
    same([code, ruleset()], [0, foreign]);
    nft(stdout);
    same((await network(place, 'check')).stdout, 'ok\n');
    await network(place, 'remove');
  });
  await step('apply twice is apply once; check says ok', async () => {
    same((await network(place, 'apply')).code, 0);
    const once = stateless();
    same([(await network(place, 'apply')).code, stateless() === once], [0, true]);
    const { code, stdout } = await network(place, 'check');
    same({ code, stdout }, { code: 0, stdout: 'ok\n' });
  });
  await step('a container behind masquerading is refused, too', async () => {
    const before = arrivals();
    same(
      [await attempt(place, ['tcp over IPv4'], 'root', inNamespace('box')), arrivals()],
      ['refused ECONNREFUSED', before],
    );
  });
  await step('check tells a rule that is missing and one that was added', async () => {
    const handle = /goto imds # handle (\d+)/.exec(sh('nft -a list chain inet rolekeeper from_here'))?.[1];
    sh(
      `nft delete rule inet rolekeeper from_here handle ${handle} && nft insert rule inet rolekeeper imds meta skuid 7104 accept`,
    );
    const { code, stderr } = await network(place, 'check');
    same(
      [
        code,
        /missing: chain from_here: ip daddr 169/.test(stderr),
        /not planned: chain imds: meta skuid 7104 accept/.test(stderr),
      ],
      [9, true, true],
      stderr,
    );
    same([(await network(place, 'apply')).code, (await network(place, 'check')).code], [0, 0]);
  });
  await step('check tells that the configuration has changed since', async () => {
    const { code, stderr } = await network(place, 'check', ['--network-containers', 'allow']);
    same([code, /not planned: chain passed_on/.test(stderr)], [9, true], stderr);
  });
  await step('a broken ruleset is taken back: the rules from before are in force again', async () => {
    const before = stateless();
    writeConfig(place, WRONG);
    const { code, stderr } = await network(place, 'apply');
    same([code, stateless() === before], [1, true], stderr);
    same(
      /it runs as user 7101, who owns .*\/state\.json, and network\.agent_user is modern \(7103\)/.test(
        stderr,
      ),
      true,
      stderr,
    );
    same(await attempt(place, ['tcp over IPv4'], 'keeper'), 'reached');
  });
  await step('remove leaves everything as it was before, to the byte; twice is once', async () => {
    same([(await network(place, 'remove')).code, withoutCounts()], [0, withoutCounts(foreign)]);
    same([(await network(place, 'remove')).code, withoutCounts()], [0, withoutCounts(foreign)]);
  });
  await step('a broken ruleset on a machine without rules is taken back: there are none', async () => {
    const { code, stderr } = await network(place, 'apply');
    same(
      [code, withoutCounts(), /no rules of rolekeeper are in force/.test(stderr)],
      [1, withoutCounts(foreign), true],
      stderr,
    );
    same(await attempt(place, ['tcp over IPv4'], 'stranger'), 'reached');
  });
  writeConfig(place, KEEPER);
  await step('where somebody else’s rules shut the agent out, apply says so and leaves nothing', async () => {
    nft(
      'table inet strict { chain output { type filter hook output priority -10; ip daddr 169.254.169.254 reject; ip6 daddr fd00:ec2::254 reject; }; }',
    );
    const { code, stderr } = await network(place, 'apply');
    sh('nft delete table inet strict');
    same([code, withoutCounts()], [1, withoutCounts(foreign)], stderr);
    same(/It does not as it is now either/.test(stderr), true, stderr);
  });
  await step('nft flush ruleset takes the rules away, and check says so', async () => {
    same((await network(place, 'apply')).code, 0);
    sh('nft flush ruleset');
    const { code, stderr } = await network(place, 'check');
    same([code, /not in force: there is no table inet rolekeeper/.test(stderr)], [9, true], stderr);
  });
  await step('containers = "allow" lets forwarded requests through, and nobody here', async () => {
    same((await network(place, 'apply', ['--network-containers', 'allow'])).code, 0);
    same(await attempt(place, ['tcp over IPv4'], 'root', inNamespace('box')), 'reached');
    same(await attempt(place, ['tcp over IPv4'], 'root'), 'refused ECONNREFUSED');
  });
  await step('who is not root is told that it takes root', async () => {
    for (const verb of ['apply', 'check', 'remove']) {
      const { code, stderr } = await network(place, verb, [], 'stranger');
      same([code, stderr.includes(`network ${verb} needs root`)], [1, true], stderr);
    }
  });
  await step('apply takes no more than the capabilities of its unit', async () => {
    const unit = readFileSync(join(place.checkout, 'systemd/rolekeeper-network.service'), 'utf8');
    const names = /^CapabilityBoundingSet=(.*)$/m.exec(unit)?.[1]?.split(' ') ?? [];
    const kept = names.map((name) => `+${name.replace('CAP_', '').toLowerCase()}`).join(',');
    const limits = ['setpriv', `--bounding-set=-all,${kept}`, '--inh-caps=-all', '--no-new-privs'];
    const { code, stderr } = await network(place, 'apply', [], 'root', limits);
    same([code, (await network(place, 'check')).code], [0, 0], stderr);
  });
  await step('systemd finds nothing wrong with the unit', async (skip) => {
    if (programPath('systemd-analyze') === undefined) skip('there is no systemd-analyze here');
    const unit = join(place.directory, 'rolekeeper-network.service');
    // Of the commands it wants only to know whether they are there.
    sh(
      `sed 's#/usr/bin/rolekeeper#/bin/true#' '${place.checkout}/systemd/rolekeeper-network.service' > '${unit}'`,
    );
    const { code, stderr } = await as('root', ['systemd-analyze', 'verify', unit]);
    same({ code, stderr }, { code: 0, stderr: '' });
  });
  await step('root without CAP_NET_ADMIN is told what is missing', async () => {
    const { stderr } = await network(place, 'apply', [], 'root', [
      'setpriv',
      '--bounding-set=-net_admin',
      '--inh-caps=-net_admin',
    ]);
    same(/CAP_NET_ADMIN/.test(stderr), true, stderr);
  });
  await network(place, 'remove');
  await agent.stop();
}

function stateless(): string {
  return execFileSync('nft', ['--stateless', 'list', 'ruleset'], { encoding: 'utf8' });
}

/** Others' counters go on counting. */
function withoutCounts(text = ruleset()): string {
  return text.replaceAll(/packets \d+ bytes \d+/g, '');
}
