import type { Chunk } from './bundle.ts';

/** Chunks that stand in the main script itself: all that `credential-process` reads. */
const CORE = /^(rolekeeper|credential-process|agents-answer|rolldown-runtime)\.cjs$/;

export interface SealedSources {
  /** The script that the executable runs. */
  readonly main: string;
  /** Every other chunk by its name, as a function that `main` compiles when a verb asks for it. */
  readonly parts: ReadonlyMap<string, string>;
}

/** The bundle in the form that it has within an executable, where there are no files to `require`. */
export function sealedSources(chunks: readonly Chunk[]): SealedSources {
  const core = chunks.filter(({ name }) => CORE.test(name));
  const others = chunks.filter(({ name }) => !CORE.test(name));
  const inMain = core.map(({ name, code }) => `${JSON.stringify(name)}: ${asFunction(code)}`);
  return {
    main: `${loader}\nconst inMain = {\n${inMain.join(',\n')}\n};\nload('./rolekeeper.cjs');\n`,
    parts: new Map(others.map(({ name, code }) => [name, `(${asFunction(code)})`])),
  };
}

function asFunction(code: string): string {
  return `function (exports, require, module) {${code.replace(/^#!.*/, '')}\n}`;
}

/**
 * An asset is read where it lies in the executable. The code cache saves the parsing; V8 ignores one that does not fit
 * and compiles. Assets are in ASCII, as `bundle` made them.
 */
const loader = `'use strict';
const loaded = new Map();
function load(specifier) {
  if (!specifier.startsWith('./')) return require(specifier);
  let module = loaded.get(specifier);
  if (module === undefined) {
    module = { exports: {} };
    loaded.set(specifier, module);
    const name = specifier.slice(2);
    (inMain[name] ?? compiled(name))(module.exports, load, module);
  }
  return module.exports;
}
function compiled(name) {
  const { getAsset, getAssetKeys, getRawAsset } = require('node:sea');
  const { Script } = require('node:vm');
  const cache = name + '.cache';
  const cachedData = getAssetKeys().includes(cache) ? Buffer.from(getRawAsset(cache)) : undefined;
  return new Script(getAsset(name, 'latin1'), { filename: name, cachedData }).runInThisContext();
}`;
