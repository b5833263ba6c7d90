import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { LocalNucleus, NucleusEvent } from '../../src/local/index.js';
import { COMPONENT, PROFILES, start } from '../kit/nucleus/nuclei.js';
import { type CommandResult, inProcess } from '../kit/process/cli-in-process.js';
import { besideDev } from '../kit/process/beside-dev.js';
import { runCli, temporaryFolder } from '../kit/process/run-cli.js';

type Publish = Extract<NucleusEvent, { kind: 'published' }>;

/** What the nucleus accepts from now on. */
function accepted(nucleus: LocalNucleus): { readonly topicName: string; readonly text: string; readonly qos: 0 | 1 }[] {
  const publishes: { topicName: string; text: string; qos: 0 | 1 }[] = [];
  nucleus.observe(event => {
    if (event.kind !== 'published') return;
    const { topicName, payload, qos }: Publish = event;
    publishes.push({ topicName, text: Buffer.from(payload).toString('latin1'), qos });
  });
  return publishes;
}

const pub = (nucleus: LocalNucleus, args: readonly string[], input?: string): Promise<CommandResult> =>
  inProcess(['pub', ...args], { env: nucleus.environment(COMPONENT), input });

describe.each(PROFILES)('pub at a %s nucleus', profile => {
  test('publishes a text, a file, or all of stdin, and says nothing', async () => {
    await using nucleus = await start(profile);
    const publishes = accepted(nucleus);
    const file = join(temporaryFolder(), 'payload.bin');
    writeFileSync(file, Uint8Array.of(0, 255));
    for (const [args, input] of [
      [['test/a', '{"mean":21}']],
      [['test/b', '--file', file, '--qos', '0']],
      [['test/c', '-'], 'two\nlines\n'],
      [['test/d', '']],
      [['-t', 'test/e', '-m', 'as mosquitto_pub', '-q', '1']],
      [['-t', 'test/f', 'an argument']],
      [['-t', 'test/g', '-s'], 'all of\nstdin'],
    ] as const) {
      expect(await pub(nucleus, args, input)).toEqual({ code: 0, stdout: '', stderr: '' });
    }
    expect(publishes).toEqual([
      { topicName: 'test/a', text: '{"mean":21}', qos: 1 },
      { topicName: 'test/b', text: '\x00\xff', qos: 0 },
      { topicName: 'test/c', text: 'two\nlines\n', qos: 1 },
      { topicName: 'test/d', text: '', qos: 1 },
      { topicName: 'test/e', text: 'as mosquitto_pub', qos: 1 },
      { topicName: 'test/f', text: 'an argument', qos: 1 },
      { topicName: 'test/g', text: 'all of\nstdin', qos: 1 },
    ]);
  });

  test('publishes a thousand, no faster than they are taken', async () => {
    await using nucleus = await start(profile);
    const publishes = accepted(nucleus);
    const { code, stderr } = await pub(nucleus, ['test/a', 'x', '--count', '1000']);
    expect(code).toBe(0);
    expect(publishes).toHaveLength(1000);
    expect(stderr).toMatch(/^1000 of 1000 accepted, \d+\/s\n$/);
  });
});

describe('pub', () => {
  test('publishes what sub has printed as it was: JSON digit for digit, text, and bytes', async () => {
    await using nucleus = await start('classic');
    const env = besideDev(nucleus);
    const payloads = ['{"id":9007199254740993,"c":1.50}', 'plain', '\x00\xff', '[1, "encoding", {"a":"}"}]'];
    const recording = runCli(['sub', 'test/#', '--json', '-n', String(payloads.length)], { env });
    await recording.saw(/subscribed/, 'stderr');
    for (const payload of payloads) nucleus.publish({ topicName: 'test/a', payload: Buffer.from(payload, 'latin1') });
    await recording.ended;
    const publishes = accepted(nucleus);
    const replaying = runCli(['pub', '--ndjson'], { env, input: recording.stdout() });
    expect(await replaying.ended).toEqual({ code: 0, signal: null });
    expect(publishes.map(({ text }) => text)).toEqual(payloads);
    expect(replaying.stderr()).toContain('4 accepted');
  });

  test('carries the MQTT 5 members to who subscribes', async () => {
    await using nucleus = await start('classic');
    const env = besideDev(nucleus);
    const sub = runCli(['sub', 'test/a', '--json', '-n', '1'], { env });
    await sub.saw(/subscribed/, 'stderr');
    const members = ['--response-topic', 'answers', '--correlation-data', 'id 1', '--expiry', '90s', '--user-property', 'unit=C=1'];
    expect(await inProcess(['pub', 'test/a', 'x', ...members], { env })).toMatchObject({ code: 0 });
    await sub.ended;
    expect(JSON.parse(sub.stdout())).toMatchObject({
      responseTopic: 'answers',
      correlationData: Buffer.from('id 1').toString('base64'),
      messageExpiryIntervalSeconds: 90,
      userProperties: [{ key: 'unit', value: 'C=1' }],
    });
  });

  test('ends with 1 when a publish is refused, says why once, and goes on with the others', async () => {
    await using nucleus = await start('classic');
    const publishes = accepted(nucleus);
    const input = ['door/state', 'test/a', 'door/state'].map(topicName => JSON.stringify({ topicName, payload: { n: 1 } })).join('\n');
    const { code, stderr } = await pub(nucleus, ['--ndjson'], input);
    expect(code).toBe(1);
    expect(publishes).toEqual([{ topicName: 'test/a', text: '{"n":1}', qos: 1 }]);
    expect(stderr).toMatch(/may not call aws.greengrass#PublishToIoTCore on "door\/state"/);
    expect(stderr).toContain('1 accepted, 2 failed');
  });

  test.each([
    [[], /Where to publish is missing/],
    [['test/a'], /What to publish is missing/],
    [['test/+', 'x'], /wildcard/],
    [['test/a', 'x', '--file', 'y'], /given twice/],
    [['test/a', 'x', '-m', 'y'], /given twice/],
    [['-t', 'test/a', 'x', 'y'], /given twice/],
    [['-t', 'test/a', '-s', '-m', 'x'], /given twice/],
    [['-t', 'test/a', '-l'], /pub --ndjson/],
    [['-h', 'localhost', '-t', 'test/a', '-m', 'x'], /pub has no -h: it talks to the nucleus on this machine/],
    [['-p', '1883', '-t', 'test/a', '-m', 'x'], /pub has no -p: [^]*mosquitto_pub/],
    [['--cafile', 'ca.pem', '-t', 'test/a', '-m', 'x'], /pub has no --cafile/],
    [['test/a', '--file', '/nowhere/at/all'], /\/nowhere\/at\/all could not be read/],
    [['test/a', 'x', '--qos', '2'], /Allowed choices are 0, 1/],
    [['test/a', 'x', '--count', '0'], /whole number of at least 1/],
    [['test/a', 'x', '--timeout', 'soon'], /such as 500ms/],
    [['test/a', 'x', '--user-property', 'unit'], /name=value/],
    [['test/a', 'x', '--retian'], /Did you mean --retain/],
  ])('takes %j for a mistake, and says what is wrong', async (args, says) => {
    await using nucleus = await start('classic');
    const { code, stderr } = await pub(nucleus, args);
    expect(code).toBe(2);
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test('says which line of stdin is none', async () => {
    await using nucleus = await start('classic');
    const { code, stderr } = await pub(nucleus, ['test/a', '--ndjson'], '{"payload":1}\n\n{"payload":');
    expect(code).toBe(2);
    expect(stderr).toMatch(/Line 3 of stdin cannot be published: it is not JSON/);
  });
});
