import { oneOf, type Parsed, quoted, type ValueType } from './value-types.ts';

/** Where a TCP surface listens. */
export interface ListenAddress {
  /** `127.0.0.1`, another address of 127.0.0.0/8, or `::1`. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

const RULE = 'must be a loopback address with a port, as 127.0.0.1:9911 or [::1]:9911';
const LARGEST_PORT = 65_535;

/** An IP literal: what a name stands for can change after it was checked. */
export const listenAddress: ValueType<ListenAddress> = {
  fileKind: 'string',
  rule: `${RULE}: rolekeeper never listens beyond loopback`,
  parse(text) {
    const [, v4, v6, digits] = /^(?:(\d+\.\d+\.\d+\.\d+)|\[([^\]]+)\]):(\d{1,5})$/.exec(text) ?? [];
    const host = v4 ?? v6;
    if (host === undefined || digits === undefined) return refused(nextStepFor(text));
    if (!isLoopback(host)) return refused('Write 127.0.0.1 or [::1] as the address.');
    const port = Number(digits);
    if (String(port) === digits && port <= LARGEST_PORT) return { ok: true, value: { host, port } };
    return refused('Write a port from 0 to 65535.');
  },
  format: ({ host, port }) => quoted(`${host.includes(':') ? `[${host}]` : host}:${port}`),
};

/** The same, or nothing: then nothing listens. */
export const optionalListenAddress: ValueType<ListenAddress | undefined> = {
  ...listenAddress,
  parse: (text) => (text === '' ? { ok: true, value: undefined } : listenAddress.parse(text)),
  format: (value) => (value === undefined ? quoted('') : listenAddress.format(value)),
};

/** How the callers of the container endpoint show that they may have the credentials. */
export const authorization = oneOf('token', 'user');

function isLoopback(host: string): boolean {
  if (host === '::1') return true;
  const octets = host.split('.');
  const isWritten = (octet: string) => String(Number(octet)) === octet && Number(octet) <= 255;
  return octets.length === 4 && octets[0] === '127' && octets.every(isWritten);
}

function nextStepFor(text: string): string {
  if (/^\d{1,5}$/.test(text)) return `Write 127.0.0.1:${text}.`;
  if (/^localhost:/i.test(text)) return 'Write the address 127.0.0.1 instead of the name.';
  if (/^::1(:\d+)?$/.test(text)) return 'Write an IPv6 address in brackets: [::1]:9911.';
  if (/^127\.[\d.]+$/.test(text)) return `Add a port: ${text}:9911.`;
  if (/^https?:/i.test(text)) return 'Write only address and port, without http:// and path.';
  return 'Write 127.0.0.1 or [::1], a colon and a port.';
}

function refused(nextStep: string): Parsed<never> {
  return { ok: false, rule: listenAddress.rule, nextStep };
}
