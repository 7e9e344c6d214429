/**
 * An instance with its neighbours, in network namespaces: this process's own is the instance; one behind `eth0` holds IMDS
 * on its two addresses, as the hypervisor does, and counts what arrives there; one behind `docker0` is a container's.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, type ChildOptions, type Ended, repository, run, startChild } from '../support/child.ts';

/** Users that exist only here: /etc/passwd is one of our own in this mount namespace. */
export const USERS = {
  root: 0,
  /** The agent. */
  keeper: 7101,
  /** Redirected, and may read without a token. */
  legacy: 7102,
  /** Redirected, and may not. */
  modern: 7103,
  /** Nobody has heard of this one. */
  stranger: 7104,
} as const;
export type User = keyof typeof USERS;

export const IMDS_V4 = '169.254.169.254';
export const IMDS_V6 = 'fd00:ec2::254';

/** `host` is behind eth0, `box` is the container. */
export const inNamespace = (name: 'host' | 'box') => ['nsenter', `--net=/run/netns/${name}`, '--'];

/** @throws where this is not a network namespace of its own: nothing may ever leave for the real addresses */
export function setUpInstance(): { readonly directory: string; readonly checkout: string } {
  const links = sh('ip -o link').trim().split('\n');
  if (links.length !== 1 || !/^1: lo:/.test(links[0] ?? '')) {
    throw new Error(`Not a network namespace of its own: ${links.join('; ')}. Run scripts/test-network.sh`);
  }
  layOutNetwork();
  const directory = mkdtempSync(join(tmpdir(), 'rolekeeper-network-'));
  chmodSync(directory, 0o755);
  addUsers(directory);
  return { directory, checkout: checkoutIn(directory) };
}

/** This checkout where every user may read it, whoever may read the place where it really is. */
export function checkoutIn(directory: string): string {
  const checkout = join(directory, 'checkout');
  mkdirSync(checkout);
  // Read-only: nothing that a user here does, and no cleaning up, can reach the real one.
  sh(`mount --bind '${repository}' '${checkout}' && mount -o remount,bind,ro '${checkout}'`);
  return checkout;
}

function layOutNetwork(): void {
  sh(`
    mount -t tmpfs none /run && mkdir /run/netns
    ip link set lo up
    ip netns add host && ip netns add box
    ip link add eth0 type veth peer name imds0 netns host
    ip link add docker0 type veth peer name eth0 netns box
    ip addr add 10.0.0.5/24 dev eth0 && ip -6 addr add fd00:1::5/64 dev eth0 nodad
    ip addr add 172.17.0.1/24 dev docker0 && ip -6 addr add fd00:2::1/64 dev docker0 nodad
    ip link set eth0 up && ip link set docker0 up
    ip -n host link set lo up
    ip -n host addr add 10.0.0.1/24 dev imds0 && ip -n host addr add ${IMDS_V4}/32 dev imds0
    ip -n host -6 addr add fd00:1::1/64 dev imds0 nodad && ip -n host -6 addr add ${IMDS_V6}/128 dev imds0 nodad
    ip -n host link set imds0 up
    ip -n host route add 172.17.0.0/24 via 10.0.0.5 && ip -n host -6 route add fd00:2::/64 via fd00:1::5
    ip -n box link set lo up && ip -n box addr add 172.17.0.2/24 dev eth0
    ip -n box -6 addr add fd00:2::2/64 dev eth0 nodad && ip -n box link set eth0 up
    ip -n box route add default via 172.17.0.1 && ip -n box -6 route add default via fd00:2::1
    ip route add ${IMDS_V4}/32 dev eth0 && ip -6 route add ${IMDS_V6}/128 dev eth0
  `);
  // As open as a machine can be, so that what is refused later is refused by the rules.
  for (const prefix of [[], inNamespace('box'), inNamespace('host')]) openUp(prefix);
  // What arrives at IMDS and begins something: not the looking for neighbours, and not what the kernel still sends, as much
  // as a minute later, for connections from before the rules whose programs are gone.
  nft(
    `table inet arrivals {
      counter arrived {}
      chain input {
        type filter hook input priority 0
        icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, mld2-listener-report } accept
        tcp flags & syn == 0 accept
        ip daddr ${IMDS_V4} counter name arrived
        ip6 daddr ${IMDS_V6} counter name arrived
      }
    }`,
    inNamespace('host'),
  );
}

function openUp(prefix: readonly string[]): void {
  const values = {
    'ipv4/ip_forward': '1',
    'ipv6/conf/*/forwarding': '1',
    'ipv4/ping_group_range': '0 2147483647',
    'ipv4/conf/*/accept_source_route': '1',
    'ipv4/conf/*/accept_local': '1',
    'ipv4/conf/*/rp_filter': '0',
    'ipv6/conf/*/seg6_enabled': '1',
    'ipv4/tcp_fastopen': '5',
  };
  const lines = Object.entries(values).map(
    ([key, value]) => `for file in /proc/sys/net/${key}; do echo '${value}' > "$file" || true; done`,
  );
  sh(lines.join('\n'), prefix);
}

/** Packets that have arrived at IMDS until now. */
export function arrivals(): number {
  const [host = '', ...rest] = [
    ...inNamespace('host'),
    'nft',
    'list',
    'counter',
    'inet',
    'arrivals',
    'arrived',
  ];
  const text = execFileSync(host, rest, { encoding: 'utf8' });
  return Number(/packets (\d+)/.exec(text)?.[1]);
}

function addUsers(directory: string): void {
  for (const file of ['passwd', 'group'] as const) {
    const path = join(directory, file);
    copyFileSync(`/etc/${file}`, path);
    const rows = Object.entries(USERS).flatMap(([name, id]) => {
      if (id === 0) return [];
      return [file === 'passwd' ? `${name}:x:${id}:${id}::/nonexistent:/bin/sh` : `${name}:x:${id}:`];
    });
    writeFileSync(path, `${rows.join('\n')}\n`, { flag: 'a' });
    chmodSync(path, 0o644);
    sh(`mount --bind '${path}' /etc/${file}`);
  }
}

export function nft(ruleset: string, prefix: readonly string[] = []): void {
  const [program = '', ...args] = [...prefix, 'nft', '-f', '-'];
  execFileSync(program, args, { input: ruleset, stdio: ['pipe', 'inherit', 'inherit'] });
}

/** Everything in force, as nft lists it, counts included. */
export function ruleset(): string {
  return execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8' });
}

export function sh(script: string, prefix: readonly string[] = []): string {
  const [program = '', ...args] = [...prefix, '/bin/sh', '-euc', script];
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`A script ended with ${status}: ${stderr}\n${script}`);
  return stdout;
}

const SYSTEM = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' };

/** Runs a command as one of the users, in the instance unless a prefix leads elsewhere. */
export function as(user: User, command: readonly string[], options: ChildOptions = {}): Promise<Ended> {
  return run(command, optionsFor(user, options));
}

export function startAs(user: User, command: readonly string[], options: ChildOptions = {}): Child {
  return startChild(command, optionsFor(user, options));
}

function optionsFor(user: User, { env, ...options }: ChildOptions): ChildOptions {
  return { ...options, uid: USERS[user], cwd: '/', env: { ...SYSTEM, ...env } };
}
