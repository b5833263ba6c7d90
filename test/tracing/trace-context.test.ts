import { defaultTextMapGetter, defaultTextMapSetter, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_LINKS, readTraceContext, tracesOf, writeTraceContext } from '../../src/tracing/trace-context.js';

const propagator = new W3CTraceContextPropagator();

/** What OpenTelemetry's own propagator reads. */
function theirs(parent: string, state: string | undefined): SpanContext | undefined {
  const carrier = { traceparent: parent, ...(state === undefined ? {} : { tracestate: state }) };
  return trace.getSpanContext(propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter));
}

const written = (context: SpanContext | undefined) => context && writeTraceContext(context);

const told = (context: SpanContext | undefined): unknown =>
  context && [context.traceId, context.spanId, context.traceFlags & 1, context.isRemote, context.traceState?.serialize() ?? ''];

const hex = (length: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...'0123456789abcdef'.split('')), { minLength: length, maxLength: length }).map(digits => digits.join(''));
const traceId = fc.oneof(
  { weight: 9, arbitrary: hex(32) },
  fc.constant('0'.repeat(32)),
  hex(31),
  hex(32).map(text => text.toUpperCase()),
);
const spanId = fc.oneof({ weight: 9, arbitrary: hex(16) }, fc.constant('0'.repeat(16)), hex(17));
const version = fc.oneof({ weight: 9, arbitrary: fc.constant('00') }, fc.constant('ff'), fc.constant('01'), hex(2), hex(1));
const flags = fc.oneof(fc.constantFrom('00', '01'), hex(2), hex(3));
const tail = fc.oneof(
  { weight: 9, arbitrary: fc.constant('') },
  fc.constant('-'),
  hex(3).map(text => `-${text}`),
  hex(2),
  fc.constant('-what ever'),
);
const parent = fc
  .tuple(version, traceId, spanId, flags, tail)
  .map(([version, traceId, spanId, flags, tail]) => `${version}-${traceId}-${spanId}-${flags}${tail}`);
const word = (length: number): fc.Arbitrary<string> => fc.string({ maxLength: length }).map(text => text.replaceAll(/[,=]/g, ''));
const entry = fc.tuple(fc.oneof(fc.stringMatching(/^[a-z][a-z0-9_*/-]{0,12}$/), word(8)), fc.oneof(word(20), fc.constant('a=b')));
/** Each key once: of several the specification does not say which one counts. */
const entries = fc.uniqueArray(entry, { maxLength: 40, selector: ([key]) => key.trim() });
const state = fc.option(
  entries.map(all => all.map(([key, value]) => `${key}=${value}`).join(',')),
  { nil: undefined },
);

describe('the fields of W3C trace context', () => {
  test('are read as the propagator of OpenTelemetry reads them', () => {
    fc.assert(
      fc.property(fc.oneof(parent, fc.string()), state, (parent, state) => {
        // White space around it belongs to HTTP, which takes it off.
        fc.pre(parent === parent.trim());
        expect(told(readTraceContext([parent], state === undefined ? [] : [state]))).toEqual(told(theirs(parent, state)));
      }),
      { numRuns: 1_000 },
    );
  });

  test('are written as it writes them', () => {
    fc.assert(
      fc.property(hex(32), hex(16), fc.constantFrom(0, 1), state, (traceId, spanId, traceFlags, state) => {
        const context = readTraceContext([`00-${traceId}-${spanId}-0${traceFlags}`], state === undefined ? [] : [state]);
        fc.pre(context !== undefined);
        const carrier: Record<string, string> = {};
        propagator.inject(trace.setSpanContext(ROOT_CONTEXT, context), carrier, defaultTextMapSetter);
        // It writes a list of nothing, too.
        if (carrier['tracestate'] === '') delete carrier['tracestate'];
        expect(writeTraceContext(context)).toEqual(carrier);
      }),
    );
  });

  const GOOD = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

  test('twice is malformed, and a list of tracestate may be in parts', () => {
    expect(readTraceContext([GOOD, GOOD], [])).toBeUndefined();
    expect(readTraceContext([GOOD], ['a=1', 'b=2,c=3'])?.traceState?.serialize()).toBe('a=1,b=2,c=3');
  });

  test('of a sender without measure are let go: more than 512 characters, or 32 entries', () => {
    const entries = Array.from({ length: 40 }, (_, i) => `k${i}=v`);
    expect(
      readTraceContext([GOOD], [entries.join(',')])
        ?.traceState?.serialize()
        .split(','),
    ).toHaveLength(32);
    const whole = readTraceContext([GOOD], ['x'.repeat(300) + '=1', 'y=' + 'z'.repeat(300)]);
    expect(whole).toMatchObject({ spanId: 'b7ad6b7169203331' });
    expect(written(whole)).toEqual({ traceparent: GOOD });
  });

  test('know of no flag but sampled', () => {
    const context = readTraceContext([GOOD.replace(/01$/, 'ff')], []);
    expect(context?.traceFlags).toBe(1);
    expect(written(context && { ...context, traceFlags: 0xfe })?.['traceparent']).toMatch(/-00$/);
  });
});

describe('what a value comes from', () => {
  const of = (n: number): SpanContext => ({ traceId: '1'.repeat(32), spanId: n.toString(16).padStart(16, 'a'), traceFlags: 1 });

  test.each([
    ['its own trace', { trace: of(1) }, [of(1)]],
    ['its own traces', { trace: [of(1), of(2)] }, [of(1), of(2)]],
    ['those of a batch', [{ trace: of(1) }, { n: 1 }, { trace: [of(2)] }], [of(1), of(2)]],
    ['those of an encoded batch', { payload: '', values: [{ trace: of(1) }, 7] }, [of(1)]],
    ['each once', [{ trace: of(1) }, { trace: of(1) }], [of(1)]],
    ['nothing that is none', { trace: { traceId: 'x', spanId: 1 } }, []],
    ['nothing that is of another kind', { trace: ['x', null, 1, {}] }, []],
    ['nothing', undefined, []],
  ])('is %s', (_, value, expected) => {
    expect(tracesOf(value)).toEqual(expected);
  });

  test('is bounded', () => {
    expect(tracesOf(Array.from({ length: 1_000 }, (_, i) => ({ trace: of(i) })))).toHaveLength(MAX_LINKS);
  });
});
