/**
 * `npm run test:kill`: kills the agent with SIGKILL 200 times at random moments (or as often as the first argument
 * says) and checks every answer that the helper prints meanwhile. A second argument is the seed of a run to repeat.
 */
import { killLoop } from '../test/support/kill-loop.ts';

const [kills = '200', seed = String(process.pid)] = process.argv.slice(2);
process.stdout.write(`kill -9, ${kills} times, seed ${seed}\n`);
const report = await killLoop({
  kills: Number(kills),
  seed: Number(seed),
  progress: (done) => {
    if (done % 20 === 0) process.stdout.write(`killed ${done} times\n`);
  },
});
for (const line of report.wrong) process.stdout.write(`wrong: ${line}\n`);
for (const name of report.leftovers) process.stdout.write(`left behind: ${name}\n`);
process.stdout.write(`helper runs: ${report.runs}\n`);
process.stdout.write(`answers checked: ${report.answers}, wrong: ${report.wrong.length}\n`);
process.exitCode = report.wrong.length > 0 || report.leftovers.length > 0 || report.answers === 0 ? 1 : 0;
