import { readdirSync, readFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Writable } from 'node:stream';
import { ReadableStream, type WritableStream } from 'node:stream/web';
import { setImmediate as turn } from 'node:timers/promises';
import { left, right } from 'fp-ts/lib/Either.js';
import { defer, EMPTY, from, lastValueFrom, NEVER, type Observable, of, tap, throwError } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { connect, connectNucleus } from '../../src/client/connect.js';
import { drainOnSignal } from '../../src/client/drain.js';
import { shareSubscriptions } from '../../src/client/share-subscriptions.js';
import { component, jsonLog, runComponent } from '../../src/component/index.js';
import { ServiceFault } from '../../src/errors/errors.js';
import { concurrently, Ledger, type PublishPort, publishTo, publishWritable, publishWritableStream, toAsyncIterable, toReadable } from '../../src/flow/index.js'; // prettier-ignore
import { count, dedupe, governRate, rateOfChange, tumbling } from '../../src/operators/index.js';
import { interpolate } from '../../src/recipe/interpolate.js';
import { fixed } from '../../src/schedule/index.js';
import { QOS } from '../../src/shared/qos.js';
import { respond } from '../../src/sinks/index.js';
import { retryErrorsWith, retryWith } from '../../src/stream/retry.js';
import { runToEnd, tapLeft } from '../../src/stream/index.js';
import { COMPONENT, PROFILES, start } from '../kit/nucleus/nuclei.js';

/** What is told something and gives nothing, however it fails. */
type Hook = () => void;
/** What `async` makes of one. TypeScript takes it for a function that gives nothing. */
// eslint-disable-next-line @typescript-eslint/no-misused-promises -- what the linter is right to refuse, and the compiler takes
const late: Hook = async () => {
  await Promise.resolve();
  throw new Error('too late');
};
const throwing = (): never => {
  throw new Error('at once');
};

const ledger = new Ledger();
const port: PublishPort = { state$: EMPTY, publish$: () => of(right({ by: 'spooler' as const })) };
const silentPort: PublishPort = { state$: EMPTY, publish$: () => NEVER };
const request = (): { topicName: string; payload: string; qos: QOS } => ({ topicName: 'a', payload: '1', qos: QOS.AT_LEAST_ONCE });
const command = (value: number) => right({ topicName: 'a', payload: new Uint8Array(), value, responseTopic: 'b' });
const full = new ServiceFault('message', { operation: 'aws.greengrass#PublishToIoTCore', topicName: 'a', reason: 'SpoolFull', retryable: true, remedy: '', serverCode: '', serverText: '' }); // prettier-ignore
const buffer = (onDrop: Hook): { messages: number; onDrop: Hook } => ({ messages: 0, onDrop });
const single = 'single' as const;
const topic = { topicName: 'a', qos: QOS.AT_LEAST_ONCE } as const;
const variables = { componentName: 'A', componentVersion: '1.0.0', configuration: {}, thingName: 'a', rootPath: '/' };
const written = (made: () => Writable): Observable<unknown> => defer(() => pipeline([1], made()));
const piped = (made: () => WritableStream<number>): Observable<unknown> => defer(() => ReadableStream.from([1]).pipeTo(made()));

/** Every hook of a stream, by the name it is told under. */
const ofStreams: readonly (readonly [name: string, where: string, stream$: (hook: Hook) => Observable<unknown>])[] = [
  ['buffer.onDrop', 'concurrently', h => of(1, 2).pipe(concurrently(1, () => NEVER, { buffer: buffer(h), ledger }))],
  ['buffer.onDrop', 'publishTo', h => of(1, 2).pipe(publishTo(silentPort, request, { inFlight: 1, buffer: buffer(h), ledger }))],
  ['buffer.onDrop', 'toAsyncIterable', h => defer(() => toAsyncIterable(of(1, 2), { buffer: buffer(h), ledger }))],
  ['buffer.onDrop', 'toReadable', h => defer(() => from(toReadable(of(1, 2), { buffer: buffer(h), ledger }) as AsyncIterable<unknown>))],
  ['buffer.onDrop', 'respond', h => of(command(1), command(2)).pipe(respond(port, { handle: () => NEVER, buffer: buffer(h), ledger }))],
  ['buffer.onDrop', 'governRate', h => of(1, 2).pipe(governRate({ messagesPerSecond: 1, buffer: buffer(h), ledger }))],
  ['buffer.onDrop', 'governRate that drops', h => of(1, 2).pipe(governRate({ messagesPerSecond: 1, mode: 'enforce', onDrop: h, ledger }))],
  [
    'adapt.onShare',
    'governRate',
    h => of(1, 2).pipe(governRate({ messagesPerSecond: 1, adapt: { outcome$: of(left(full)), onShare: h }, ledger })),
  ],
  ['onEvict', 'a keyed operator', h => of('a', 'b').pipe(dedupe({ key: key => key, ttl: 1_000, maxKeys: 1, onEvict: h }))],
  [
    'onEvict',
    'a window',
    h => of('a', 'b').pipe(tumbling({ size: 3_600_000, key: key => key, maxKeys: 1, onEvict: h, aggregate: count() })),
  ],
  ['onLate', 'rateOfChange', h => of(2, 1).pipe(rateOfChange({ key: single, value: n => n, time: n => n, onLate: h }))],
  ['onRetry', 'retryWith', h => of(left(1)).pipe(retryWith(fixed(1_000), { lefts: 'all', onRetry: h }))],
  ['onRetry', 'retryErrorsWith', h => throwError(() => 1).pipe(retryErrorsWith(fixed(1_000), { onRetry: h }))],
  ['onLeft', 'runToEnd', h => defer(() => runToEnd(of(left(1)), { onLeft: h }))],
  ['tapLeft', 'tapLeft', h => of(left(1)).pipe(tapLeft(h))],
  ['onUnresolved', 'interpolate', h => defer(() => of(interpolate('{no:variable}', variables, h)))],
  ['write', 'jsonLog', h => defer(() => from([jsonLog(h)])).pipe(tap(log => log.info('a')))],
  ['onOutcome', 'publishWritable', h => written(() => publishWritable(port, request, { onOutcome: h, ledger }))],
  ['onOutcome', 'publishWritableStream', h => piped(() => publishWritableStream(port, request, { onOutcome: h, ledger }))],
  ['onStatus', 'the proxy', h => connect().subscribe({ ...topic, onStatus: h })],
  ['onStatus', 'local topics', h => connectNucleus().local.subscribe({ topic: 'a', onStatus: h })],
  ['onStatus', 'a shared subscription', h => shareSubscriptions(connect()).subscribe({ ...topic, onStatus: h })],
];

