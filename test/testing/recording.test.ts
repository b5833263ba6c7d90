import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { isRight, left, right } from 'fp-ts/lib/Either.js';
import { finalize, firstValueFrom, from, NEVER, startWith, Subject, takeUntil, tap, toArray, type Observable } from 'rxjs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Interrupted } from '../../src/errors/errors.js';
import { Ledger, publishTo } from '../../src/flow/index.js';
import { startLocalNucleus } from '../../src/local/index.js';
import { connect } from '../../src/client/connect.js';
import type { MqttMessage, MqttProxy } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { fixed } from '../../src/schedule/index.js';
import { onRights } from '../../src/stream/index.js';
import {
  lanesOf,
  marbles,
  marbleTestOf,
  parseRecording,
  recordLines,
  recordTo,
  replay,
  type KitNucleus,
  type Recording,
} from '../../src/testing/index.js';
import '../../src/testing/vitest.js';

/** What these play is looked at when they have run. */
const OUTSIDE = { expectations: 'outside' } as const;

const message = (topicName: string, payload: string | Buffer): MqttMessage => ({ topicName, payload: Buffer.from(payload) });
const latin1 = ({ payload }: MqttMessage): string => Buffer.from(payload).toString('latin1');

const recording = (...lines: readonly object[]): Recording => parseRecording(lines.map(line => `${JSON.stringify(line)}\n`).join(''));
const day = recording(
  { at: 10, topicName: 's/1', payload: '{"n":1}' },
  { at: 12, topicName: 's/2', payload: 'it\'s "text"' },
  { at: 20, topicName: 's/1', payload: '{"n":1}' },
  { at: 20, topicName: 's/1', payload: '{"n":2}' },
  { at: 24, topicName: 's/1', payload: '{"n":3}' },
  { at: 30, left: 'Interrupted', kind: 'gap', message: 'down' },
  { at: 40, topicName: 's/2', payloadBase64: '/wA=' },
);

/** Passes everything on. */
const relay = (proxy: MqttProxy): Observable<unknown> =>
  proxy
    .subscribe({ topicName: 's/#', qos: QOS.AT_LEAST_ONCE })
    .pipe(onRights(publishTo(proxy, ({ topicName, payload }) => ({ topicName: `out/${topicName}`, payload, qos: QOS.AT_LEAST_ONCE }))));

describe('a recording', () => {
  test('has a line for each message and each Left, in virtual time to the millisecond', () => {
    const lines: string[] = [];
    marbles(({ coldEither, run }) => {
      const source$ = coldEither(
        '-a--I-b|',
        {
          a: message('t', 'text °C'),
          b: { ...message('t', Buffer.from([255, 0])), retain: true, correlationData: Buffer.from([1]), value: 'decoded' },
        },
        { I: new Interrupted('t') },
      );
      run(
        source$.pipe(
          recordLines(),
          tap(line => lines.push(line)),
        ),
        '--^',
      );
    }, OUTSIDE)();
    expect(lines.map(line => JSON.parse(line) as unknown)).toEqual([
      { at: 1, topicName: 't', payload: 'text °C' },
      { at: 4, left: 'Interrupted', kind: 'gap', message: new Interrupted('t').message },
      { at: 6, topicName: 't', payloadBase64: '/wA=', retain: true, correlationData: 'AQ==' },
    ]);
    expect(lines.every(line => line.endsWith('}\n'))).toBe(true);
    expect(parseRecording(lines.join('')).entries[2]).toEqual({
      at: 6,
      message: { topicName: 't', payload: Buffer.from([255, 0]), retain: true, correlationData: Buffer.from([1]) },
    });
  });

  test('whose last line is cut off is read up to there', () => {
    const whole = '{"at":1,"topicName":"t","payload":"x"}';
    expect(parseRecording(`${whole}\n{"at":2,"topicNa`).entries).toHaveLength(1);
    expect(parseRecording(`${whole}\n${whole}`).entries).toHaveLength(2);
    expect(parseRecording('').entries).toEqual([]);
  });

  test('that is none is refused with its line', () => {
    expect(() => parseRecording('{"at":1,"topicName":"t","payload":"x"}\n{"at":2}\n')).toThrow(
      new SyntaxError('Line 2 is none of a recording: {"at":2}'),
    );
    expect(() => parseRecording('hello\n')).toThrow(new SyntaxError('Line 1 is not JSON: hello'));
  });
});

