import { left, right } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { EMPTY, from, lastValueFrom, NEVER, type Observable, of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { readWith } from '../../src/client/read-messages.js';
import { type Codec, codecOf, gzipped, json, ndjson } from '../../src/codec/index.js';
import { component, runComponent, silentLog } from '../../src/component/index.js';
import { ServiceFault } from '../../src/errors/errors.js';
import { batch, concurrently, counted, Ledger, type PublishPort, publishTo, toAsyncIterable } from '../../src/flow/index.js';
import * as operators from '../../src/operators/index.js';
import { envelope } from '../../src/outbox/index.js';
import type { PublishRequest } from '../../src/ports/mqtt-proxy.js';
import { fixed } from '../../src/schedule/index.js';
import { atOnce } from '../../src/shared/check-argument.js';
import { QOS } from '../../src/shared/qos.js';
import { deadLetterTo, fallbackTo, respond } from '../../src/sinks/index.js';
import { retryErrorsWith, retryWith } from '../../src/stream/retry.js';
import { withTrace } from '../../src/tracing/index.js';

const { countWindow, tumbling } = operators;

/** What `async` makes of any function, as a JavaScript program may write it; and what nobody looks after would end this process. */
const late = (): never => Promise.reject(new Error('nobody looks after this')) as never;
const ledger = new Ledger();
const accepting: PublishPort = { state$: EMPTY, publish$: () => of(right({ by: 'spooler' as const })) };
const fault = new ServiceFault('message', { operation: 'aws.greengrass#PublishToIoTCore', topicName: 'a', reason: 'SpoolFull', retryable: true, remedy: '', serverCode: '', serverText: '' }); // prettier-ignore
const failed = Object.assign(new Error('failed'), { value: 1 });
const refusing: PublishPort = { state$: EMPTY, publish$: () => of(left(fault)) };
const request = (): { topicName: string; payload: string; qos: QOS } => ({ topicName: 'a', payload: '1', qos: QOS.AT_LEAST_ONCE });
const message = { topicName: 'a', payload: new TextEncoder().encode('1') };
const command = { ...message, value: 1, responseTopic: 'b' };
const async$ = <A>(codec: Codec<A>, value: A): Observable<unknown> => publishing(() => ({ ...request(), payload: codec.encode(value) }));
const publishing = (of: (value: unknown) => PublishRequest): Observable<unknown> => from([1]).pipe(publishTo(accepting, of, { ledger }));
const windows = (aggregate: operators.Aggregate<number, unknown>): Observable<unknown> =>
  of(1).pipe(countWindow({ count: 1, key: 'single', aggregate }));
const asyncType = { ...t.number, name: 'Async', encode: late, decode: late } as unknown as t.Type<number>;
const single = 'single' as const;

const streams: readonly (readonly [what: string, stream$: () => Observable<unknown>])[] = [
  ['sizeOf', () => of(1).pipe(batch({ sizeOf: late, ledger }))],
  ['sizeOf', () => of(1).pipe(counted('a', { sizeOf: late, ledger }))],
  ['sizeOf', () => of(1).pipe(concurrently(1, n => of(n), { buffer: { sizeOf: late }, ledger }))],
  ['sizeOf', () => from(toAsyncIterable(of(1), { buffer: { sizeOf: late }, ledger }))],
  ['sizeOf', () => of(1).pipe(operators.governRate({ messagesPerSecond: 1, sizeOf: late, ledger }))],
  ['buffer.key', () => from([1, 2]).pipe(concurrently(1, () => NEVER, { buffer: { onFull: 'latestPerKey', key: late }, ledger }))],
  ['request', () => publishing(late)],
  ['request', () => publishing(envelope(late))],
  ['request', () => publishing(withTrace(late))],
  ['retryWhile', () => of(1).pipe(publishTo(refusing, request, { retry: fixed(1), retryWhile: late, ledger }))],
  ["a schedule's delay", () => of(1).pipe(publishTo(refusing, request, { retry: { ...fixed(1), delay: late }, ledger }))],
  ['while', () => throwError(() => 1).pipe(retryErrorsWith(fixed(1), { while: late }))],
  ['while', () => of(left(fault)).pipe(retryWith(fixed(1), { while: late, lefts: 'all' }))],
  ['key', () => of(1).pipe(operators.dedupe({ key: late, ttl: 1 }))],
  ['key', () => of(1).pipe(tumbling({ size: 1, key: late, aggregate: operators.count() }))],
  ['timestamp', () => of(1).pipe(tumbling({ size: 1, key: single, aggregate: operators.count(), time: { timestamp: late } }))],
  ['time', () => of(1).pipe(operators.rateOfChange({ key: single, value: n => n, time: late }))],
  ['value', () => of(1).pipe(operators.rateOfChange({ key: single, value: late }))],
  ['value', () => of(1).pipe(operators.hysteresis({ key: single, value: late, set: 1, clear: 0 }))],
  ['what deadband compares by', () => of(1).pipe(operators.deadband({ key: single, value: late, absolute: 1 }))],
  ['what changeOf compares by', () => of(1).pipe(operators.changeOf({ key: single, of: late }))],
  ['predicate', () => windows(operators.count(late))],
  ['select', () => windows(operators.sum(late))],
  ['select', () => windows(operators.max(late))],
  ['select', () => windows(operators.first(late))],
  ['select', () => windows(operators.stddev(late))],
  ['select', () => windows(operators.distinctCount(late))],
  ['select', () => windows(operators.histogram([1], late))],
  ['select', () => windows(operators.percentiles({ p: 0.5 }, late))],
  ['project', () => of(1).pipe(operators.flattenIterable(late))],
  ['message', () => of(1).pipe(new operators.Meter().count(late))],
  ['format.part', () => of(1).pipe(operators.encodeBatches({ format: { ...ndjson(t.number), part: late }, bytes: 100, ledger }))],
  ['encode', () => async$(json(asyncType), 1)],
  ['encode', () => async$(codecOf({ name: 'A', parse: late, serialize: () => '' }, asyncType), 1)],
  ['encode', () => async$(gzipped({ ...json(t.number), encode: late }), 1)],
  ['serialize', () => async$(codecOf({ name: 'A', parse: late, serialize: late }, t.number), 1)],
  ['codec.decode', () => of(right(message)).pipe(readWith({ topicName: 'a', codec: { decode: late } }))],
  ['when', () => of(left(failed)).pipe(deadLetterTo(() => NEVER, { when: late }))],
  ['when', () => of(left(failed)).pipe(fallbackTo(() => NEVER, { when: late }))],
  ['replyTo', () => of(right(command)).pipe(respond(accepting, { handle: () => of('1'), replyTo: late, ledger }))],
  [
    'dedupe.id',
    () => of(right(command)).pipe(respond(accepting, { handle: () => of('1'), dedupe: { id: late, commands: 1, ttl: 1 }, ledger })),
  ],
  ['onFailure', () => of(right(command)).pipe(respond(accepting, { handle: () => of(left(fault)), onFailure: late, ledger }))],
];

describe('a function that gives a promise where its value is needed at once', () => {
  it.each(streams)('is told so, as the error of its stream: %s', async (what, stream$) => {
    await expect(lastValueFrom(stream$(), { defaultValue: undefined })).rejects.toThrow(
      `${what} returned a promise, and what it gives is needed at once: take away its async.`,
    );
  });

  it('is told so in the problems of a payload, where it decodes', () => {
    const sentence = (what: string): unknown => ({
      left: { problems: [expect.stringContaining(`TypeError: ${what} returned a promise`)] },
    });
    expect(codecOf({ name: 'A', parse: late, serialize: () => '' }, t.unknown).decode(message)).toMatchObject(sentence('parse') as object);
    expect(json(asyncType).decode(message)).toMatchObject(sentence('decode') as object);
  });

  it('is a defect where it is run of a component, which would else end at once and well', async () => {
    const silent = component({ name: 'com.example.Async', version: '1.0.0', run: late });
    const outcome = await runComponent(silent, { env: {}, signals: false, log: silentLog });
    expect(outcome.reason).toBe('defect');
    expect(String(outcome.error)).toMatch(/^TypeError: run returned a promise/);
  });

  it('whatever else it gives passes as it is', () => {
    for (const given of [undefined, null, 0, 'then', { then: 1 }, () => undefined]) expect(atOnce(given, 'it')).toBe(given);
  });
});
