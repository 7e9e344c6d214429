/**
 * `node FLAGS code-cache.ts make|check DIRECTORY`: for each part `NAME.cjs` in it, what V8 made of the source as
 * `NAME.cjs.cache`; or whether V8 takes it. A process of its own, because a cache is good for some flags only.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

const [, , act, directory = ''] = process.argv;
for (const name of readdirSync(directory).sort()) {
  if (!name.endsWith('.cjs')) continue;
  const path = join(directory, name);
  const source = readFileSync(path, 'latin1');
  if (act === 'make') {
    // With every function in it, not only with those that run at once: the flag is taken back before V8 notes which it had.
    setFlagsFromString('--no-lazy');
    const script = new Script(source, { filename: name });
    setFlagsFromString('--lazy');
    writeFileSync(`${path}.cache`, script.createCachedData());
  } else {
    const cachedData = readFileSync(`${path}.cache`);
    const { cachedDataRejected } = new Script(source, { filename: name, cachedData });
    if (cachedDataRejected !== false) throw new Error(`V8 does not take the code cache of ${name}`);
  }
}
