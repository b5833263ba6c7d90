import { type Context, type ContextManager, context, diag, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { left, right } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { concatMap, defer, delay, EMPTY, filter, lastValueFrom, map, mergeMap, NEVER, of, take, throwError, toArray } from 'rxjs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { portWith, shareSubscriptions } from '../../src/client/share-subscriptions.js';
import { json, jsonArray } from '../../src/codec/index.js';
import { batch, concurrently, publishTo, type Work } from '../../src/flow/index.js';
import { agg, aggregate, type AggregateState, encodeBatches, tumbling } from '../../src/operators/index.js';
import type { PublishRequest, UserProperty } from '../../src/ports/mqtt-proxy.js';
import { fixed, limited } from '../../src/schedule/index.js';
import { QOS } from '../../src/shared/qos.js';
import { respond } from '../../src/sinks/index.js';
import { lefts, onRights } from '../../src/stream/index.js';
import { type MarbleKit, type MarbleOptions, marbles } from '../../src/testing/index.js';
import { inSpan, type Traced, traced, type TracedOptions, traces, withTrace } from '../../src/tracing/index.js';
import { type ExportedSpans, exportedSpans } from '../kit/streams/exported-spans.js';

const Reading = json(t.type({ celsius: t.number }));
const qos = QOS.AT_LEAST_ONCE;
const IN = { topicName: 'in/+', qos, codec: Reading };
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const SPAN_OF_TIME = { start: 0, end: 1_000 };
const PARENT = `00-${TRACE}-${SPAN}-01`;

const property = (key: string, value: string): UserProperty => ({ key, value });
const reading = (celsius: unknown, ...userProperties: readonly UserProperty[]): object => ({
  topicName: 'in/a',
  payload: { celsius },
  ...(userProperties.length === 0 ? {} : { userProperties }),
});
const from = (celsius: unknown, traceparent = PARENT): object => reading(celsius, property('traceparent', traceparent));
const out = (payload: unknown): PublishRequest => ({ topicName: 'out', payload: JSON.stringify(payload), qos });

interface Ran extends ExportedSpans {
  /** What was published to `out`. */
  readonly sent: readonly PublishRequest[];
}

/** Runs a marble test whose spans are looked at when it is over. */
function ran(test: (kit: MarbleKit, exported: ExportedSpans) => void, options?: MarbleOptions): Ran {
  const exported = exportedSpans();
  const sent: PublishRequest[] = [];
  let published: () => readonly PublishRequest[] = () => [];
  marbles(kit => {
    published = () => kit.nucleus.published;
    test(kit, exported);
  }, options)();
  sent.push(...published().filter(({ topicName }) => topicName === 'out'));
  return { ...exported, sent };
}

/** One reading in, and the same out. */
const through = (message: object, options: MarbleOptions & TracedOptions = {}): Ran =>
  ran(({ nucleus, run, expectPublished }, { tracerProvider }) => {
    const proxy = traced(nucleus.proxy, { tracerProvider, carrier: options.carrier });
    nucleus.messages('in/+', '(a|)', { a: message });
    run(
      proxy
        .subscribe(IN)
        .pipe(onRights(publishTo(proxy, ({ value, userProperties }) => ({ ...out({ celsius: value.celsius }), userProperties })))),
    );
    expectPublished('out').toBeMarble('(p|)', { p: expect.objectContaining({ celsius: 20 }) as unknown });
  }, options);

/** What OpenTelemetry's own log says. */
function logged(): readonly string[] {
  const lines: string[] = [];
  const nothing = (): void => undefined;
  diag.setLogger({ error: nothing, warn: line => lines.push(line), info: nothing, debug: nothing, verbose: nothing });
  onTestFinished(() => diag.disable());
  return lines;
}

describe('a traced proxy', () => {
  test('has what is published because of a message in the trace of that message, through stages that wait', () => {
    const { tree, spans, span, sent } = ran(({ nucleus, run, expectPublished }, { tracerProvider }) => {
      const proxy = traced(nucleus.proxy, { tracerProvider });
      nucleus.messages('in/+', 'a 9ms b|', { a: from(20), b: from(40) });
      run(
        proxy.subscribe(IN).pipe(
          onRights(message$ =>
            message$.pipe(
              filter(({ value }) => value.celsius > 30),
              concurrently(
                2,
                inSpan('look it up', ({ value }, trace) => of({ celsius: value.celsius, trace }).pipe(delay(5)), { tracerProvider }),
              ),
            ),
          ),
          onRights(publishTo(proxy, ({ celsius }) => out({ celsius }))),
        ),
      );
      expectPublished('out').toBeMarble('15ms (p|)', { p: { celsius: 40 } });
    });
    expect(tree()).toEqual([`process in/+ < ${SPAN}`, `process in/+ < ${SPAN}`, 'look it up < process in/+', 'publish out < look it up']);
    expect(new Set(spans().map(span => span.spanContext().traceId))).toEqual(new Set([TRACE]));
    expect(sent).toMatchObject([
      { userProperties: [property('traceparent', `00-${TRACE}-${span('publish out').spanContext().spanId}-01`)] },
    ]);
  });

  test('tells topics, sizes and who took it, by the conventions for messaging, and no payload', () => {
    const { span, spans } = through(from(20));
    expect(span('process in/+')).toMatchObject({
      kind: SpanKind.CONSUMER,
      status: { code: SpanStatusCode.UNSET },
      attributes: {
        'messaging.system': 'mqtt',
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        'messaging.destination.name': 'in/a',
        'messaging.destination.template': 'in/+',
        'messaging.message.body.size': 14,
      },
    });
    expect(span('publish out')).toMatchObject({
      kind: SpanKind.PRODUCER,
      status: { code: SpanStatusCode.UNSET },
      attributes: {
        'messaging.system': 'mqtt',
        'messaging.operation.name': 'publish',
        'messaging.operation.type': 'send',
        'messaging.destination.name': 'out',
        'messaging.message.body.size': 14,
        'greengrass_rx.trace.carrier': 'user_properties',
        'greengrass_rx.accepted.by': 'spooler',
      },
    });
    expect(JSON.stringify(spans().map(({ attributes, status }) => ({ attributes, status })))).not.toContain('celsius');
  });

  test.each([
    ['none', reading(20)],
    ['one in capitals', from(20, PARENT.toUpperCase())],
    ['one without a span', from(20, PARENT.replace(SPAN, '0'.repeat(16)))],
    ['two', reading(20, property('traceparent', PARENT), property('traceparent', PARENT))],
  ])('begins a trace of its own for a message whose traceparent is %s', (_, message) => {
    const { span } = through(message);
    expect(span('process in/+').parentSpanContext).toBeUndefined();
    expect(span('process in/+').spanContext().traceId).not.toBe(TRACE);
    expect(span('publish out').spanContext().traceId).toBe(span('process in/+').spanContext().traceId);
  });

  test('exports nothing of what its sender did not sample, and says so to the next', () => {
    const { spans, sent } = through(from(20, PARENT.replace(/01$/, '00')));
    expect(spans()).toEqual([]);
    expect(sent).toMatchObject([
      { userProperties: [property('traceparent', expect.stringMatching(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`)) as string)] },
    ]);
  });

  test('passes tracestate on, and leaves all other user properties where they are', () => {
    const { sent } = through(
      reading(20, property('unit', 'C'), property('traceparent', PARENT), property('tracestate', 'a=1'), property('tracestate', 'b=2')),
    );
    expect(sent[0]?.userProperties).toEqual([
      property('unit', 'C'),
      property('traceparent', expect.stringContaining(TRACE) as string),
      property('tracestate', 'a=1,b=2'),
    ]);
  });

  test('has a span that failed for a message that cannot be decoded, and what is published because of that in its trace', () => {
    const { span, tree } = ran(({ nucleus, run, expectPublished }, { tracerProvider }) => {
      const proxy = traced(nucleus.proxy, { tracerProvider });
      nucleus.messages('in/+', '(a|)', { a: from('hot') });
      const problems$ = proxy.subscribe(IN).pipe(
        lefts(),
        filter(error => error._tag === 'DecodeFailed'),
      );
      run(problems$.pipe(publishTo(proxy, ({ original, problems }) => ({ ...out(problems), trace: original.trace }))));
      expectPublished('out').toBeMarble('(p|)', { p: [expect.stringContaining('celsius')] });
    });
    expect(span('process in/+')).toMatchObject({
      attributes: { 'error.type': 'DecodeFailed' },
      // The sentence of the error has the value in it.
      status: { code: SpanStatusCode.ERROR, message: 'DecodeFailed' },
    });
    expect(tree()).toEqual([`process in/+ < ${SPAN}`, 'publish out < process in/+']);
  });

  test('has a span for each try, with the tag of its failure', () => {
    const { spans } = ran(
      ({ nucleus, run, expectLane }, { tracerProvider }) => {
        const proxy = traced(nucleus.proxy, { tracerProvider });
        expectLane(run(of({}).pipe(publishTo(proxy, out, { retry: limited(1)(fixed(10)), timeout: 5 })))).toBeMarble(
          '20ms (F|)',
          {},
          { F: 'TimedOut' },
        );
      },
      { latency: { publish: 1_000 } },
    );
    const gone = { name: 'publish out', status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': 'GivenUp' } };
    expect(spans()).toMatchObject([gone, gone]);
  });

  test('tells what a nucleus refuses, by its tag', () => {
    const { spans } = ran(({ nucleus, run, expectLane }, { tracerProvider }) => {
      const proxy = traced(nucleus.proxy, { tracerProvider });
      expectLane(run(proxy.publish$({ ...out({}), topicName: 'a/+' }))).toBeMarble('(F|)', {}, { F: 'InvalidRequest' });
    });
    expect(spans()).toMatchObject([
      { name: 'publish a/+', status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': 'InvalidRequest' } },
    ]);
  });

  test.each([
    ['a payload that is none', { payload: 21.5 }],
    ['user properties that are none', { userProperties: { unit: 'C' } }],
    ['a topic that is none', { topicName: undefined }],
  ])('has %s refused as the proxy does', (_, mistake) => {
    for (const carrier of ['userProperties', 'payload'] as const) {
      const { spans, sent } = ran(({ nucleus, run, expectLane }, { tracerProvider }) => {
        const proxy = traced(nucleus.proxy, { tracerProvider, carrier });
        // As a caller without a compiler may write it.
        const request = { ...out({}), ...mistake } as unknown as PublishRequest;
        expectLane(run(proxy.publish$(request))).toBeMarble('(F|)', {}, { F: 'InvalidRequest' });
        expectLane(run(of(request).pipe(publishTo(proxy, made => made)))).toBeMarble('(F|)', {}, { F: 'InvalidRequest' });
      });
      const refused = { status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': 'InvalidRequest' } };
      expect(spans()).toMatchObject([refused, refused]);
      expect(sent).toEqual([]);
    }
  });

  test('ends the span of a message though what is done with it throws', () => {
    const { spans } = ran(({ nucleus, run, expectLane }, { tracerProvider }) => {
      const proxy = traced(nucleus.proxy, { tracerProvider });
      nucleus.messages('in/+', '(a|)', { a: from(20) });
      const thrown = new Error('a mistake of the program');
      const result = proxy.subscribe(IN).pipe(
        map(() => {
          throw thrown;
        }),
      );
      expectLane(run(result)).toBeMarble('#', {}, {});
    });
    expect(spans()).toMatchObject([{ name: 'process in/+' }]);
  });

  test('takes a trace in the request in the place of that of the value', () => {
    const { span } = ran(({ nucleus, run, expectPublished }, { tracerProvider }) => {
      const proxy = traced(nucleus.proxy, { tracerProvider });
      const [one, other] = [1, 2].map(n => ({ traceId: `${n}`.repeat(32), spanId: `${n}`.repeat(16), traceFlags: 1 }));
      run(of({ trace: one }).pipe(publishTo(proxy, () => ({ ...out({}), trace: other }))));
      expectPublished('out').toBeMarble('(p|)', { p: {} });
    });
    expect(span('publish out').parentSpanContext).toMatchObject({ traceId: '2'.repeat(32), spanId: '2'.repeat(16) });
  });

  test('publishes through a port whose state fails', () => {
    ran(({ nucleus, run, expectLane }, { tracerProvider }) => {
      const state$ = throwError(() => new Error('no state'));
      const proxy = traced(portWith(nucleus.proxy, { state$ }), { tracerProvider });
      expectLane(run(proxy.publish$(out({})))).toBeMarble('(a|)', { a: { by: 'spooler' } });
    });
  });

  test('answers a command in the trace of the command', () => {
    const { tree } = ran(({ nucleus, run, expectPublished }, { tracerProvider }) => {
      const proxy = traced(nucleus.proxy, { tracerProvider });
      nucleus.messages('in/+', '(a|)', { a: from(20) });
      run(
        proxy.subscribe(IN).pipe(
          respond(proxy, {
            replyTo: () => 'out',
            handle: (_, command) => inSpan('heat', () => of('"done"'), { tracerProvider })(command),
          }),
        ),
      );
      expectPublished('out').toBeMarble('(p|)', { p: 'done' });
    });
    expect(tree()).toEqual([`process in/+ < ${SPAN}`, 'heat < process in/+', 'publish out < process in/+']);
  });

  test('has one span for a message that two share, whose subscription is shared', () => {
    const { tree } = ran(({ nucleus, run, expectPublished }, { tracerProvider }) => {
      const proxy = shareSubscriptions(traced(nucleus.proxy, { tracerProvider }));
      nucleus.messages('in/+', '(a|)', { a: from(20) });
      for (const n of [1, 2]) run(proxy.subscribe(IN).pipe(onRights(publishTo(proxy, () => out(n)))));
      expectPublished('out').toBeMarble('(pq|)', { p: 1, q: 2 });
    });
    expect(tree()).toEqual([`process in/+ < ${SPAN}`, 'publish out < process in/+', 'publish out < process in/+']);
  });
});

describe('what is published of several messages', () => {
  const two = { a: from(20), b: from(40, PARENT.replace(SPAN, '00f067aa0ba902b7')) };
  const isOfBoth = ({ spans, span }: Ran): void => {
    const received = spans().filter(({ name }) => name === 'process in/+');
    expect(span('publish out').parentSpanContext).toBeUndefined();
    expect(span('publish out').links.map(({ context }) => context)).toEqual(received.map(span => span.spanContext()));
    expect(received).toHaveLength(2);
  };

  test('in a batch has a link to each', () => {
    isOfBoth(
      ran(({ nucleus, run, expectPublished }, { tracerProvider }) => {
        const proxy = traced(nucleus.proxy, { tracerProvider });
        nucleus.messages('in/+', '(ab|)', two);
        run(
          proxy.subscribe(IN).pipe(
            onRights(message$ =>
              message$.pipe(
                batch({ messages: 2 }),
                publishTo(proxy, all => out(all.length)),
              ),
            ),
          ),
        );
        expectPublished('out').toBeMarble('(p|)', { p: 2 });
      }),
    );
  });

  test('in an encoded batch has a link to each', () => {
    isOfBoth(
      ran(({ nucleus, run, expectPublished }, { tracerProvider }) => {
        const proxy = traced(nucleus.proxy, { tracerProvider });
        nucleus.messages('in/+', '(ab|)', two);
        const encode = encodeBatches({ format: jsonArray(t.type({ value: t.unknown })), bytes: 4_096, within: 10 });
        run(
          proxy.subscribe(IN).pipe(
            onRights(message$ => message$.pipe(encode)),
            onRights(publishTo(proxy, ({ payload }) => ({ topicName: 'out', payload, qos }))),
          ),
        );
        expectPublished('out').toBeMarble('(p|)', { p: [expect.anything(), expect.anything()] });
      }),
    );
  });

  test('in a window has a link to each', () => {
    isOfBoth(
      ran(({ nucleus, run, expectPublished }, { tracerProvider }) => {
        const proxy = traced(nucleus.proxy, { tracerProvider });
        nucleus.messages('in/+', '(ab|)', two);
        const of = aggregate({
          mean: agg.mean((message: { value: { celsius: number } } & Traced) => message.value.celsius),
          trace: traces(),
        });
        run(
          proxy.subscribe(IN).pipe(
            onRights(message$ => message$.pipe(tumbling({ size: 1_000, key: 'single', aggregate: of }))),
            onRights(publishTo(proxy, ({ value: { mean, trace } }) => ({ ...out(mean), trace }))),
          ),
        );
        expectPublished('out').toBeMarble('(p|)', { p: 30 });
      }),
    );
  });

  test('has 32 links at most, however the window is split', () => {
    const all = traces();
    const trace = (n: number): Traced => ({ trace: { traceId: '1'.repeat(32), spanId: n.toString(16).padStart(16, 'a'), traceFlags: 1 } });
    const filled = (first: number, last: number): AggregateState => {
      let state = all.empty();
      for (let n = first; n <= last; n++) state = all.add(state, trace(n), 0);
      return state;
    };
    const whole = all.result(filled(1, 100), SPAN_OF_TIME);
    expect(whole).toHaveLength(32);
    expect(all.result(all.merge(filled(1, 20), filled(21, 100)), SPAN_OF_TIME)).toEqual(whole);
  });
});

describe('the trace context in a payload', () => {
  test.each([
    ['a JSON object', '{"celsius":20}', /^\{"traceparent":"00-[^"]*","celsius":20\}$/],
    ['an empty one', ' { } ', /^\{"traceparent":"00-[^"]*"\}$/],
    [
      'one with numbers that JavaScript does not hold',
      '{ "id": 9007199254740993, "x": 1.50 }',
      /^\{"traceparent":"00-[^"]*","id": 9007199254740993,"x": 1\.50\}$/,
    ],
    [
      'one that has a context, which is let go',
      '{"a":{"traceparent":"x"},"traceparent":"00-old","b":["}",{"c":","}],"tracestate":"old=1"}',
      /^\{"traceparent":"00-[^"]*","a":\{"traceparent":"x"\},"b":\["\}",\{"c":","\}\]\}$/,
    ],
  ])('of %s is in front, and the rest as it is written', (_, payload, expected) => {
    const { sent, span } = ran(({ nucleus, run, expectLane }, { tracerProvider }) => {
      const proxy = traced(nucleus.proxy, { tracerProvider, carrier: 'payload' });
      expectLane(run(proxy.publish$({ topicName: 'out', payload: Buffer.from(payload), qos }))).toBeMarble('(a|)', {
        a: { by: 'spooler' },
      });
    });
    expect(Buffer.from(sent[0]?.payload ?? '').toString()).toMatch(expected);
    expect(span('publish out').attributes).toMatchObject({ 'greengrass_rx.trace.carrier': 'payload' });
  });

  test.each(['[1]', '21.5', 'text', '{"half":', Uint8Array.of(0x7b, 0xff, 0x7d)])(
    'has no place in %j, which stays as it is, and that is told once',
    payload => {
      const lines = logged();
      const { sent, spans } = ran(({ nucleus, run, expectLane }, { tracerProvider }) => {
        const proxy = traced(nucleus.proxy, { tracerProvider, carrier: 'payload' });
        const request = { topicName: 'out', payload, qos };
        expectLane(run(of(1, 2).pipe(publishTo(proxy, () => request)))).toBeMarble('(ab|)', {
          a: expect.anything() as unknown,
          b: expect.anything() as unknown,
        });
      });
      const bytes = new Uint8Array(Buffer.from(payload));
      expect(sent.map(({ payload }) => new Uint8Array(Buffer.from(payload)))).toEqual([bytes, bytes]);
      const none = { attributes: { 'greengrass_rx.trace.carrier': 'none' } };
      expect(spans()).toMatchObject([none, none]);
      expect(lines).toEqual([expect.stringContaining('Its payload is no JSON object')]);
    },
  );

  test('goes on from a message to what is published because of it, on Greengrass Lite as well', () => {
    const message = { topicName: 'in/a', payload: { traceparent: PARENT, tracestate: 'a=1', celsius: 20 } };
    const { tree, sent } = through(message, { carrier: 'payload', profile: 'lite' });
    expect(tree()).toEqual([`process in/+ < ${SPAN}`, 'publish out < process in/+']);
    expect(JSON.parse(Buffer.from(sent[0]?.payload ?? '').toString())).toMatchObject({
      traceparent: expect.stringContaining(TRACE) as string,
      tracestate: 'a=1',
    });
  });
});

test('what a nucleus does not carry ends a trace, which the span says, and the log once', () => {
  const lines = logged();
  const { spans } = ran(
    ({ nucleus, run, expectLane }, { tracerProvider }) => {
      const proxy = traced(nucleus.proxy, { tracerProvider });
      const published = run(
        proxy.state$.pipe(
          filter(({ status }) => status === 'connected'),
          take(1),
          mergeMap(() => of(1, 2)),
          publishTo(proxy, out),
        ),
      );
      run(proxy.subscribe(IN), '^ 99ms !');
      expectLane(published).toBeMarble('(ab|)', { a: expect.anything() as unknown, b: expect.anything() as unknown });
    },
    { profile: 'lite' },
  );
  expect(spans()).toMatchObject([1, 2].map(() => ({ attributes: { 'greengrass_rx.trace.carrier': 'none' } })));
  expect(lines).toEqual([expect.stringContaining("traced(proxy, { carrier: 'payload' })")]);
});

describe('traced local topics', () => {
  test.each([
    ['an object that travels as JSON', ({ value }: { value: object }) => ({ topic: 'out', json: value })],
    ['text', ({ value }: { value: object }) => ({ topic: 'out', payload: JSON.stringify(value) })],
  ])('carry the context in %s', (_, request) => {
    const { tree } = ran(({ nucleus, run, expectPublishedLocally }, { tracerProvider }) => {
      const local = traced(nucleus.services.local, { tracerProvider, carrier: 'payload' });
      nucleus.local.messages('in', '(a|)', { a: { traceparent: PARENT, celsius: 20 } });
      run(local.subscribe({ topic: 'in', codec: Reading }).pipe(onRights(publishTo(local, request))));
      expectPublishedLocally('out').toBeMarble('(p|)', {
        p: { traceparent: expect.stringMatching(`^00-${TRACE}-(?!${SPAN})`) as string, celsius: 20 },
      });
    });
    expect(tree()).toEqual([`process in < ${SPAN}`, 'publish out < process in']);
  });

  test('carry what an object says that it is as JSON', () => {
    ran(({ nucleus, run, expectPublishedLocally }, { tracerProvider }) => {
      const local = traced(nucleus.services.local, { tracerProvider, carrier: 'payload' });
      const json = { secret: 1, toJSON: () => ({ celsius: 20, tracestate: 'of=another' }) };
      run(of(1).pipe(publishTo(local, () => ({ topic: 'out', json }))));
      expectPublishedLocally('out').toBeMarble('(p|)', { p: { traceparent: expect.stringMatching(/^00-/) as string, celsius: 20 } });
    });
  });

  test('refuse what JSON does not have as the port does', () => {
    const { spans } = ran(({ nucleus, run, expectLane }, { tracerProvider }) => {
      const local = traced(nucleus.services.local, { tracerProvider, carrier: 'payload' });
      expectLane(run(local.publish$({ topic: 'out', json: { n: 1n } }))).toBeMarble('(F|)', {}, { F: 'InvalidRequest' });
    });
    expect(spans()).toMatchObject([{ attributes: { 'error.type': 'InvalidRequest' } }]);
  });

  test('leave what they publish as it is where that is said, and their spans are in one trace all the same', () => {
    const { tree, span } = ran(({ nucleus, run, expectPublishedLocally }, { tracerProvider }) => {
      const local = traced(nucleus.services.local, { tracerProvider, carrier: 'none' });
      nucleus.local.messages('in', '(a|)', { a: { celsius: 20 } });
      run(
        local.subscribe({ topic: 'in', codec: Reading }).pipe(onRights(publishTo(local, ({ value }) => ({ topic: 'out', json: value })))),
      );
      expectPublishedLocally('out').toBeMarble('(p|)', { p: { celsius: 20 } });
    });
    expect(tree()).toEqual(['process in', 'publish out < process in']);
    expect(span('publish out').attributes).toMatchObject({ 'messaging.system': 'aws.greengrass', 'greengrass_rx.trace.carrier': 'none' });
  });
});

describe('while nobody traces', () => {
  test('messages have no trace, and what is published is what was asked for', () => {
    marbles(({ nucleus, run, expectLane, expectPublished }) => {
      const proxy = traced(nucleus.proxy, { carrier: 'payload' });
      nucleus.messages('in/+', '(a|)', { a: from(20) });
      const messages = run(proxy.subscribe(IN).pipe(onRights(map(message => Object.keys(message).sort()))));
      const plain = run(nucleus.proxy.subscribe(IN).pipe(onRights(map(message => Object.keys(message).sort()))));
      const work = inSpan('work', (n: number, trace) => of({ n, trace }));
      expectLane(run(of(1).pipe(mergeMap(work)))).toBeMarble('(w|)', { w: { n: 1, trace: undefined } });
      expectLane(messages).toBeMarble('(m|)', { m: expect.not.arrayContaining(['trace']) as unknown });
      expectLane(plain).toBeMarble('(m|)', { m: expect.not.arrayContaining(['trace']) as unknown });
      run(of({ trace: 'of nobody' }).pipe(publishTo(proxy, () => out({}))));
      expectPublished('out').toBeMarble('(p|)', { p: {} });
    })();
  });

  test('the trace of a request is not stored with it', () => {
    expect(withTrace(() => ({ ...out({}), trace: [] }))(1)).toEqual(out({}));
  });

  test('a provider that is registered later is found', () => {
    const exported = exportedSpans();
    onTestFinished(() => trace.disable());
    marbles(({ nucleus, run, expectLane }) => {
      const proxy = traced(nucleus.proxy);
      const published = run(
        of(1, 2).pipe(
          concatMap(n => {
            if (n === 2) trace.setGlobalTracerProvider(exported.tracerProvider);
            return proxy.publish$(out(n));
          }),
        ),
      );
      expectLane(published).toBeMarble('(ab|)', { a: { by: 'spooler' }, b: { by: 'spooler' } });
    })();
    expect(exported.spans()).toHaveLength(1);
  });
});

describe('work in a span', () => {
  test.each([
    ['a Left, with its tag', () => of(right(1), left({ _tag: 'TooHot' })), 'TooHot'],
    ['an error, with its name', () => throwError(() => new RangeError('no')), 'RangeError'],
    [
      'what it throws',
      () => {
        throw new TypeError('no');
      },
      'TypeError',
    ],
    ['a promise that rejects', () => Promise.reject(new SyntaxError('no')), 'SyntaxError'],
    ['a task that resolves with a Left', () => () => Promise.resolve(left({ _tag: 'Late' })), 'Late'],
  ] as const)('fails with %s', async (_, project: () => Work, type) => {
    const { tracerProvider, span } = exportedSpans();
    await lastValueFrom(inSpan('work', project, { tracerProvider })(undefined)).catch(() => undefined);
    expect(span('work')).toMatchObject({ status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': type } });
  });

  test('ends when it is given up', () => {
    const { tracerProvider, span } = exportedSpans();
    inSpan('work', () => NEVER, { tracerProvider })(undefined)
      .subscribe()
      .unsubscribe();
    expect(span('work')).toMatchObject({ kind: SpanKind.INTERNAL, status: { code: SpanStatusCode.UNSET } });
  });

  test('has results as they were, and none where there are none', async () => {
    const { tracerProvider } = exportedSpans();
    expect(await lastValueFrom(inSpan('work', () => of(1, 2), { tracerProvider })(0).pipe(toArray()))).toEqual([1, 2]);
    expect(await lastValueFrom(inSpan('work', () => EMPTY, { tracerProvider })(0).pipe(toArray()))).toEqual([]);
  });

  test.each([
    ['that is done at once', (work: () => void) => (work(), EMPTY)],
    ['that begins with the subscription', (work: () => void) => defer(() => (work(), EMPTY))],
  ])('%s begins as the active span, which instrumented libraries see', (_, project) => {
    stackedContexts();
    const { tracerProvider, span } = exportedSpans();
    const library = tracerProvider.getTracer('a library');
    inSpan('work', () => project(() => library.startSpan('inside').end()), { tracerProvider })(undefined).subscribe();
    expect(span('inside').parentSpanContext?.spanId).toBe(span('work').spanContext().spanId);
  });

  test('is not the active span for what is done with its results', () => {
    stackedContexts();
    const { tracerProvider, span } = exportedSpans();
    const library = tracerProvider.getTracer('a library');
    const results$ = inSpan('work', () => of(1), { tracerProvider })(undefined);
    results$.subscribe({ next: () => library.startSpan('next').end(), complete: () => library.startSpan('complete').end() });
    expect(['next', 'complete'].map(name => span(name).parentSpanContext)).toEqual([undefined, undefined]);
  });
});

/** Registers a context manager for what is done at once. */
function stackedContexts(): void {
  let active = ROOT_CONTEXT;
  const manager: ContextManager = {
    active: () => active,
    with: (next: Context, work, self, ...args) => {
      const outer = active;
      active = next;
      try {
        return work.apply(self, args);
      } finally {
        active = outer;
      }
    },
    bind: (within, target) => {
      const work = target as (...args: unknown[]) => unknown;
      return ((...args: unknown[]) => manager.with(within, () => work(...args))) as typeof target;
    },
    enable: () => manager,
    disable: () => manager,
  };
  context.setGlobalContextManager(manager);
  onTestFinished(() => context.disable());
}
