import { describe, expect, it } from 'vitest';
import { fileURLToPath } from 'node:url';
import { inProcess } from '../kit/process/cli-in-process.js';
import { runCli } from '../kit/process/run-cli.js';
import { complaintOf } from '../kit/process/written-test.js';

const component = (name: string): string => fileURLToPath(new URL(`components/${name}.mjs`, import.meta.url));
const OVEN = component('oven');

/** What the command writes of a recording. */
const written = (lines: readonly object[], args: readonly string[] = [], module = OVEN) =>
  inProcess(['marble-test', module, ...args], { input: lines.map(line => `${JSON.stringify(line)}\n`).join('') });

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

  it('passes as it is for what comes from the cloud and on local topics, JSON, text and bytes, whatever is in them, on either nucleus', async () => {
    const hostile = "*/ ` ${process.exit()} </script> ' \\ \u2028 \u0000";
    const lines = [
      { at: 10, topicName: 'in/a', payload: '{"__proto__":1,"x":[null]}' },
      { at: 10, topicName: 'in/a', payload: '1e400' },
      { at: 11, topicName: 'in/bytes', payloadBase64: 'AP/+' },
      { at: 14, topicName: "in/'`\\", payload: hostile },
      { at: 15, topicName: 'in/local', payload: hostile, isLocal: true },
      { at: 90, topicName: 'in/local', payload: '{"y":2}', isLocal: true },
    ];
    for (const profile of ['classic', 'lite']) {
      const { code, stdout, stderr } = await written(lines, ['--profile', profile], component('mirror'));
      expect([code, stderr]).toEqual([0, '']);
      for (const topic of ['in/a', 'in/bytes', "in/\\'`\\\\"]) expect(stdout).toContain(`expectPublished('mirror/${topic}')`);
      expect(stdout).toContain("expectPublishedLocally('mirror/in/local')");
      expect(stdout.includes("{ profile: 'lite' }")).toBe(profile === 'lite');
      expect(await complaintOf(stdout, component('mirror'))).toBe('(it passed)');
    }
  });

  it('says that the component throws, which is no defect of this program', async () => {
    const recording = { input: '{"at":0,"topicName":"a","payload":""}\n', env: { HOW: 'run' } };
    const command = runCli(['marble-test', component('broken')], recording);
    expect(await command.ended).toEqual({ code: 1, signal: null });
    expect(command.stderr()).toContain('The component could not be played: Error: as it is run');
    expect(command.stderr()).not.toContain('defect of greengrass-rx');
  });
});
