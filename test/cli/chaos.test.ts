import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { firstValueFrom, tap, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { CliError } from '../../src/cli/cli-error.js';
import { DETAILED_FAULTS, FAULT_NAMES } from '../../src/local/faults/fault-table.js';
import { readChaos, readScript } from '../../src/cli/chaos/read-chaos.js';
import { runChaos } from '../../src/cli/chaos/run-chaos.js';
import { COMPONENT, PROFILES, start } from '../kit/nucleus/nuclei.js';
import { RawClient } from '../kit/nucleus/raw-client.js';
import { inProcess } from '../kit/process/cli-in-process.js';
import { IS_WINDOWS } from '../kit/process/platform.js';
import { MAIN, runCli, temporaryFolder } from '../kit/process/run-cli.js';

/** What is said to be wrong, without what is right. */
function problems(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof CliError) return [error.message, ...error.remedies];
    throw error;
  }
  throw new Error('nothing is wrong with it');
}

describe('a script of faults', () => {
  test('is the same in YAML, in NDJSON and as a timeline', () => {
    const steps = [
      { when: { at: 5_000 }, action: { fault: 'offline' } },
      { when: { at: 8_500 }, action: { fault: 'drop connection' } },
    ];
    expect(readScript('# two\n- { at: 5s, fault: offline }\n- at: 8.5s\n  fault: drop connection\n', 'x')).toEqual(steps);
    expect(readScript('{"at":"5s","fault":"offline"}\n{"at":"8500ms","fault":"drop connection"}\n', 'x')).toEqual(steps);
    expect(readChaos('5s offline, 8.5s drop connection')).toEqual(steps);
  });

  test('has times, occasions, faults with details, and messages of the cloud', () => {
    const script = `
- { after: 0, fault: { dropAfterMessages: 3 } }
- { every: 2m, fault: restart nucleus }
- { on: subscribed, component: com.example.A, fault: { burstThenEnd: [{ topicName: a, payload: { n: 1 } }] } }
- { on: published, publish: { topicName: cmd/x, payload: go } }
- { after: 1s, publishLocal: { topic: plc/7, json: { celsius: 21 } } }
- { after: 1s, publishLocal: { topic: plc/7, payload: raw } }
- { after: 1s, configure: { config: { limit: 5 } } }
`;
    expect(readScript(script, 'x')).toEqual([
      { when: { after: 0 }, action: { fault: { dropAfterMessages: 3 } } },
      { when: { every: 120_000 }, action: { fault: 'restart nucleus' } },
      {
        when: { on: 'subscribed', component: 'com.example.A' },
        action: { fault: { burstThenEnd: [{ topicName: 'a', payload: '{"n":1}' }] } },
      },
      { when: { on: 'published', component: undefined }, action: { publish: { topicName: 'cmd/x', payload: 'go' } } },
      { when: { after: 1_000 }, action: { publishLocal: { topic: 'plc/7', json: { celsius: 21 } } } },
      { when: { after: 1_000 }, action: { publishLocal: { topic: 'plc/7', payload: 'raw' } } },
      { when: { after: 1_000 }, action: { configure: { config: { limit: 5 } } } },
    ]);
  });

  test.each(Object.entries(DETAILED_FAULTS))('has %s with what the table of faults says it takes', (name, { takes }) => {
    const message = { topicName: 'a', payload: 'x' };
    const details: Readonly<Record<string, unknown>> = { 'a number': 2, 'a message': message, 'a list of messages': [message] };
    const read = (detail: unknown): unknown => readScript(JSON.stringify({ at: '1s', fault: { [name]: detail } }), 'x');
    expect(read(details[takes])).toEqual([{ when: { at: 1_000 }, action: { fault: { [name]: details[takes] } } }]);
    for (const [other, detail] of Object.entries(details)) if (other !== takes) expect(() => read(detail)).toThrow(CliError);
  });

  test('is refused where a local message or a configuration is none', () => {
    const script = `- { at: 1s, publishLocal: { topicName: x, json: {} } }
- { at: 1s, publishLocal: { topic: x } }
- { at: 1s, publishLocal: { topic: x, payload: y, json: {} } }
- { at: 1s, publishLocal: { topic: x, payload: 5 } }
- { at: 1s, publishLocal: { topic: x, json: [1] } }
- { at: 1s, publishlocal: { topic: x, json: {} } }
- { at: 1s, configure: 5 }
`;
    expect(problems(() => readScript(script, 'x'))).toEqual([
      'The script of faults cannot be used.',
      'x:1: publishLocal: a local message has a topic, and a payload or json, and no topicName',
      'x:2: publishLocal: a local message has a topic, and a payload or json',
      'x:3: publishLocal: a local message has a topic, and a payload or json',
      'x:4: publishLocal: payload is a text; what is sent as JSON stands under json',
      'x:5: publishLocal: json is a map, such as { celsius: 21 }',
      'x:6: a step has no member "publishlocal". Did you mean publishLocal?',
      'x:7: configure is a map that is merged into the configuration, such as { config: { limit: 80 } }',
    ]);
  });

  test('is refused with all that is wrong, by line, and what was probably meant', () => {
    const script = `- { at: 5s, fault: ofline }
- { at: soon, fault: offline }
- { fault: offline }
- { at: 1s, fautl: offline }
- { at: 1s, fault: { dropAfterMessage: 3 } }
- { at: 1s, fault: { dropAfterMessages: 0 } }
- { on: subscribd, fault: offline }
- { at: 1s, publish: { topic: x } }
- offline
- { at: 1s, stop: false }
- { at: 1s, stop: true, fault: offline }
`;
    expect(problems(() => readScript(script, 'chaos.yaml'))).toEqual([
      'The script of faults cannot be used.',
      'chaos.yaml:1: there is no fault "ofline". Did you mean offline?',
      'chaos.yaml:2: at: "soon" is no time; write one such as 500ms, 10s or 2m',
      'chaos.yaml:3: a step says once when it is taken: at, after, every or on',
      'chaos.yaml:4: a step has no member "fautl". Did you mean fault?',
      'chaos.yaml:5: there is no fault "dropAfterMessage". Did you mean dropAfterMessages?',
      'chaos.yaml:6: dropAfterMessages is a whole number of at least 1',
      'chaos.yaml:7: nothing can be waited for by the name "subscribd". Did you mean subscribed?',
      'chaos.yaml:8: publish: a message has a topicName and a payload, and no topic',
      'chaos.yaml:9: a script is a list of steps, each with a time and a fault, such as - { at: 5s, fault: offline }',
      'chaos.yaml:10: stop: true ends the component; it has no other values',
      'and 1 more',
    ]);
    expect(problems(() => readScript('- { at: 1s, stop: true, fault: offline }', 'x'))).toContain(
      'x:1: a step has a fault, or a message to publish or publishLocal, or configure, or stop: true',
    );
    expect(problems(() => readChaos('5s ofline'))).toEqual(['--chaos "5s ofline": there is no fault "ofline". Did you mean offline?']);
    expect(problems(() => readChaos('5s xyzzyx'))[0]).toMatch(/^--chaos "5s xyzzyx": there is no fault "xyzzyx"; there are .*[^.?]\.$/);
    expect(problems(() => readChaos('no-such-file.yaml'))[0]).toMatch(/There is no file no-such-file.yaml/);
    expect(problems(() => readScript('- { at: 5s', 'broken.yaml'))[1]).toMatch(/^broken.yaml:1: /);
  });
});