describe('a recording to a stream of bytes', () => {
  const source$ = from([1, 2, 3, 4].map(n => right(message('t', String(n)))));

  test('that cannot be written ends with the reason, and has unsubscribed', async () => {
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('disk full')) });
    let unsubscribed = false;
    const endless$ = NEVER.pipe(
      startWith(right(message('t', 'x'))),
      finalize(() => (unsubscribed = true)),
    );
    await expect(recordTo(broken, endless$)).rejects.toThrow('disk full');
    expect(unsubscribed).toBe(true);
  });

  test('says what did not fit', async () => {
    let written = '';
    const slow = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        written += chunk.toString();
        setImmediate(done);
      },
    });
    const ledger = new Ledger();
    await recordTo(slow, source$, { buffer: { messages: 2, onFull: 'dropOldest' }, ledger });
    const { entries } = parseRecording(written);
    expect(entries.map(entry => ('message' in entry ? latin1(entry.message) : entry.error._tag))).toEqual(['Overflowed', '3', '4']);
    expect(ledger.snapshot().stages).toMatchObject([{ name: 'recordTo', dropped: { messages: 2 } }]);
  });
});

describe('replay', () => {
  test(
    'brings what was recorded when it came, or as many times as fast',
    marbles(({ expectStream }) => {
      const tables = [
        { a: { n: 1 }, t: 'it\'s "text"', b: { n: 2 }, c: { n: 3 }, x: Buffer.from([255, 0]) },
        { I: 'Interrupted' },
      ] as const;
      expectStream(replay(day)).toBeMarble('10ms a-t 7ms (ab)c-----I---------(x|)', ...tables);
    }),
  );

  test('is hot: who comes later gets the rest', () => {
    const seen: string[] = [];
    marbles(({ run }) => {
      const replayed$ = replay(day, { speed: 10 });
      run(replayed$.pipe(tap(({ _tag }) => seen.push(`first ${_tag}`))));
      run(replayed$.pipe(tap(({ _tag }) => seen.push(`later ${_tag}`))), '---^');
    }, OUTSIDE)();
    expect(seen.filter(line => line.startsWith('later'))).toEqual(['later Left', 'later Right']);
    expect(seen).toHaveLength(9);
  });

  test('refuses a speed that is none', () => {
    for (const speed of [0, -1, NaN]) {
      expect(() => replay(day, { speed })).toThrow(new RangeError(`speed must be a number above 0, and is ${speed}.`));
      expect(() => lanesOf(day, speed)).toThrow(RangeError);
    }
  });

  test('in real time', async () => {
    const elements = await firstValueFrom(replay(day, { speed: 2 }).pipe(toArray()));
    expect(elements.map(({ _tag }) => _tag)).toEqual(['Right', 'Right', 'Right', 'Right', 'Right', 'Left', 'Right']);
    expect(elements[5]).toEqual(left({ _tag: 'Interrupted', kind: 'gap', message: 'down' }));
  });

  test(
    'to the nucleus of a marble test: messages from the cloud, gaps as broken connections',
    marbles(({ nucleus, run, expectPublished, expectSubscriptions }) => {
      nucleus.replay(day);
      run(relay(nucleus.proxy));
      expectPublished('out/s/2').toBeMarble('12ms t 27ms x', { t: 'it\'s "text"', x: Buffer.from([255, 0]) });
      expectSubscriptions().toBe('^ 29ms !', '31ms ^');
    }),
  );
});