/** What was written to stderr. */
let told: readonly (readonly unknown[])[];
beforeEach(() => {
  told = vi.spyOn(console, 'error').mockImplementation(() => undefined).mock.calls;
  // Of one name there is a line every ten seconds.
  const now = performance.now() + (later += 20_000);
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => vi.restoreAllMocks());
/** Lines about hooks, without the number of those they stand for. */
const failed = (): readonly string[] =>
  told.flatMap(([line]) => /^greengrass-rx: (.* (?:rejected|threw): [^(]*[^( ])/.exec(String(line))?.[1] ?? []);
let later = 0;

/** Subscribes, and gives what the stream fails with by the time all that was promised is settled. */
const failureOf = async (stream$: Observable<unknown>): Promise<unknown> => {
  let failure: unknown;
  const subscription = stream$.subscribe({ error: (error: unknown) => (failure = error) });
  for (let turns = 0; turns < 20; turns++) await turn();
  subscription.unsubscribe();
  return failure;
};

describe('a hook of the program', () => {
  it.each(ofStreams)('that is async and rejects is told on stderr, and its stream goes on: %s of %s', async (name, _where, stream$) => {
    expect(await failureOf(stream$(late))).toBeUndefined();
    expect(failed()).toEqual([`${name} rejected: too late`]);
  });

  it.each(ofStreams)('that throws is the error of its stream, and of nothing else: %s of %s', async (_name, _where, stream$) => {
    expect(await failureOf(stream$(throwing))).toEqual(new Error('at once'));
    expect(failed()).toEqual([]);
  });

  it('of a drain and of a log has no stream: what it throws or rejects with is told on stderr', async () => {
    const { exitCode } = process;
    onTestFinished(() => void (process.exitCode = exitCode));
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    for (const onDrained of [late, throwing]) {
      const proxy = connect();
      drainOnSignal(proxy, { onDrained });
      process.emit('SIGTERM');
      await lastValueFrom(proxy.state$);
      await turn();
    }
    expect(stderr.mock.calls).toMatchObject([[/^greengrass-rx: onDrained failed: Error: at once/]]);
    const one = component({ name: 'com.example.One', version: '1.0.0', run: () => of(right(1)) });
    for (const hook of [late, throwing]) {
      const { reason } = await runComponent(one, {
        env: {},
        signals: false,
        proxy: connect(),
        log: { debug: hook, info: hook, warn: hook, error: hook },
      });
      expect(reason).toBe('done');
      await turn();
    }
    expect(failed()).toEqual(['onDrained rejected: too late', 'the log rejected: too late', 'the log threw: at once']);
  });

  it.each(PROFILES)('that observes a local nucleus (%s) stops neither that nor other observers', async profile => {
    await using nucleus = await start(profile);
    const seen: string[] = [];
    nucleus.observe(throwing);
    nucleus.observe(late);
    nucleus.observe(({ kind }) => seen.push(kind));
    const proxy = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(COMPONENT) });
    expect(await proxy.publish({ topicName: 'test/a', payload: '1', qos: QOS.AT_LEAST_ONCE })()).toMatchObject({ _tag: 'Right' });
    await proxy.close();
    expect(seen).toContain('published');
    const observer = 'an observer of the local nucleus';
    expect(failed()).toEqual([`${observer} threw: at once`, `${observer} rejected: too late`]);
  });

  it('is in the table above, whatever it is called', () => {
    const named = new Set(ofStreams.map(([name]) => name.slice(name.lastIndexOf('.') + 1)));
    const options = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(path => path.endsWith('.ts'));
    const declared = options.flatMap(path => {
      const text = readFileSync(`src/${path}`, 'utf8');
      return [...text.matchAll(/^ *readonly (on[A-Z]\w+)\?: .*=> void/gm)].map(([, name = '']) => name);
    });
    // Of a drain: above. The others are our own, within flow, the client and the faults of the local nucleus.
    const others = ['onAsking', 'onDrained', 'onRefused', 'onRoom', 'onSending', 'onSourceCompleted', 'onStrike'];
    expect([...new Set(declared)].filter(name => !named.has(name)).sort()).toEqual(others);
  });
});
