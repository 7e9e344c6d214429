/**
 * `node FLAGS code-cache.ts DIRECTORY`: for each part `NAME.cjs` in it, what V8 made of the source as `NAME.cjs.cache`. A
 * process of its own, because the flags that a cache is made under must be those it is used under.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';

const [, , directory = ''] = process.argv;
const names = readdirSync(directory)
  .filter((name) => name.endsWith('.cjs'))
  .sort();
for (const name of names) {
  const path = join(directory, name);
  const script = new Script(readFileSync(path, 'latin1'), { filename: name });
  writeFileSync(`${path}.cache`, script.createCachedData());
}
