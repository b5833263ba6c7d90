import { describe, expect, test } from 'vitest';
import { runExample, shownOutput } from '../kit/process/run-example.js';

describe('an example prints what its index shows', () => {
  test.each(['alarm', 'command', 'cpu-filter', 'file', 'hello', 'migration'])('%s', async name => {
    const { code, output } = await runExample(name);
    expect(output).toMatch(shownOutput(name));
    expect(code).toBe(0);
  });
});

describe('on Greengrass Lite', () => {
  test.each(['reduction', 'file', 'cpu-filter'])('%s prints the same', async name => {
    const { code, output } = await runExample(name, 'lite');
    expect(output).toMatch(shownOutput(name));
    expect(code).toBe(0);
  });

  test('alarm: refused with other words, and nothing is lost without a trace', async () => {
    const { code, output } = await runExample('alarm', 'lite');
    expect(code).toBe(0);
    const [alarms = '', letters = ''] = output.split('\nDead letters:\n');
    expect(alarms.match(/(raised|cleared)","celsius":\d+/g)).toEqual([
      'cleared","celsius":70',
      'raised","celsius":81',
      'cleared","celsius":71',
    ]);
    const kept = letters
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { tag: string; attempts: number; reason: string; original: object });
    expect(kept).toMatchObject([
      { tag: 'DecodeFailed', attempts: 0 },
      { tag: 'ServiceFault', attempts: 3, original: { state: 'cleared', level: 74 } },
      { tag: 'ServiceFault', attempts: 3, original: { state: 'raised', level: 90 } },
    ]);
    expect(kept[1]?.reason).toContain('Failed to publish the message.');
  });

  test('command: answers without correlation data, and none to what is garbled', async () => {
    const { code, output } = await runExample('command', 'lite');
    expect(code).toBe(0);
    expect(output.split('\n').filter(line => line.startsWith('answer'))).toEqual([
      'answer  {"id":"c1","heatingTo":21}',
      'answer  {"id":"c1","heatingTo":21}',
      'answer  {"id":"c2","failed":"TooHot"}',
      'answer  {"id":"c3","failed":"DeadlineExceeded"}',
    ]);
  });
});
