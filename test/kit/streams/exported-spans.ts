import type { TracerProvider } from '@opentelemetry/api';
import { BasicTracerProvider, type ReadableSpan, type SpanProcessor } from '@opentelemetry/sdk-trace-base';

/** A tracer provider of OpenTelemetry's own SDK, and what it has exported. */
export interface ExportedSpans {
  readonly tracerProvider: TracerProvider;
  readonly spans: () => readonly ReadableSpan[];
  /** Each span as `name < name of its parent`, in the order of their beginning. */
  readonly tree: () => readonly string[];
  /** The one of this name. */
  readonly span: (name: string) => ReadableSpan;
}

export function exportedSpans(): ExportedSpans {
  // Beginnings have the time in whole milliseconds: many have the same.
  const begun: string[] = [];
  const ended: ReadableSpan[] = [];
  // The SDK's own processors wait for promises, which virtual time does not.
  const processor: SpanProcessor = {
    onStart: span => begun.push(span.spanContext().spanId),
    onEnd: span => ended.push(span),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [processor] });
  const spans = (): readonly ReadableSpan[] => ended;
  return {
    tracerProvider,
    spans,
    tree: () => {
      const names = new Map(spans().map(span => [span.spanContext().spanId, span.name]));
      return [...spans()]
        .sort((one, other) => begun.indexOf(one.spanContext().spanId) - begun.indexOf(other.spanContext().spanId))
        .map(({ name, parentSpanContext: parent }) =>
          parent === undefined ? name : `${name} < ${names.get(parent.spanId) ?? parent.spanId}`,
        );
    },
    span: name => {
      const found = spans().filter(span => span.name === name);
      const [only] = found;
      if (only === undefined || found.length > 1)
        throw new Error(
          `${found.length} spans ${name} among: ${spans()
            .map(span => span.name)
            .join(', ')}`,
        );
      return only;
    },
  };
}
