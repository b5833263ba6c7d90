import { createTraceState, isSpanContextValid, type SpanContext, TraceFlags } from '@opentelemetry/api';
import { type Aggregate, defineAggregate } from '../operators/aggregates/aggregate.js';

/** What a message, or a value made of one, has of the trace it belongs to. */
export interface Traced {
  /** The span it comes from, or all spans of the messages it was made of. `undefined`: there is none, or nobody traces. */
  readonly trace?: SpanContext | readonly SpanContext[] | undefined;
}

/** The names of the two fields, as user properties and as members of JSON. */
export const TRACEPARENT = 'traceparent';
export const TRACESTATE = 'tracestate';

const FIELD = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-.*)?$/u;

/**
 * Reads both fields of a message. `undefined`: there is no context, or it is malformed, and the message begins a trace of its own, as the
 * specification says. Of the flags only `sampled` is known.
 *
 * @param parents the values of `traceparent`; more than one is malformed.
 * @param states the values of `tracestate`, which are one list. What is over 512 characters or 32 entries is let go.
 *
 * Source: W3C Trace Context, sections 3.2 and 3.3.
 */
export function readTraceContext(parents: readonly string[], states: readonly string[]): SpanContext | undefined {
  const [parent] = parents;
  if (parent === undefined || parents.length > 1) return undefined;
  const [, version, traceId, spanId, flags, more] = FIELD.exec(parent) ?? [];
  // Later versions may have more to say; this one does not.
  if (traceId === undefined || spanId === undefined || flags === undefined || (version === '00' && more !== undefined)) return undefined;
  const context = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
  return states.length === 0 ? context : { ...context, traceState: createTraceState(states.join(',')) };
}

/** Both fields, as they are sent. `tracestate` is left out where it is empty. */
export function writeTraceContext({ traceId, spanId, traceFlags, traceState }: SpanContext): Readonly<Record<string, string>> {
  const sampled = (traceFlags & TraceFlags.SAMPLED) === 0 ? '00' : '01';
  const state = traceState?.serialize() ?? '';
  const parent = { [TRACEPARENT]: `00-${traceId}-${spanId}-${sampled}` };
  return state === '' ? parent : { ...parent, [TRACESTATE]: state };
}

/** Spans that one message may name as its causes. */
export const MAX_LINKS = 32;

/**
 * The spans that a value comes from, each once: its own `trace`, or those of the values it was made of (an array, as of `batch`, or the
 * `values` of `encodeBatches`). The first {@link MAX_LINKS} of them.
 */
export function tracesOf(value: unknown): readonly SpanContext[] {
  if (typeof value !== 'object' || value === null) return [];
  const { trace, values } = value as { readonly trace?: unknown; readonly values?: unknown };
  const found = new Map<string, SpanContext>();
  const add = (one: unknown): void => {
    if (found.size < MAX_LINKS && isTrace(one)) found.set(`${one.traceId} ${one.spanId}`, one);
  };
  const addAll = (all: unknown): void => (Array.isArray(all) ? all.forEach(add) : add(all));
  if (trace !== undefined) addAll(trace);
  else {
    const parts: unknown = Array.isArray(value) ? value : values;
    if (Array.isArray(parts)) for (const part of parts) if (isTraced(part)) addAll(part.trace);
  }
  return [...found.values()];
}

function isTraced(value: unknown): value is { readonly trace: unknown } {
  return typeof value === 'object' && value !== null && 'trace' in value;
}

function isTrace(value: unknown): value is SpanContext {
  if (typeof value !== 'object' || value === null) return false;
  const { traceId, spanId } = value as Partial<Record<keyof SpanContext, unknown>>;
  return typeof traceId === 'string' && typeof spanId === 'string' && isSpanContextValid(value as SpanContext);
}

/**
 * The spans that the values of a window come from, as an aggregate: under the name `trace`, what is published of the window has a link to
 * each. Beside other aggregates, with `aggregate({ mean: agg.mean(…), trace: traces() })`.
 *
 * Memory: the first 32 spans of each window and key.
 *
 * @example
 * ```ts
 * import { agg, aggregate, tumbling } from 'greengrass-rx/operators';
 * import { traces } from 'greengrass-rx/tracing';
 * import { of } from 'rxjs';
 *
 * const reading = { celsius: 21, trace: { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 } };
 * of(reading)
 *   .pipe(tumbling({ size: 1_000, key: 'single', aggregate: aggregate({ n: agg.count(), trace: traces() }) }))
 *   .subscribe(result => console.log(result)); // Right, with value: { n: 1, trace: [ … ] }
 * ```
 */
export function traces<A extends Traced>(): Aggregate<A, readonly SpanContext[]> {
  return defineAggregate<A, readonly SpanContext[], readonly SpanContext[]>({
    empty: () => [],
    add: (all, value) => (all.length >= MAX_LINKS ? all : tracesOf({ trace: [...all, ...tracesOf(value)] })),
    merge: (left, right) => tracesOf({ trace: [...left, ...right] }),
    result: all => all,
  });
}
