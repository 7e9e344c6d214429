import { eventually } from '../support/eventually.ts';
import { arrivals, inNamespace, sh, startAs, USERS, type User } from './instance.ts';
import { attempt, curl, network, type Place, startAgent, writeConfig } from './programs.ts';
import { type Steps, same } from './steps.ts';

interface Attempt {
  readonly who: string;
  readonly way: string;
  /** What became of it, in words, and whether a packet came to IMDS. */
  try(): Promise<string>;
}

/** Of any user. */
const WAYS = [
  'tcp over IPv4',
  'tcp over IPv6',
  'tcp to the mapped address',
  'tcp from another own address',
  'tcp from another own IPv6 address',
  'tcp to the mapped address from another',
  'tcp bound to the device',
  'tcp to port 8080',
  'tcp to port 8080 over IPv6',
  'tcp fast open',
  'multipath tcp',
  'multipath tcp over IPv6',
  'tcp, closed with data on its way',
  'tcp, closed while connecting',
  'segment-routed through this machine',
  'udp to port 80',
  'udp to port 80 over IPv6',
  'udp to port 53',
  'ping socket',
  'ping socket over IPv6',
];
/** Of root besides. */
const ROOT_WAYS = [
  'source-routed through a container',
  'tcp from a port below 1024',
  'tcp with a fwmark',
  'raw tcp',
  'raw tcp over IPv6',
  'raw icmp',
  'raw protocol 253',
  'raw packet with a forged source',
];
/** The refusal goes to where the request says it comes from: nothing arrives, and who asked may wait. */
const FORGED_WAYS = ['tcp from an address that is not ours'];
/** From behind docker0; there are no other addresses to come from. */
const CONTAINER_WAYS = WAYS.filter((way) => !/another|bound|routed/.test(way));
const SPELLINGS = [
  'http://2852039166/',
  'http://0xA9FEA9FE/',
  'http://0251.0376.0251.0376/',
  'http://169.254.43518/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://[fd00:ec2:0:0::254]/',
];

/** Every attempt is first seen to get through without the rules: what does not even then proves nothing. */
export async function lockdownSteps(place: Place, { step }: Steps): Promise<void> {
  const all = everyAttempt(place);
  const without = new Map<Attempt, { arrived: boolean; outcome: string }>();
  for (const each of all) without.set(each, await counted(each));

  const held = opened(place);
  await held.isOpen;
  const agent = await startAgent(place);
  writeConfig(place, '[network]\nagent_user = "keeper"\n');
  await step('apply says that only the agent reaches IMDS', async () => {
    const { code, stdout, stderr } = await network(place, 'apply');
    same({ code, stderr }, { code: 0, stderr: '' });
    same(stdout.startsWith('Only keeper (7101) reaches IMDS, and it does'), true, stdout);
  });

  for (const each of all.filter(({ way }) => !FORGED_WAYS.includes(way))) {
    await step(`${each.who}: ${each.way}: refused at once, and nothing arrives at IMDS`, async (skip) => {
      const before = without.get(each);
      if (!before?.arrived) skip(`without the rules nothing arrives either (${before?.outcome})`);
      const { arrived, outcome } = await counted(each);
      same(
        { arrived, atOnce: !/timeout|ETIMEDOUT|reached|no answer/.test(outcome) },
        { arrived: false, atOnce: true },
        outcome,
      );
    });
  }
  for (const each of all.filter(({ way }) => FORGED_WAYS.includes(way))) {
    await step(`${each.who}: ${each.way}: nothing arrives at IMDS`, async () => {
      same([without.get(each)?.arrived, (await counted(each)).arrived], [true, false]);
    });
  }
  await step('root: a frame on the interface gets past the rules, as docs/network.md says', async () => {
    const { arrived, outcome } = await counted({
      who: 'root',
      way: 'frame',
      try: () => attempt(place, ['frame on the interface'], 'root'),
    });
    same({ arrived, outcome }, { arrived: true, outcome: 'sent' });
  });
  await step('stranger: a frame on the interface: is not theirs to send', async () => {
    same(await attempt(place, ['frame on the interface'], 'stranger'), 'refused EPERM');
  });
  await step('stranger: a connection that was opened before: refused when it is used', async () => {
    same(await held.use(), 'refused ECONNRESET');
  });
  await step('keeper: IPv4, IPv6 and the mapped address: reached', async () => {
    for (const way of ['tcp over IPv4', 'tcp over IPv6', 'tcp to the mapped address']) {
      same(await attempt(place, [way], 'keeper'), 'reached', way);
    }
  });
  await step('keeper: other ports and protocols: refused, and nothing arrives', async () => {
    for (const way of ['tcp to port 8080', 'udp to port 80', 'ping socket']) {
      const { arrived, outcome } = await counted({
        who: 'keeper',
        way,
        try: () => attempt(place, [way], 'keeper'),
      });
      same({ arrived, isRefused: outcome.startsWith('refused') }, { arrived: false, isRefused: true }, way);
    }
  });
  await step('the agent starts from nothing with the rules in force, and serves', async () => {
    await agent.stop();
    sh(`rm -rf '${agent.runtimeDirectory}'`);
    const again = await startAgent(place);
    same((await again.ask('/v1/credentials')).status, 200);
    await again.stop();
  });
  await step('closing the agent’s connections, and looking for neighbours, is refused nothing', async () => {
    const before = refusals();
    for (const way of ['tcp over IPv4', 'tcp over IPv6', 'tcp, closed with data on its way']) {
      await attempt(place, [way], 'keeper');
    }
    sh('ip -6 neigh change fd00:ec2::254 dev eth0 nud probe');
    // The kernel gives a neighbour up after a few seconds without a word.
    await eventually(() => /REACHABLE|FAILED/.test(sh('sleep 0.1; ip -6 neigh show fd00:ec2::254 dev eth0')));
    same(refusals(), before);
  });
}

