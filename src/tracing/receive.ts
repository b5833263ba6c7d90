import { type Span, SpanKind, type Tracer } from '@opentelemetry/api';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { Observable } from 'rxjs';
import { copyError } from '../errors/failure.js';
import { tagOf } from '../stream/observable-either.js';
import { markHandled } from '../stream/unhandled.js';
import { workOn } from '../stream/work-on.js';
import type { TracedKind } from './kinds.js';
import { failSpan, startSpan } from './spans.js';
import type { Traced } from './trace-context.js';

/** What every message has. */
interface Received {
  readonly topicName: string;
  readonly payload: Uint8Array;
}

/**
 * The messages of a subscription, each with the span of its receipt: from its arrival until all has been done with it that is done at once.
 * What waits in a stage, or for a promise, has spans of its own, which begin later. A message that cannot be decoded has one that failed;
 * other failures are no messages, and have none.
 */
export function receiving<E, M extends Received, R>(
  messages$: Observable<Either<E, M>>,
  filter: string,
  tracer: Tracer,
  kind: TracedKind<M, R>,
): Observable<Either<E, M & Traced>> {
  const begin = (message: M): Span => {
    const cause = kind.carrier?.read(message);
    const attributes = {
      'messaging.system': kind.system,
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': message.topicName,
      'messaging.destination.template': filter,
      'messaging.message.body.size': message.payload.length,
    };
    return startSpan(tracer, `process ${filter}`, SpanKind.CONSUMER, attributes, cause === undefined ? [] : [cause], 'new trace');
  };
  return new Observable(destination => {
    const take = (element: Either<E, M>): void => {
      if (element._tag === 'Right') {
        const span = begin(element.right);
        const message: M & Traced = Object.assign({ trace: span.spanContext() }, element.right);
        try {
          destination.next(right(message));
        } finally {
          span.end();
        }
        return;
      }
      const error = element.left;
      if (!isUndecoded(error)) {
        destination.next(element);
        return;
      }
      // The message as the port hands it on.
      const original = error.original as M;
      const span = begin(original);
      const failure = copyError(error, { original: { ...original, trace: span.spanContext() } });
      markHandled(error);
      try {
        destination.next(left(failure as E & typeof failure));
      } finally {
        failSpan(span, failure);
      }
    };
    workOn(messages$, destination, {
      next: take,
      error: (error: unknown) => destination.error(error),
      complete: () => destination.complete(),
    });
  });
}

/** Whether it is about a message that could not be decoded; its tag says so. */
function isUndecoded(error: unknown): error is object & { readonly original: unknown } {
  return tagOf(error) === 'DecodeFailed';
}
