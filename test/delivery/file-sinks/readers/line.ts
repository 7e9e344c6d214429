/**
 * Reads the line of credential_process over and over, until the second file exists or nobody waits for it any more:
 * every value has to be of one set.
 */
import { existsSync, readFileSync } from 'node:fs';

const [path = '', stop = ''] = process.argv.slice(2);
const sets = new Set<string>();
let reads = 0;
const parent = `/proc/${process.ppid}`;
const clock = new Int32Array(new SharedArrayBuffer(4));
while (!existsSync(stop) && existsSync(parent)) {
  Atomics.wait(clock, 0, 0, 0.5);
  const text = readFileSync(path, 'utf8');
  const serial = JSON.parse(text).AccessKeyId.slice(-4);
  const whole = `{"Version":1,"AccessKeyId":"ASIAQ3EXAMPLEKEY${serial}","SecretAccessKey":"EXAMPLESecretAccessKey${serial}","SessionToken":"EXAMPLESessionToken${serial}","Expiration":"2026-11-23T14:00:00Z","AccountId":"111122223333"}\n`;
  if (text !== whole) throw new Error(`Read ${text}`);
  sets.add(serial);
  if (++reads === 1) process.stdout.write('ready\n');
}
process.stdout.write(`read ${reads} ${sets.size}\n`);
