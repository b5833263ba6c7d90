import { left, right, type Either } from 'fp-ts/lib/Either.js';
import { map, type Observable, of } from 'rxjs';
import { expectTypeOf, test } from 'vitest';
import type {
  DeadlineExceeded,
  DecodeFailed,
  HandlerFailed,
  Interrupted,
  NoResponseTopic,
  Overflowed,
  PublishError,
} from '../../src/errors/errors.js';
import { publishTo, type PublishFailure, type PublishPort, type Published } from '../../src/flow/index.js';
import type { MqttMessage } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import {
  deadLetterFile,
  deadLetterTo,
  failFast,
  fallbackTo,
  respond,
  type Answer,
  type DeadLettered,
  type Responded,
} from '../../src/sinks/index.js';
import { catchTag, type ErrorOf, type ObservableEither, type ValueOf } from '../../src/stream/index.js';

interface Reading {
  readonly celsius: number;
}
declare const proxy: PublishPort;
declare const readings$: Observable<Reading>;
const message = ({ celsius }: Reading) => ({ topicName: 'out', payload: String(celsius), qos: QOS.AT_LEAST_ONCE });
declare const mixed$: ObservableEither<PublishFailure<Reading> | DecodeFailed<MqttMessage> | Interrupted, 1>;
const outcomes$ = readings$.pipe(publishTo(proxy, message));

test('the fallback sink gets the values, and what it emits joins the union', () => {
  outcomes$.pipe(
    fallbackTo(values$ => {
      expectTypeOf(values$).toEqualTypeOf<Observable<Reading>>();
      return values$.pipe(map(value => right(value)));
    }),
  );
  expectTypeOf(outcomes$.pipe(fallbackTo(publishTo(proxy, message)))).toEqualTypeOf<
    Observable<Either<PublishFailure<Reading> | Overflowed, Published<Reading>>>
  >();
  expectTypeOf(outcomes$.pipe(fallbackTo(values$ => values$.pipe(map(() => left('full' as const)))))).toEqualTypeOf<
    Observable<Either<PublishFailure<Reading> | Overflowed | 'full', Published<Reading>>>
  >();
});

test('the other publishTo knows its values without annotations', () => {
  outcomes$.pipe(fallbackTo(publishTo(proxy, reading => ({ topicName: 'out', payload: String(reading.celsius), qos: QOS.AT_LEAST_ONCE }))));
});

test('`when` sees the failures that carry a value', () => {
  outcomes$.pipe(
    fallbackTo(publishTo(proxy, message), {
      when: failure => {
        expectTypeOf(failure).toEqualTypeOf<PublishFailure<Reading>>();
        return failure.outcome === 'refused';
      },
    }),
  );
});

test('letters carry what was to be published, and messages as they came', () => {
  mixed$.pipe(
    deadLetterTo(letters$ =>
      letters$.pipe(
        map(letter => {
          expectTypeOf(letter.original).toEqualTypeOf<Reading | MqttMessage>();
          return right(letter);
        }),
      ),
    ),
  );
  const filed$ = outcomes$.pipe(deadLetterTo(deadLetterFile('letters.ndjson')));
  expectTypeOf<Extract<ValueOf<typeof filed$>, DeadLettered>>().toEqualTypeOf<DeadLettered<Reading>>();
  expectTypeOf(filed$.pipe(catchTag('DeadLetterLost', lost => of(right(lost.letter.original))))).toEqualTypeOf<
    Observable<Either<PublishFailure<Reading> | Overflowed, Published<Reading> | DeadLettered<Reading> | Reading>>
  >();
});

test('failFast makes the chosen tags terminal and no others, and takes only tags that can come', () => {
  const fatal$ = outcomes$.pipe(failFast('Unauthorized'));
  expectTypeOf(fatal$).toExtend<ObservableEither<unknown, Published<Reading>>>();
  type Failure = ErrorOf<typeof fatal$>;
  expectTypeOf<Extract<Failure, { _tag: 'Unauthorized' }>['kind']>().toEqualTypeOf<'terminal'>();
  expectTypeOf<Extract<Failure, { _tag: 'Unauthorized' }>['value']>().toEqualTypeOf<Reading>();
  expectTypeOf<Extract<Failure, { _tag: 'ServiceFault' }>['kind']>().toEqualTypeOf<'message'>();
  // @ts-expect-error a publish cannot fail so
  outcomes$.pipe(failFast('DecodeFailed'));
  // @ts-expect-error none chosen
  outcomes$.pipe(failFast());
});

interface Heat {
  readonly id: string;
  readonly celsius: number;
}
type Asked = MqttMessage & { readonly value: Heat };
declare const raw$: ObservableEither<PublishError, MqttMessage>;
declare const commands$: ObservableEither<Interrupted | DecodeFailed<MqttMessage>, Asked>;

test('respond knows command and failures without annotations', () => {
  const responded$ = commands$.pipe(
    respond(proxy, {
      handle: ({ celsius }, command) => {
        expectTypeOf(celsius).toEqualTypeOf<number>();
        expectTypeOf(command).toEqualTypeOf<Asked>();
        return Promise.resolve(celsius > 30 ? left({ _tag: 'TooHot' } as const) : right('heating'));
      },
      onFailure: (failure, command) => {
        expectTypeOf(failure).toEqualTypeOf<
          { readonly _tag: 'TooHot' } | DeadlineExceeded<Asked> | HandlerFailed<Asked> | DecodeFailed<MqttMessage>
        >();
        expectTypeOf(command).toEqualTypeOf<Asked | MqttMessage>();
        return failure._tag;
      },
      replyTo: ({ value }) => `answers/${value.id}`,
      dedupe: { id: ({ value }) => value.id, commands: 1, ttl: 1 },
    }),
  );
  expectTypeOf(responded$).toEqualTypeOf<
    ObservableEither<
      | Interrupted
      | DecodeFailed<MqttMessage>
      | { readonly _tag: 'TooHot' }
      | DeadlineExceeded<Asked>
      | HandlerFailed<Asked>
      | NoResponseTopic<Asked>
      | PublishFailure<Answer<Asked | MqttMessage>>
      | Overflowed,
      Responded<Asked>
    >
  >();
});

test('an answer is text or bytes', () => {
  // @ts-expect-error a number is neither
  commands$.pipe(respond(proxy, { handle: ({ celsius }) => Promise.resolve(celsius) }));
  // @ts-expect-error nor is one in a Right
  commands$.pipe(respond(proxy, { handle: ({ celsius }) => of(right(celsius)) }));
});

test('respond takes messages that have been decoded', () => {
  // @ts-expect-error there is no `value` to carry out
  raw$.pipe(respond(proxy, { handle: () => of('done') }));
});
