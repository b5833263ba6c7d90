import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { columnsOf } from '../../src/cli/output.js';
import { COMPONENT, start } from '../kit/nucleus/nuclei.js';
import { isAlive } from '../kit/process/is-alive.js';
import { HAS_TERMINAL, inTerminal } from '../kit/process/pseudo-terminal.js';
import { recipeFile } from '../kit/process/recipes.js';
import { temporaryFolder } from '../kit/process/run-cli.js';

const component = (name: string): string => fileURLToPath(new URL(`components/${name}.mjs`, import.meta.url));
const ESCAPE = '\u001b[';

describe.skipIf(!HAS_TERMINAL)('in a terminal (skipped where there is no script of util-linux)', () => {
  test.each([40, 80, 200])('the log of dev is coloured and fits into %i columns', async columns => {
    const recipe = recipeFile(temporaryFolder());
    const dev = inTerminal(['dev', '--recipe', recipe, '--', process.execPath, component('thermometer')], columns);
    expect((await dev.ended).code).toBe(3);
    expect(dev.stdout()).toContain(ESCAPE);
    const lines = stripVTControlCharacters(dev.stdout()).split(/\r?\n/);
    // Topics, paths and what the component prints are never cut.
    const words = (line: string): boolean =>
      line.trim().split(' ').length < 3 || line.includes('|') || line.includes('{') || line.includes('<');
    expect(lines.filter(line => columnsOf(line) > columns && !words(line))).toEqual([]);
    const text = lines.join(' ').replace(/\s+/g, ' ');
    expect(text).toMatch(/Thermometer connected/);
    expect(text).toMatch(/Thermometer subscribed to sensors\/\+\/temperature/);
    expect(text).toMatch(/→ sensors\/s1\/temperature \{"celsius":21.5\}/);
    expect(text).toMatch(/← sensors\/s1\/temperature <00 01 ff>/);
    expect(text).toMatch(
      /✗ PublishToIoTCore door\/state UnauthorizedError: Not Authorized. To allow it, add 'door\/state' to the resources of the policy/,
    );
    expect(text).toMatch(/\| refused: Unauthorized/);
    expect(text).toMatch(/ended with exit code 3/);
  });

  test('NO_COLOR is honoured', async () => {
    const dev = inTerminal(['dev', '--', process.execPath, '-e', ''], 80, { NO_COLOR: '1' });
    await dev.ended;
    expect(dev.stdout()).not.toContain(ESCAPE);
  });

  test('Ctrl-C ends a component that ignores it, all it has started, and leaves no file', async () => {
    const dev = inTerminal(['dev', '--grace', '50ms', '--', process.execPath, component('stubborn')], 80);
    const [, child, grandchild] = await dev.saw(/pids (\d+) (\d+)/);
    await dev.saw(/grandchild ready/);
    dev.type('\u0003');
    expect((await dev.ended).code).toBe(137);
    expect([child, grandchild].filter(pid => isAlive(Number(pid)))).toEqual([]);
    const left = [...readdirSync(dev.temporary), ...readdirSync(dev.runtime, { recursive: true }).map(String)];
    expect(left.filter(name => name !== 'greengrass-rx')).toEqual([]);
  });

  test('keys start the component again, inflict a fault, publish and quit, and the terminal is as before', async () => {
    const dev = inTerminal(['dev', '--', process.execPath, '-e', 'setInterval(() => {}, 60_000)'], 100, { NO_COLOR: '1' });
    await dev.saw(/keys: r restart, f a fault, p publish, q quit/);
    await dev.saw(/started\s/);
    dev.type('p');
    await dev.saw(/publish \(topic payload\): /);
    dev.type('nobody/listens {"a": 1}\r');
    dev.type('f');
    await dev.saw(/fault \(Tab completes\): /);
    dev.type('drop con\t\r');
    await dev.saw(/fault: drop connection/);
    dev.type('r');
    await dev.saw(/is told to end with SIGTERM/);
    await dev.saw(/started\s[^]*started\s/);
    dev.type('q');
    expect((await dev.ended).code).not.toBeNull();
    expect(dev.stdout()).toMatch(/is told to end with SIGINT/);
  });

  test('sub prints a line for each message, shortened to the width, and ends at Ctrl-C with 130', async () => {
    await using nucleus = await start('classic');
    const sub = inTerminal(['sub', 'test/#'], 60, { ...nucleus.environment(COMPONENT) });
    await sub.saw(/subscribed to test\/#/);
    nucleus.publish({ topicName: 'test/a', payload: JSON.stringify({ text: 'x'.repeat(1_000) }) });
    const [line = ''] = await sub.saw(/\d\d:\d\d:\d\d\.\d{3}.*bytes/);
    expect(columnsOf(line)).toBeLessThanOrEqual(60);
    expect(stripVTControlCharacters(line)).toMatch(/^[\d:.]{12} test\/a \{"text":"x+… 1011 bytes$/);
    sub.type('\u0003');
    expect((await sub.ended).code).toBe(130);
  });

  test('pub shows its progress while it is long', async () => {
    await using nucleus = await start('classic');
    const fault = nucleus.faults.withholdReply({ operation: 'publish' });
    const pub = inTerminal(['pub', 'test/a', 'x', '--count', '10'], 80, { ...nucleus.environment(COMPONENT) });
    await pub.saw(/0 of 10 accepted/);
    fault.undo();
    expect((await pub.ended).code).toBe(0);
    expect(stripVTControlCharacters(pub.stdout())).toMatch(/10 of 10 accepted/);
  });

  test('the doctor marks what is well and what is not', async () => {
    const doctor = inTerminal(['doctor'], 80);
    expect((await doctor.ended).code).toBe(1);
    const text = stripVTControlCharacters(doctor.stdout());
    expect(text).toMatch(/✓ node/);
    expect(text).toMatch(/✗ environment {4} There is no nucleus to talk to[^]*→ Start one with greengrass-rx dev/);
  });
});
