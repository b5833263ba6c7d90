import { context, type SpanContext, SpanKind, trace } from '@opentelemetry/api';
import { defer, Observable } from 'rxjs';
import { type ResultOf, toObservable, type Work } from '../flow/job.js';
import { toEither } from '../stream/observable-either.js';
import { workOn } from '../stream/work-on.js';
import { failSpan, startSpan, tracerOf } from './spans.js';
import { tracesOf } from './trace-context.js';
import type { TracingOptions } from './traced.js';

/**
 * Gives the work of a stage a span: a child of the span its value comes from (`trace` of the value; see `traced`), until the work is done. Goes around the
 * function that `concurrently` takes, and inside `handle` of `respond`:
 * `handle: (_, command) => inSpan('heat', heat)(command)`, since it is the command that has the trace.
 *
 * A `Left` among the results is the span's error, with its tag; so is what the work throws or rejects with. Work that is given up ends its span. While the
 * work begins, the span is the active one of OpenTelemetry: with a context manager that is registered, what instrumented libraries do is its child.
 *
 * @param name the span's name: a few in all, never made of data.
 * @param project does the work, of a value and of the trace of its span. What is made of the value is to have this `trace`, in the place of the value's.
 * `undefined`: nobody traces.
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