describe.each(PROFILES)('the words of faults at a %s nucleus', profile => {
  test('can all be said, twice too, and all is well after all well', async () => {
    await using nucleus = await start(profile);
    for (const word of FAULT_NAMES) {
      await nucleus.faults.inflict(word);
      await nucleus.faults.inflict(word);
      await nucleus.faults.inflict('all well');
    }
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.publish(1, 'test/a', 'x');
    expect(await client.next()).toMatchObject({ type: 0, streamId: 1 });
  });

  test('end what their counterparts have begun', async () => {
    await using nucleus = await start(profile);
    for (const [begin, end] of [
      ['offline', 'online'],
      ['spool full', 'spool free'],
      ['unauthorized', 'authorized'],
      ['broker down', 'broker up'],
    ] as const) {
      const client = await RawClient.accepted(nucleus, COMPONENT);
      await nucleus.faults.inflict(begin);
      // QoS 0 is what no profile spools.
      client.publish(1, 'test/a', 'x', '0');
      expect(await client.next(), begin).toMatchObject({ type: 1 });
      await nucleus.faults.inflict(end);
      client.publish(2, 'test/a', 'x', '0');
      expect(await client.next(), end).toMatchObject({ type: 0 });
    }
  });
});

describe('a script that is none', () => {
  test('is not read when it is larger than anybody writes', () => {
    const path = join(temporaryFolder(), 'video.mp4');
    writeFileSync(path, '');
    truncateSync(path, 1024 * 1024 + 1);
    expect(() => readChaos(path)).toThrow(`${path} has 1048577 bytes, and a script of faults 1 MiB at most.`);
    expect(() => readChaos(temporaryFolder())).toThrow('could not be read (EISDIR)');
  });
});

