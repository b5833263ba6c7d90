import {
  type Attributes,
  context,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import { defer, Observable } from 'rxjs';
import { type ResultOf, toObservable, type Work } from '../flow/job.js';
import { tagOf, toEither } from '../stream/observable-either.js';
import { workOn } from '../stream/work-on.js';
import { tracesOf } from './trace-context.js';

/** Who traces. */
export interface TracingOptions {
  /** Where the spans go. Default: the provider that is registered with `@opentelemetry/api`; while there is none, nothing is done. */
  readonly tracerProvider?: TracerProvider | undefined;
}

/** Under this name the spans are found. */
const SCOPE = 'greengrass-rx';

/** What gives the tracer, as soon as there is one. `undefined`: nobody traces, and nothing is to be done. */
export function tracerOf(provider: TracerProvider | undefined): () => Tracer | undefined {
  let tracer = provider?.getTracer(SCOPE);
  return () => (tracer ??= registered());
}

function registered(): Tracer | undefined {
  const provider = trace.getTracerProvider();
  return isProxy(provider) ? provider.getDelegateTracer(SCOPE) : provider.getTracer(SCOPE);
}

/** What the API has in the place of a provider, until one is registered. */
function isProxy(provider: TracerProvider): provider is TracerProvider & { getDelegateTracer: (name: string) => Tracer | undefined } {
  return 'getDelegateTracer' in provider;
}

/**
 * Begins a span: of one cause it is a child, in the cause's trace; of several it begins a trace of its own with a link to each, since a
 * span has one parent.
 *
 * @param otherwise what it is a child of without a cause: the active span, where the program has one, or nothing.
 */
export function startSpan(
  tracer: Tracer,
  name: string,
  kind: SpanKind,
  attributes: Attributes,
  causes: readonly SpanContext[],
  otherwise: 'active span' | 'new trace' = 'active span',
): Span {
  const [cause] = causes;
  if (cause === undefined) return tracer.startSpan(name, { kind, attributes }, otherwise === 'new trace' ? ROOT_CONTEXT : context.active());
  if (causes.length === 1) return tracer.startSpan(name, { kind, attributes }, trace.setSpanContext(ROOT_CONTEXT, cause));
  return tracer.startSpan(name, { kind, attributes, root: true, links: causes.map(context => ({ context })) }, ROOT_CONTEXT);
}

/**
 * A span's end in a failure, by its tag; the sentence is that of the error, but for `DecodeFailed`, whose sentence has parts of the
 * payload.
 */
export function failSpan(span: Span, error: unknown): void {
  const type = tagOf(error) ?? (error instanceof Error ? error.name : '_OTHER');
  span.setAttribute('error.type', type);
  span.setStatus({
    code: SpanStatusCode.ERROR,
    message: error instanceof Error && type !== 'DecodeFailed' ? `${type}: ${error.message}` : type,
  });
  span.end();
}

/**
 * Gives the work of a stage a span: a child of the span its value comes from (`trace` of the value; see `traced`), until the work is done.
 * Goes around the function that `concurrently` takes, and inside `handle` of `respond`:
 * `handle: (_, command) => inSpan('heat', heat)(command)`, since it is the command that has the trace.
 *
 * A `Left` among the results is the span's error, with its tag; so is what the work throws or rejects with. Work that is given up ends its
 * span. While the work begins, the span is the active one of OpenTelemetry: with a context manager that is registered, what instrumented
 * libraries do is its child.
 *
 * @param name the span's name: a few in all, never made of data.
 * @param project does the work, of a value and of the trace of its span. What is made of the value is to have this `trace`, in the place of
 * the value's. `undefined`: nobody traces.
 * @returns the results of what `project` gives.
 *
 * @example
 * ```ts
 * import { concurrently } from 'greengrass-rx';
 * import { inSpan } from 'greengrass-rx/tracing';
 * import { of } from 'rxjs';
 *
 * of({ celsius: 21 })
 *   .pipe(concurrently(4, inSpan('to fahrenheit', async ({ celsius }, trace) => ({ fahrenheit: celsius * 1.8 + 32, trace }))))
 *   .subscribe(result => console.log(result));
 * ```
 */
export function inSpan<A, W extends Work>(
  name: string,
  project: (value: A, trace: SpanContext | undefined) => W,
  options: TracingOptions = {},
): (value: A) => Observable<ResultOf<W>> {
  const tracer = tracerOf(options.tracerProvider);
  const workOf = (value: A, own: SpanContext | undefined): Observable<ResultOf<W>> =>
    // What the work's type says its results are.
    toObservable(project(value, own)) as Observable<ResultOf<W>>;
  return value => {
    const present = tracer();
    if (present === undefined) return workOf(value, undefined);
    return new Observable(destination => {
      const span = startSpan(present, name, SpanKind.INTERNAL, {}, tracesOf(value));
      let failure: { readonly error: unknown } | undefined;
      const end = (): void => {
        if (!span.isRecording()) return;
        if (failure === undefined) span.end();
        else failSpan(span, failure.error);
      };
      const fail = (error: unknown): void => {
        failure ??= { error };
        end();
        destination.error(error);
      };
      destination.add(end);
      const outside = context.active();
      const work = defer(() => workOf(value, span.spanContext()));
      // What is done with the results is no part of the work.
      const results = {
        next: context.bind(outside, (result: ResultOf<W>) => {
          const either = toEither(result);
          if (either._tag === 'Left') failure ??= { error: either.left };
          destination.next(result);
        }),
        error: context.bind(outside, fail),
        complete: context.bind(outside, () => {
          end();
          destination.complete();
        }),
      };
      context.with(trace.setSpan(outside, span), () => workOn(work, destination, results));
    });
  };
}