describe('a marble test made of a recording', () => {
  test('has a lane for each topic', () => {
    expect(lanesOf(day).map(({ topicName, diagram }) => `${topicName} ${diagram}`)).toEqual([
      's/1 ----------a---------(ab)c',
      's/2 ------------a---------------------------b',
    ]);
    expect(lanesOf(day, 10).map(({ topicName, diagram }) => `${topicName} ${diagram}`)).toEqual(['s/1 -a(abc)', 's/2 -a--b']);
  });

  test('has another lane for what a group would cover', () => {
    const quick = recording(...[1, 1, 2, 3].map((at, i) => ({ at, topicName: 't', payload: `${i}` })));
    expect(lanesOf(quick)).toEqual([
      { topicName: 't', diagram: '-(ab)', values: { a: '0', b: '1' } },
      { topicName: 't', diagram: '--cd', values: { c: '2', d: '3' } },
    ]);
  });

  test('gives every payload byte for byte, and the members with it', () => {
    const payloads = ['"quoted"', '{"payload":1}', '{ "spaced": 1 }', '{"n":1}', '[1,2]', '7', 'null', '', 'text', '\ufeff{}'];
    const sent = recording(
      ...payloads.map((payload, at) => ({ at, topicName: 't', payload })),
      { at: 20, topicName: 't', payloadBase64: '/w==' },
      {
        at: 21,
        topicName: 't',
        payload: '{"n":1}',
        responseTopic: 'answers',
        userProperties: [{ key: 'k', value: 'v' }],
        correlationData: 'AP8=',
      },
    );
    const played = (play: (nucleus: KitNucleus) => void): unknown[] => {
      const elements: unknown[] = [];
      marbles(({ nucleus, run }) => {
        play(nucleus);
        run(nucleus.proxy.subscribe({ topicName: 't', qos: QOS.AT_LEAST_ONCE }).pipe(tap(element => elements.push(element))));
      }, OUTSIDE)();
      return elements;
    };
    const drawn = played(nucleus => {
      for (const { topicName, diagram, values } of lanesOf(sent)) nucleus.messages(topicName, diagram, values);
    });
    expect(drawn).toEqual(played(nucleus => nucleus.replay(sent)));
    expect(drawn).toHaveLength(12);
    expect(drawn[1]).toBeRight(expect.objectContaining({ payload: Buffer.from('{"payload":1}') }));
  });

  test('is a program that plays it', () => {
    const source = marbleTestOf(day, { name: "monday's", speed: 2 });
    expect(source).toMatchInlineSnapshot(`
      "import { test } from 'vitest';
      import { marbles } from 'greengrass-rx/testing';
      import { pipeline } from './pipeline.js';

      test('monday\\'s', marbles(({ nucleus, run }) => {
        nucleus.messages(
          's/1',
          '-----a----(ab)',
          {
            a: { n: 1 },
            b: { n: 2 },
          },
        );
        nucleus.messages(
          's/1',
          '------------c',
          {
            c: { n: 3 },
          },
        );
        nucleus.messages(
          's/2',
          '------a-------------b',
          {
            a: 'it\\'s "text"',
            b: Buffer.from('/wA=', 'base64'),
          },
        );
        nucleus.faults('---------------x', { x: 'drop connection' });
        run(pipeline(nucleus.proxy));
      }));
      "
    `);
    expect(playedBy(source).map(([, tag]) => tag)).toEqual(['Right', 'Right', 'Right', 'Right', 'Right', 'Interrupted', 'Right']);
  });

  test('writes payloads and members as they were, whatever is in them', () => {
    const odd = recording(
      { at: 0, topicName: "t'\\", payload: 'a\n"\'\\' },
      { at: 1, topicName: "t'\\", payload: '{"__proto__":1,"a b":[null,true],"payload":{}}' },
      { at: 2, topicName: "t'\\", payloadBase64: '/w==', correlationData: 'AP8=', userProperties: [{ key: 'k', value: "'" }] },
    );
    const payloads = playedBy(marbleTestOf(odd)).map(([payload]) => payload);
    expect(payloads).toEqual(['a\n"\'\\', '{"__proto__":1,"a b":[null,true],"payload":{}}', 'ÿ']);
  });

  test('has nothing in its source that looks like something else', () => {
    const payload = 'x\u202e\u009b31m\u2028"';
    const source = marbleTestOf(recording({ at: 0, topicName: 'a\u202eb', payload }));
    expect(source).not.toMatch(/[\u0080-\u009f\u2028\u202e]/);
    expect(playedBy(source).map(([played]) => Buffer.from(played, 'latin1').toString())).toEqual([payload]);
  });
});

