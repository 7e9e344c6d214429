import { runInThisContext } from 'node:vm';
import { expect, test } from 'vitest';
import { sealedSources } from '../../../scripts/build/sealed-main.ts';

const chunks = [
  { name: 'rolekeeper.cjs', isEntry: true, code: "#!/usr/bin/env node\nrequire('node:said').push('core');" },
  { name: 'credential-process.cjs', isEntry: false, code: "exports.by = 'itself';" },
  {
    name: 'serve.cjs',
    isEntry: false,
    code: "require('node:said').push('serve', require('./credential-process.cjs').by);",
  },
];

/** Runs the main script as an executable would, with these parts as its assets. Returns what the chunks said. */
function runMain(main: string, parts: ReadonlyMap<string, string>): readonly string[] {
  const said: string[] = [];
  const sea = {
    getAssetKeys: () => [...parts.keys()],
    getAsset: (name: string) => parts.get(name),
  };
  runInThisContext(`(function (require) {${main}})`)((name: string) => {
    if (name === 'node:said') return said;
    return name === 'node:sea' ? sea : process.getBuiltinModule(name);
  });
  return said;
}

test('What credential-process needs is in the main script, and nothing else is', () => {
  const { main, parts } = sealedSources(chunks);
  expect([...parts.keys()]).toEqual(['serve.cjs']);
  expect(runMain(main, new Map())).toEqual(['core']);
});

test('A part is compiled when it is asked for, once, and sees the chunks of the main script', () => {
  const others = chunks.slice(1);
  const asking = {
    name: 'rolekeeper.cjs',
    isEntry: true,
    code: "require('./serve.cjs');\nrequire('./serve.cjs');",
  };
  const { main, parts } = sealedSources([asking, ...others]);
  expect(runMain(main, parts)).toEqual(['serve', 'itself']);
});
