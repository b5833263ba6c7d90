import { diag, isSpanContextValid, type Span, SpanKind, type Tracer } from '@opentelemetry/api';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { Observable, type Unsubscribable } from 'rxjs';
import type { PublishError } from '../errors/errors.js';
import { copyError } from '../errors/failure.js';
import { markingWith, marksOf } from '../flow/declaration.js';
import type { PublishListener, Submit } from '../flow/publish-job.js';
import type { AcceptedBy } from '../flow/publish-outcome.js';
import type { PublishRequest } from '../ports/mqtt-proxy.js';
import { atOnce } from '../shared/check-argument.js';
import { tagOf } from '../stream/observable-either.js';
import { markHandled } from '../stream/unhandled.js';
import { workOn } from '../stream/work-on.js';
import { mqttKind, type TracedKind, type TracedOptions } from './kinds.js';
import { failSpan, startSpan, tracerOf } from './spans.js';
import { type Traced, tracesOf } from './trace-context.js';

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

/**
 * What makes a request the carrier of a span's context; says on the span, and once in the log of OpenTelemetry, where it does not travel.
 */
class Sending<M, R> {
  readonly #kind: TracedKind<M, R>;
  /** Why this nucleus carries nothing, as far as is known. */
  readonly #obstacle: () => string | undefined;
  #isTold = false;

  constructor(kind: TracedKind<M, R>, obstacle: () => string | undefined = () => undefined) {
    this.#kind = kind;
    this.#obstacle = obstacle;
  }

  /** Begins the span of a message, and gives the request that carries it. */
  begin(tracer: Tracer, operation: 'publish' | 'create', request: R & Traced): { readonly span: Span; readonly sent: R } {
    const { system, carrier, problemOf, topicOf, bytesOf, untraced } = this.#kind;
    const bare = untraced(request);
    const given = tracesOf(request);
    const topic = topicOf(bare);
    const isRefused = problemOf(bare) !== undefined;
    const attributes = {
      'messaging.system': system,
      'messaging.operation.name': operation,
      'messaging.operation.type': operation === 'publish' ? 'send' : operation,
      'messaging.destination.name': topic,
      'messaging.message.body.size': isRefused ? undefined : bytesOf(bare),
    };
    // Without a cause it goes on with what it has itself: it was stored with it.
    const causes = given.length > 0 || isRefused ? given : tracesOf({ trace: carrier?.read(bare) });
    const span = startSpan(tracer, `${operation} ${topic}`, SpanKind.PRODUCER, attributes, causes);
    const context = span.spanContext();
    if (isRefused || !isSpanContextValid(context)) return { span, sent: bare };
    // What is not carried is not sent either: it would take room in the frame.
    const onNucleus = this.#obstacle();
    const sent = onNucleus === undefined ? carrier?.write(bare, context) : undefined;
    const obstacle = carrier === undefined || sent !== undefined ? undefined : (onNucleus ?? NO_OBJECT);
    span.setAttribute('greengrass_rx.trace.carrier', carrier === undefined || sent === undefined ? 'none' : carrier.name);
    if (obstacle !== undefined && !this.#isTold) {
      this.#isTold = true;
      diag.warn(`greengrass-rx: what is published to ${topic} is the end of its trace. ${obstacle}`);
    }
    return { span, sent: sent ?? bare };
  }
}

const NO_OBJECT = 'Its payload is no JSON object, and so has no place for a context.';

/** The longest context there is, but for its `tracestate`. */
const LONGEST = { traceId: 'f'.repeat(32), spanId: 'f'.repeat(16), traceFlags: 1 };

/** The request as a traced port may send it at its largest: with a context in the place of its own, whose `tracestate` goes on. */
export function atLargest<M, R>({ carrier }: TracedKind<M, R>, request: R): R {
  const traceState = carrier?.read(request)?.traceState;
  return carrier?.write(request, traceState === undefined ? LONGEST : { ...LONGEST, traceState }) ?? request;
}

/** The way into a port, with a span for each publish, from its submission to its answer. */
export function sending<M, R, Acc extends AcceptedBy>(
  submit: Submit<R, Acc>,
  tracer: () => Tracer | undefined,
  kind: TracedKind<M, R>,
  obstacle?: () => string | undefined,
): Submit<R & Traced, Acc> {
  const way = new Sending(kind, obstacle);
  return (request, listener) => {
    const present = tracer();
    if (present === undefined) return submit(request, listener);
    const { span, sent } = way.begin(present, 'publish', request);
    const publish = new PublishSpan(span, listener);
    try {
      publish.underWay = submit(sent, publish);
    } catch (defect) {
      failSpan(span, defect);
      throw defect;
    }
    return publish;
  };
}

/** One publish under way, and its span. */
class PublishSpan<Acc extends AcceptedBy> implements PublishListener<Acc>, Unsubscribable {
  underWay: Unsubscribable | undefined;
  readonly #span: Span;
  readonly #listener: PublishListener<Acc>;

  constructor(span: Span, listener: PublishListener<Acc>) {
    this.#span = span;
    this.#listener = listener;
  }

  onAccepted(accepted: Acc): void {
    this.#span.setAttribute('greengrass_rx.accepted.by', accepted.by);
    this.#span.end();
    this.#listener.onAccepted(accepted);
  }

  onFailed(error: PublishError): void {
    failSpan(this.#span, error);
    this.#listener.onFailed(error);
  }

  onDefect(error: unknown): void {
    failSpan(this.#span, error);
    this.#listener.onDefect(error);
  }

  unsubscribe(): void {
    this.underWay?.unsubscribe();
    // Nobody waits for its answer any more. It may have been sent.
    if (this.#span.isRecording()) failSpan(this.#span, { _tag: 'GivenUp' });
  }
}

/**
 * Requests that carry their trace context where they are kept: goes around the function that `storeIn` takes. The message is stored with
 * the context of a span `create <topic>`, a child of what the value comes from. A `forwardFrom` over a traced proxy with the same `carrier`
 * goes on with it, after a power cut as well.
 *
 * @param request makes the message of a value. The context is that of `trace` in the request, or of the value's.
 *
 * @example
 * ```ts
 * import { connect, QOS } from 'greengrass-rx';
 * import { forwardFrom, openOutbox, storeIn } from 'greengrass-rx/outbox';
 * import { traced, withTrace } from 'greengrass-rx/tracing';
 * import { of } from 'rxjs';
 *
 * const proxy = traced(connect());
 * const outbox = openOutbox({ path: ':memory:' });
 * const stored$ = of({ kWh: 3 }).pipe(
 *   storeIn(outbox, withTrace(({ kWh }) => ({ topicName: 'meters/7', payload: JSON.stringify({ kWh }), qos: QOS.AT_LEAST_ONCE }))),
 * );
 * const forwarded$ = forwardFrom(outbox, proxy);
 * console.log(typeof stored$.subscribe, typeof forwarded$.subscribe); // function function
 * await proxy.close();
 * ```
 */
export function withTrace<A>(
  request: (value: A) => PublishRequest & Traced,
  { carrier = 'userProperties', tracerProvider }: TracedOptions = {},
): (value: A) => PublishRequest {
  const tracer = tracerOf(tracerProvider);
  const kind = mqttKind(carrier);
  const way = new Sending(kind);
  const withContext = (value: A): PublishRequest => {
    const made = atOnce(request(value), 'request');
    const present = tracer();
    if (present === undefined) return kind.untraced(made);
    const { span, sent } = way.begin(present, 'create', made.trace === undefined ? { ...made, trace: tracesOf(value) } : made);
    span.end();
    return sent;
  };
  return markingWith(withContext, marksOf(request));
}
