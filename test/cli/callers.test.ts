import { describe, expect, test } from 'vitest';
import { agentProcess, simulatorProcess, temporaryDirectory } from '../support/agent-process.ts';
import { rolekeeper, run } from '../support/child.ts';

const callers = (directory: string, ...args: readonly string[]) =>
  run([...rolekeeper, 'callers', ...args], { env: { ROLEKEEPER_RUNTIME_DIR: directory } });

describe('callers', () => {
  test('says so where nobody has asked, and then lists who has', async () => {
    using directory = temporaryDirectory();
    await using simulator = await simulatorProcess();
    await using agent = await agentProcess({ endpoint: simulator.url, runtimeDirectory: directory.path });
    await agent.becomes((status) => status.serving);
    expect(await callers(directory.path)).toMatchObject({
      code: 0,
      stdout: 'Nobody has asked in the last hour.\n',
      stderr: '',
    });
    for (let times = 0; times < 3; times++) await agent.ask('/v1/credentials');
    const { stdout } = await callers(directory.path);
    const [header = '', row = '', ...rest] = stdout.split('\n');
    expect(header).toMatch(/^USER +SURFACE +REQUESTS +DENIED +IMDSV1 +LAST +SEEN +UNIT +EXE +USER AGENT$/);
    expect(row).toMatch(/^\S+ +agent_socket +3 +0 +0 +allowed +\d{4}-\S+Z +\S+ +\S+ +-$/);
    expect(row).toContain(process.execPath);
    expect(rest).toEqual(['']);
    const { callers: rows } = JSON.parse((await callers(directory.path, '--json')).stdout);
    expect(rows).toEqual([expect.objectContaining({ uid: process.getuid?.(), requests: 3 })]);
  });

  test('without an agent ends with 3', async () => {
    using directory = temporaryDirectory();
    const ended = await callers(directory.path);
    expect(ended).toMatchObject({ code: 3, stdout: '' });
    expect(ended.stderr).toMatch(/^rolekeeper: No agent is listening on [^\n]+\n$/);
  });
});