/** Runs a program that the kit has written: the payloads a pipeline gets, and the tags. */
function playedBy(source: string): (readonly [string, string])[] {
  const got: (readonly [string, string])[] = [];
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- it is what the kit has just written
  const load = new Function('test', 'marbles', 'pipeline', source.replace(/^import .*$/gm, '')) as (
    test: (name: string, run: () => void) => void,
    kit: typeof marbles,
    component: (proxy: MqttProxy) => Observable<unknown>,
  ) => void;
  load(
    (_name, run) => run(),
    test => marbles(test, OUTSIDE),
    proxy =>
      proxy
        .subscribe({ topicName: '#', qos: QOS.AT_LEAST_ONCE })
        .pipe(tap(element => got.push(isRight(element) ? [latin1(element.right), 'Right'] : ['', element.left._tag]))),
  );
  return got;
}

test('a live subscription is recorded to a file, with its gap, and played in virtual time', async () => {
  const nucleus = await startLocalNucleus({
    profile: 'classic',
    components: [
      {
        name: 'r',
        accessControl: { 'aws.greengrass.ipc.mqttproxy': { 'r:mqttproxy:1': { operations: ['*'], resources: ['s/*'] } } },
      },
    ],
  });
  const folder = await mkdtemp(join(tmpdir(), 'greengrass-rx-recording-'));
  const proxy = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken('r'), reconnect: fixed(1) });
  onTestFinished(async () => {
    await proxy.close();
    await nucleus.stop();
    await rm(folder, { recursive: true });
  });
  const done$ = new Subject<void>();
  const active$ = new Subject<void>();
  const messages$ = proxy.subscribe({
    topicName: 's/#',
    qos: QOS.AT_LEAST_ONCE,
    onStatus: ({ status }) => status === 'active' && active$.next(),
  });
  const next = (): Promise<void> => firstValueFrom(active$);
  const came$ = new Subject<void>();
  const file = join(folder, 'live.ndjson');
  const active = next();
  const written = recordTo(
    createWriteStream(file),
    messages$.pipe(
      tap(() => came$.next()),
      takeUntil(done$),
    ),
  );
  await active;
  const publish = async (topicName: string, payload: string | Uint8Array): Promise<void> => {
    const came = firstValueFrom(came$);
    nucleus.publish({ topicName, payload, qos: 1 });
    await came;
  };
  await publish('s/1', '{"n":1}');
  await publish('s/2', Uint8Array.of(255));
  const again = next();
  nucleus.faults.killConnections();
  await again;
  await publish('s/1', '{"n":2}');
  done$.next();
  await written;

  const live = parseRecording(await readFile(file, 'utf8'));
  const whole = live.entries.map(entry => ('message' in entry ? `${entry.message.topicName} ${latin1(entry.message)}` : entry.error._tag));
  expect(whole).toEqual(['s/1 {"n":1}', 's/2 ÿ', 'Interrupted', 's/1 {"n":2}']);
  const times = live.entries.map(({ at }) => at);
  expect(times).toEqual([...times].sort((a, b) => a - b));

  const played: unknown[] = [];
  marbles(({ nucleus: twin, run }) => {
    twin.replay(live, { speed: 0.1 });
    run(twin.proxy.subscribe({ topicName: 's/#', qos: QOS.AT_LEAST_ONCE }).pipe(tap(element => played.push(element))));
  }, OUTSIDE)();
  expect(played.map(element => (element as { _tag: string })._tag)).toEqual(['Right', 'Right', 'Left', 'Right']);
  expect(played[0]).toEqual(right({ ...message('s/1', '{"n":1}'), retain: false, payloadFormat: '0' }));
});
