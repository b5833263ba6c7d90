import { describe, expect, test } from 'vitest';
import { runningNuclei, writeDown } from '../../src/cli/reach/reach.js';
import { allow, COMPONENT, OTHER, PROFILES, start } from '../kit/nucleus/nuclei.js';
import { besideDev } from '../kit/process/beside-dev.js';
import { inProcess } from '../kit/process/cli-in-process.js';
import { IS_WINDOWS } from '../kit/process/platform.js';
import { runCli } from '../kit/process/run-cli.js';

const lines = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as unknown);

describe.each(PROFILES)('sub at a %s nucleus', profile => {
  test('prints a line of JSON for each message, JSON, text and bytes, and ends after the count', async () => {
    await using nucleus = await start(profile);
    const sub = runCli(['sub', 'test/#', '--count', '3'], { env: nucleus.environment(COMPONENT) });
    await sub.saw(/subscribed to test\/# as the component of the environment/, 'stderr');
    nucleus.publish({ topicName: 'test/a', payload: '{ "id": 9007199254740993,\n "c": 1.50 }' });
    nucleus.publish({ topicName: 'test/b', payload: 'twenty "degrees"' });
    nucleus.publish({ topicName: 'test/c', payload: Uint8Array.of(0, 255, 1) });
    expect(await sub.ended).toEqual({ code: 0, signal: null });
    expect(lines(sub.stdout())).toMatchObject([
      { time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string, topicName: 'test/a', encoding: 'json', payload: { c: 1.5 } },
      { topicName: 'test/b', encoding: 'utf8', payload: 'twenty "degrees"' },
      { topicName: 'test/c', encoding: 'base64', payload: 'AP8B' },
    ]);
    expect(sub.stdout()).toContain('9007199254740993');
  });
});

describe('sub', () => {
  test('takes its topics as mosquitto_sub does, and none at all for a mistake', async () => {
    await using nucleus = await start('classic');
    const env = nucleus.environment(COMPONENT);
    const sub = runCli(['sub', '-v', '-q', '0', '-t', 'test/a', '-t', 'test/b', '-C', '2', '-W', '60'], { env });
    await sub.saw(/subscribed to test\/a/, 'stderr');
    await sub.saw(/subscribed to test\/b/, 'stderr');
    nucleus.publish({ topicName: 'test/a', payload: '1' });
    nucleus.publish({ topicName: 'test/b', payload: '2' });
    expect(await sub.ended).toEqual({ code: 0, signal: null });
    expect(sub.stdout()).toMatch(/^[\d:.]+ test\/a 1\n[\d:.]+ test\/b 2\n$/);
    for (const [args, says] of [
      [[], /What to subscribe to is missing/],
      [['-t', 'test/a', '-F', '%p'], /Give --format payload/],
      [['-h', 'localhost', '-t', 'test/a'], /sub has no -h: it talks to the nucleus on this machine/],
      [['test/a', '-n', '5', '-C', '2'], /-n says 5 messages, and -C says 2\.\s+They are the same option: give one of them\./],
    ] as const) {
      expect(await inProcess(['sub', ...args], { env })).toMatchObject({ code: 2, stderr: expect.stringMatching(says) as string });
    }
    expect(await inProcess(['sub', '-h'], { env })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: greengrass-rx sub/) as string,
    });
  });

  test('finds the nucleus that dev runs, and is the component that --as names, under its policies', async () => {
    await using nucleus = await start('classic', {
      components: [
        { name: COMPONENT, accessControl: allow('test/#') },
        { name: OTHER, accessControl: allow('#') },
      ],
    });
    const env = besideDev(nucleus);
    const observer = runCli(['sub', 'anything', '-n', '1', '--format', 'payload'], { env });
    await observer.saw(/subscribed to anything as greengrass-rx at the classic nucleus of dev/, 'stderr');
    nucleus.publish({ topicName: 'anything', payload: 'here' });
    expect(await observer.ended).toEqual({ code: 0, signal: null });
    expect(observer.stdout()).toBe('here\n');

    expect(await inProcess(['sub', 'anything', '--as', COMPONENT], { env })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/may not call aws.greengrass#SubscribeToIoTCore on "anything"/) as string,
    });
    expect(await inProcess(['sub', 'anything', '--as', 'com.example.Nobody'], { env })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`It has ${COMPONENT}.`) as string,
    });
  });

  test('ends with 4 when the time was up before the count, and with 0 when there was none', async () => {
    await using nucleus = await start('classic');
    const env = nucleus.environment(COMPONENT);
    expect(await inProcess(['sub', 'test/#', '-n', '2', '--timeout', '10ms'], { env })).toMatchObject({ code: 4 });
    expect(await inProcess(['sub', 'test/#', '--timeout', '10ms'], { env })).toMatchObject({ code: 0 });
  });

  // Windows has no signals.
  test.skipIf(IS_WINDOWS).each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('unsubscribes and ends with that of the signal at %s', async (signal, code) => {
    await using nucleus = await start('classic');
    const kinds: string[] = [];
    nucleus.observe(({ kind }) => kinds.push(kind));
    const sub = runCli(['sub', 'test/#'], { env: nucleus.environment(COMPONENT) });
    await sub.saw(/subscribed to/, 'stderr');
    sub.child.kill(signal);
    expect(await sub.ended).toEqual({ code, signal: null });
    expect(kinds).toContain('unsubscribed');
  });

  test('ends quietly with 0 when its reader is gone', async () => {
    await using nucleus = await start('classic');
    const sub = runCli(['sub', 'test/#'], { env: nucleus.environment(COMPONENT) });
    await sub.saw(/subscribed to/, 'stderr');
    const before = sub.stderr();
    sub.child.stdout?.destroy();
    // The first line finds the reader gone.
    nucleus.publish({ topicName: 'test/a', payload: 'x' });
    expect(await sub.ended).toEqual({ code: 0, signal: null });
    expect(sub.stderr()).toBe(before);
  });

  test('without a nucleus says what to do, and ends with 3', async () => {
    expect(await inProcess(['sub', 'test/#'])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/no nucleus to talk to[^]*greengrass-rx dev/) as string,
    });
    const { code, stderr } = await inProcess(['sub', 'test/#'], {
      env: { SVCUID: 'x', AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: '/nowhere/ipc.socket' },
    });
    expect(code).toBe(3);
    expect(stderr).toMatch(/\/nowhere\/ipc.socket does not exist/);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test('a filter that is none is a mistake of the user, found before anything is sent', async () => {
    await using nucleus = await start('classic');
    expect(await inProcess(['sub', 'a/#/b'], { env: nucleus.environment(COMPONENT) })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('# before its end') as string,
    });
  });
});

describe('the nuclei written down', () => {
  test('are those whose dev still runs, readable for this user alone', async () => {
    await using nucleus = await start('lite');
    const env = besideDev(nucleus);
    // No process has this id: the largest that Linux gives is 2^22.
    const removeStale = writeDown(
      { pid: 2 ** 22 + 1, profile: 'lite', directory: '/', socketPath: '/x', mqttUrl: 'mqtt://x', tokens: {} },
      env,
    );
    expect(runningNuclei(env).map(({ pid }) => pid)).toEqual([process.pid]);
    removeStale();
  });
});
