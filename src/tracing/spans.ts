import {
  type Attributes,
  context,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  type SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import { tagOf } from '../stream/observable-either.js';

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
 * Begins a span: of one cause it is a child, in the cause's trace; of several it begins a trace of its own with a link to each, since a span has one parent.
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

/** A span's end in a failure, by its tag; the sentence is that of the error, but for `DecodeFailed`, whose sentence has parts of the payload. */
export function failSpan(span: Span, error: unknown): void {
  const type = tagOf(error) ?? (error instanceof Error ? error.name : '_OTHER');
  span.setAttribute('error.type', type);
  span.setStatus({
    code: SpanStatusCode.ERROR,
    message: error instanceof Error && type !== 'DecodeFailed' ? `${type}: ${error.message}` : type,
  });
  span.end();
}
