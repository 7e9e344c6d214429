// Required before a program: at its end writes which modules it has loaded that Node had not loaded by itself.
const { writeSync } = require('node:fs');
const { basename } = require('node:path');

const before = new Set(process.moduleLoadList);
process.on('exit', () => {
  const builtins = process.moduleLoadList.filter(
    (name) => name.startsWith('NativeModule ') && !before.has(name),
  );
  const own = Object.keys(require.cache).map((path) => basename(path));
  writeSync(
    2,
    `\n Loaded ${JSON.stringify({
      own: own.filter((name) => name !== basename(__filename)).sort(),
      builtins: builtins.map((name) => name.slice('NativeModule '.length)).sort(),
    })}\n`,
  );
});
