// Required before the agent: on SIGUSR2 writes for how long its event loop was busy at a time, and begins anew. In time of
// its own thread: what another program takes of the processor meanwhile is not the agent's.
const busy = [];
let before = process.threadCpuUsage();
setInterval(() => {
  const { user, system } = process.threadCpuUsage(before);
  before = process.threadCpuUsage();
  busy.push((user + system) / 1_000);
}, 1).unref();
process.on('SIGUSR2', () => {
  const sorted = busy.splice(0).sort((a, b) => a - b);
  const at = (part) => sorted[Math.floor((sorted.length - 1) * part)];
  process.stderr.write(` Busy ${at(1)} ${at(0.999)} ${at(0.5)}\n`);
});