export function refusals(): number {
  const chain = sh('nft list chain inet rolekeeper refuse');
  return [...chain.matchAll(/packets (\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
}

function everyAttempt(place: Place): readonly Attempt[] {
  const byUser = (user: User, ways: readonly string[], who: string = user, prefix: readonly string[] = []) =>
    ways.map((way) => ({ who, way, try: () => attempt(place, [way], user, prefix) }));
  const namespace = ['unshare', '--user', '--map-root-user', '--'];
  const disguise = ['unshare', '--user', `--map-user=${USERS.keeper}`, '--'];
  return [
    ...byUser('stranger', WAYS),
    ...byUser('root', [...WAYS, ...ROOT_WAYS, ...FORGED_WAYS]),
    ...byUser('stranger', ['tcp over IPv4', 'tcp over IPv6'], 'root of a user namespace', namespace),
    ...byUser(
      'stranger',
      ['tcp over IPv4', 'tcp over IPv6'],
      'the agent’s number in a user namespace',
      disguise,
    ),
    ...byUser('root', CONTAINER_WAYS, 'root in a container', inNamespace('box')),
    ...byUser('root', ['raw tcp', 'raw icmp'], 'root in a container', inNamespace('box')),
    {
      who: 'root in a container',
      way: 'as the agent’s number',
      try: () =>
        attempt(place, ['tcp over IPv4'], 'root', [
          ...inNamespace('box'),
          'setpriv',
          `--reuid=${USERS.keeper}`,
          '--clear-groups',
        ]),
    },
    {
      who: 'root',
      way: 'a socket made by root and used by the agent’s user',
      try: () => attempt(place, ['handed over', String(USERS.keeper)], 'root'),
    },
    ...SPELLINGS.map((url) => ({
      who: 'stranger',
      way: `curl ${url}`,
      try: () => byCurl('stranger', [url]),
    })),
    ...['eth0', '172.17.0.1', 'host!10.0.0.5'].map((from) => ({
      who: 'stranger',
      way: `curl --interface ${from}`,
      try: () => byCurl('stranger', ['--interface', from, 'http://169.254.169.254/']),
    })),
  ];
}

async function byCurl(user: User, args: readonly string[]): Promise<string> {
  const { code } = await curl(user, args);
  // 22: an answer that is an error is one.
  if (code === 0 || code === 22) return 'reached';
  return code === 28 ? 'timeout' : `refused curl:${code}`;
}

async function counted({ try: attemptIt }: Pick<Attempt, 'try'> & Attempt) {
  const before = arrivals();
  const outcome = await attemptIt();
  // A packet that was let through has arrived by now: the two ends are on one machine.
  return { outcome, arrived: arrivals() > before };
}

/** A connection that a stranger makes now and uses later. */
function opened({ checkout }: Place) {
  const child = startAs(
    'stranger',
    ['python3', `${checkout}/test/network/attempt.py`, 'connection opened before'],
    {
      stdin: 'open',
    },
  );
  return {
    isOpen: child.says(/^connected$/m),
    async use() {
      child.endInput();
      const { stdout } = await child.ended;
      return stdout.trim().split('\n').at(-1);
    },
  };
}
