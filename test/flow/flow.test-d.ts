import type { Either } from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { type Observable, of, Subject } from 'rxjs';
import { describe, expectTypeOf, it } from 'vitest';
import type { Overflowed, SubscribeError, TokenRefused } from '../../src/errors/errors.js';
import {
  batch,
  concurrently,
  type Iterated,
  type Published,
  type PublishFailure,
  publishTo,
  publishWritable,
  pullThrough,
  toAsyncIterable,
} from '../../src/flow/index.js';
import type { MqttMessage, MqttProxy, PublishRequest } from '../../src/ports/mqtt-proxy.js';
import { onRights } from '../../src/stream/on-rights.js';

interface Reading {
  readonly celsius: number;
}
interface Room extends Reading {
  readonly room: string;
}
class Unreadable {
  readonly _tag = 'Unreadable';
}
class NoSuchRoom {
  readonly _tag = 'NoSuchRoom';
}

declare const proxy: MqttProxy;
declare const rooms$: Observable<Room>;
declare const messages$: Observable<Either<SubscribeError, MqttMessage>>;
/** Takes more than the source gives. */
declare const anyReading: (reading: Reading) => PublishRequest;
declare const roomOf: (reading: Reading) => TaskEither<NoSuchRoom, Room>;

describe('publishTo', () => {
  it("takes the value's type from the source, whatever request can take", () => {
    const outcomes$ = rooms$.pipe(publishTo(proxy, anyReading));
    expectTypeOf(outcomes$).toEqualTypeOf<Observable<Either<PublishFailure<Room> | Overflowed, Published<Room>>>>();
    rooms$.pipe(
      publishTo(proxy, room => anyReading({ celsius: room.room.length }), { buffer: { onFull: 'latestPerKey', key: room => room.room } }),
    );
  });

  it('takes it from request where there is no source', () => {
    const stage = publishTo(proxy, (room: Room) => anyReading(room));
    expectTypeOf(rooms$.pipe(stage)).toEqualTypeOf<Observable<Either<PublishFailure<Room> | Overflowed, Published<Room>>>>();
    // @ts-expect-error -- a number is no room
    of(1).pipe(stage);
  });

  it('refuses a request that takes something else than the source gives', () => {
    // @ts-expect-error -- the source gives numbers
    of(1).pipe(publishTo(proxy, anyReading));
  });

  it('has failures that narrow to each error and keep the value', () => {
    const handle = (failure: PublishFailure<Room>): void => {
      expectTypeOf(failure.value).toEqualTypeOf<Room>();
      expectTypeOf(failure.outcome).toEqualTypeOf<'refused' | 'unknown'>();
      if (failure._tag === 'ServiceFault') expectTypeOf(failure.reason).toExtend<string>();
      if (failure._tag === 'TokenRefused') expectTypeOf(failure).toExtend<TokenRefused>();
    };
    expectTypeOf(handle).toBeFunction();
  });

  it('refuses bounds that do not fit together', () => {
    // @ts-expect-error -- bytes needs sizeOf
    publishTo(proxy, anyReading, { buffer: { bytes: 10 } });
    // @ts-expect-error -- latestPerKey needs key
    publishTo(proxy, anyReading, { buffer: { onFull: 'latestPerKey' } });
    // @ts-expect-error -- only latestPerKey has a key
    publishTo(proxy, anyReading, { buffer: { onFull: 'dropOldest', key: () => 1 } });
    publishTo(proxy, anyReading, { buffer: undefined, retry: undefined, timeout: undefined, inFlight: undefined });
  });
});

describe('concurrently', () => {
  it('has the errors of its work and Overflowed on the left, plain results on the right', () => {
    expectTypeOf(rooms$.pipe(concurrently(2, room => of(room.room)))).toEqualTypeOf<Observable<Either<Overflowed, string>>>();
    expectTypeOf(rooms$.pipe(concurrently(2, async room => room.room))).toEqualTypeOf<Observable<Either<Overflowed, string>>>();
    expectTypeOf(rooms$.pipe(concurrently(2, roomOf))).toEqualTypeOf<Observable<Either<NoSuchRoom | Overflowed, Room>>>();
    const oe = (room: Room): Observable<Either<Unreadable, number>> =>
      new Subject<Either<Unreadable, number>>().pipe(s$ => (room.celsius > 0 ? s$ : s$));
    expectTypeOf(rooms$.pipe(concurrently(2, oe))).toEqualTypeOf<Observable<Either<Unreadable | Overflowed, number>>>();
  });

  it('refuses plain values as work, and a project that takes something else', () => {
    // @ts-expect-error -- a number is no work
    rooms$.pipe(concurrently(2, room => room.celsius));
    // @ts-expect-error -- the source gives numbers
    of(1).pipe(concurrently(2, roomOf));
  });
});

describe('stages in onRights', () => {
  it('widen the union of errors, however deep they nest', () => {
    const outcomes$ = messages$.pipe(
      onRights(m$ => m$.pipe(concurrently(8, m => roomOf({ celsius: m.payload.length })))),
      onRights(room$ => room$.pipe(publishTo(proxy, anyReading, { inFlight: 8 }))),
    );
    expectTypeOf(outcomes$).toEqualTypeOf<
      Observable<Either<SubscribeError | NoSuchRoom | Overflowed | PublishFailure<Room>, Published<Room>>>
    >();
  });
});

describe('the other forms', () => {
  it('keep the types of their elements', () => {
    expectTypeOf(rooms$.pipe(batch({ bytes: 100, sizeOf: room => room.room.length }))).toEqualTypeOf<Observable<readonly Room[]>>();
    const rooms: Room[] = [];
    expectTypeOf(pullThrough(rooms, publishTo(proxy, anyReading))).toEqualTypeOf<
      Observable<Either<PublishFailure<Room> | Overflowed, Published<Room>>>
    >();
    expectTypeOf(
      pullThrough(
        rooms,
        concurrently(1, room => of(room.room)),
      ),
    ).toEqualTypeOf<Observable<Either<Overflowed, string>>>();
    expectTypeOf(toAsyncIterable(rooms$)).toEqualTypeOf<AsyncIterable<Iterated<Room>>>();
    expectTypeOf<Iterated<Either<Unreadable, Room>>>().toEqualTypeOf<Either<Unreadable | Overflowed, Room>>();
    publishWritable(proxy, (room: Room) => anyReading(room), {
      onOutcome: outcome => expectTypeOf(outcome).toEqualTypeOf<Either<PublishFailure<Room>, Published<Room>>>(),
    });
  });
});
