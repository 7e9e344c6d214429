// Required before a server: on SIGUSR2 writes how many promises it has made so far, and how many bytes it has taken for
// objects. Both are counts: they do not depend on how busy the machine is.
const { writeSync } = require('node:fs');
const { getHeapStatistics, promiseHooks } = require('node:v8');

let promises = 0;
promiseHooks.onInit(() => {
  promises += 1;
});
process.on('SIGUSR2', () => {
  writeSync(2, ` Made ${promises} promises ${getHeapStatistics().total_allocated_bytes} bytes\n`);
});
