import { describe, expect, it } from 'vitest';
import { fileURLToPath } from 'node:url';
import { runCli } from '../kit/process/run-cli.js';

const OVEN = fileURLToPath(new URL('components/oven.mjs', import.meta.url));

/** What the command writes of a recording. */
async function written(lines: readonly object[], args: readonly string[] = []) {
  const command = runCli(['marble-test', OVEN, ...args], { input: lines.map(line => `${JSON.stringify(line)}\n`).join('') });
  const { code } = await command.ended;
  return { code, stdout: command.stdout(), stderr: command.stderr() };
}

describe('marble-test', () => {
  it('draws what was recorded and what the component makes of it, by the time between them', async () => {
    const { code, stdout } = await written(
      [
        { at: 5_000, topicName: 'ovens/a/celsius', payload: '{"celsius":180}' },
        { at: 5_004, topicName: 'ovens/a/celsius', payload: '{"celsius":20}' },
        { at: 5_005, left: 'Interrupted', kind: 'gap', message: 'It broke.' },
      ],
      ['--import', '../src/oven.js', '--name', "the oven's night", '--config', '{"limit":150}'],
    );
    expect(code).toBe(0);
    expect(stdout).toContain("import component from '../src/oven.js';");
    expect(stdout).toContain('const config = { limit: 150 };');
    expect(stdout).toContain("test('the oven\\'s night', marbles(({ nucleus, run, context, expectPublished }) => {");
    expect(stdout).toMatch(/nucleus\.messages\(\s+'ovens\/a\/celsius',\s+'-a---b',/);
    expect(stdout).toMatch(/expectPublished\('alarms\/a'\)\.toBeMarble\(\s+'-a[^']*\|',\s+\{\s+a: \{ hot: 180 \},/);
  });

  it('expects that nothing is published where nothing is', async () => {
    const { stdout } = await written([{ at: 0, topicName: 'ovens/a/celsius', payload: '{"celsius":20}' }]);
    expect(stdout).toMatch(/expectPublished\('nothing\/is\/published\/here'\)\.toBeMarble\(\s+'[^']*\|',/);
  });

  it('says what is wrong with a recording, and with a configuration', async () => {
    expect(await written([{ topicName: 'a' }])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/The recording cannot be read: Line 1/) as string,
    });
    expect(await written([], ['--config', '{"limit":"much"}'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/limit: expected number/) as string,
    });
  });
});