describe('running a script', () => {
  test('takes the steps in their order, an occasion too', async () => {
    await using nucleus = await start('classic');
    const steps = readScript(
      `
- { at: 0, publish: { topicName: test/a, payload: first } }
- { on: subscribed, component: ${COMPONENT}, publish: { topicName: test/a, payload: second } }
- { after: 1ms, fault: end subscriptions }
`,
      'x',
    );
    let begin = (): void => undefined;
    const begun = new Promise<void>(resolve => (begin = resolve));
    const taken = firstValueFrom(runChaos(nucleus, steps, () => Promise.resolve()).pipe(tap(begin), toArray()));
    const client = await RawClient.accepted(nucleus, COMPONENT);
    // An occasion is waited for from the step before it on: the timer of that may be slower than the client.
    await begun;
    client.subscribe(1, 'test/#');
    expect((await taken).map(action => ('publish' in action ? action.publish.payload : 'fault' in action && action.fault))).toEqual([
      'first',
      'second',
      'end subscriptions',
    ]);
  });

  test('dev --chaos takes a script and tells each step', async () => {
    const script = join(temporaryFolder(), 'chaos.yaml');
    writeFileSync(
      script,
      '- { on: subscribed, fault: { dropAfterMessages: 1 } }\n- { after: 0, publish: { topicName: sensors/x, payload: y } }\n',
    );
    const component = fileURLToPath(new URL('components/reconnecting.mjs', import.meta.url));
    const dev = runCli(['dev', '--chaos', script, '--', process.execPath, component]);
    expect(await dev.ended).toEqual({ code: 0, signal: null });
    expect(dev.stdout()).toMatch(/"kind":"fault","fault":"dropAfterMessages: 1"/);
    expect(dev.stdout()).toMatch(/"kind":"cloud","topicName":"sensors\/x","heard":true/);
    expect(dev.stdout()).toMatch(/"text":"Interrupted"/);
  });

  test('dev --chaos ends the component where the script says so, and ends as it does', async () => {
    const script = join(temporaryFolder(), 'chaos.yaml');
    writeFileSync(script, '- { on: subscribed, publish: { topicName: nowhere, payload: y } }\n- { after: 0, stop: true }\n');
    const component = fileURLToPath(new URL('components/edge-aggregator.mjs', import.meta.url));
    const recipe = join(temporaryFolder(), 'recipe.yaml');
    expect(await inProcess(['recipe', component, '--out', recipe])).toMatchObject({ code: 0 });
    const dev = runCli(['dev', '--recipe', recipe, '--chaos', script, '--', process.execPath, MAIN, 'run', component]);
    expect(await dev.ended).toEqual({ code: 0, signal: null });
    // Its work folder is there, so its health file and its pid file are.
    expect(dev.stdout()).toMatch(/"ended: /);
    expect(dev.stdout()).not.toMatch(/(health|pid) file/);
    expect(dev.stdout()).toMatch(/"kind":"cloud","topicName":"nowhere","heard":false/);
    expect(dev.stdout()).toMatch(/"kind":"fault","fault":"stop"/);
    expect(dev.stdout()).toMatch(/"kind":"exited","component":"com.example.EdgeAggregator","end":\{"code":0\}/);
    const nucleus = runCli(['dev', '--chaos', '0s stop']);
    expect(await nucleus.ended).toEqual({ code: 0, signal: null });
  });

  test('dev --chaos says where nobody hears a local message, and deploys a configuration that the component follows', async () => {
    const folder = temporaryFolder();
    const script = join(folder, 'chaos.yaml');
    writeFileSync(
      script,
      `- { on: stateReported, publishLocal: { topic: nowhere, json: { celsius: 21 } } }
- { after: 0, publishLocal: { topic: plc/+/raw, payload: y } }
- { after: 0, configure: { config: { limit: 5 } } }
`,
    );
    const component = fileURLToPath(new URL('components/follower.mjs', import.meta.url));
    const recipe = join(folder, 'recipe.yaml');
    expect(await inProcess(['recipe', component, '--out', recipe])).toMatchObject({ code: 0 });
    const dev = runCli(['dev', '--recipe', recipe, '--chaos', script, '--', process.execPath, MAIN, 'run', component]);
    await dev.saw(/limit is 5/);
    expect(dev.stdout()).toMatch(/"kind":"neighbour","topic":"nowhere","heard":false/);
    expect(dev.stdout()).toMatch(/"kind":"failed".*Publish topic must not contain a wildcard/);
    expect(dev.stdout()).toMatch(/"kind":"deploys","configuration":\{"config":\{"limit":5\}\}/);
    dev.child.kill('SIGTERM');
    // Windows has no signals.
    expect(await dev.ended).toEqual(IS_WINDOWS ? { code: null, signal: 'SIGTERM' } : { code: 0, signal: null });
    expect(await inProcess(['dev', '--chaos', script, '--', process.execPath])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('a configuration comes with a recipe') as string,
    });
  });

  test('dev starts nothing with a script that is wrong', async () => {
    expect(await inProcess(['dev', '--chaos', '1s offlin', '--', process.execPath])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/no fault "offlin". Did you mean offline/) as string,
    });
  });
});
