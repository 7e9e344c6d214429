import type { Plugin } from 'rolldown';

interface LeftOut {
  /** The package that asks for it. */
  readonly by: string;
  readonly what: RegExp;
  /** Text of the module that stands in for it. */
  readonly instead: string;
}

const NEVER_RUNS = 'module.exports = () => { throw new Error("left out of this build"); };';

/**
 * Parts of packages that rolekeeper loads and never runs, and what each stands for in memory and start-up. Whatever is
 * missing here is only slower; whatever is here too much throws, and `test/scripts/build.test.ts` would see it.
 */
const leftOut: readonly LeftOut[] = [
  // winston: readable-stream is Node's own streams of 2018; it steps aside itself where READABLE_STREAM=disable.
  { by: 'winston', what: /^readable-stream$/, instead: "module.exports = require('node:stream');" },
  {
    by: 'winston-transport',
    what: /^readable-stream\/lib\/_stream_writable\.js$/,
    instead: "module.exports = require('node:stream').Writable;",
  },
  // winston: the transports and formats that are not `Stream` and `printf`; nothing is coloured.
  { by: 'winston', what: /^\.\/(console|file|http)$/, instead: NEVER_RUNS },
  {
    by: 'logform',
    what: /^\.\/(align|cli|combine|errors|label|logstash|metadata|ms|pad-levels|pretty-print|simple|splat|timestamp|uncolorize)$/,
    instead: NEVER_RUNS,
  },
  { by: 'logform', what: /^@colors\/colors\/safe$/, instead: 'module.exports = {};' },
  // commander: a verb that is a program of its own is what it would start one for.
  { by: 'commander', what: /^node:child_process$/, instead: 'export default {};' },
];

/** Constants that packages and the sources ask for. */
export const definitions: Record<string, string> = {
  // @dabh/diagnostics of winston: its form without colours.
  'process.env.NODE_ENV': '"production"',
  // rolekeeper: the sources are not where a bundle is, so it does not name their files.
  'import.meta.dirname': 'undefined',
};

export const leaveOut: Plugin = {
  name: 'leave-out',
  resolveId(specifier, importer) {
    const index = leftOut.findIndex(
      ({ by, what }) => what.test(specifier) && importer?.includes(`/node_modules/${by}/`) === true,
    );
    return index === -1 ? null : `\0left-out-${index}.js`;
  },
  load(id) {
    const [, index] = /^\0left-out-(\d+)\.js$/.exec(id) ?? [];
    return index === undefined ? null : (leftOut[Number(index)]?.instead ?? null);
  },
};
