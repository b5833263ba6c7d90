import * as E from 'fp-ts/lib/Either.js';
import { concat, defer, EMPTY, NEVER, Observable, of } from 'rxjs';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { fixed } from '../../src/schedule/index.js';
import { shareSubscriptions } from '../../src/client/share-subscriptions.js';
import { connect } from '../../src/client/connect.js';
import { QOS } from '../../src/shared/qos.js';
import * as OE from '../../src/stream/index.js';
import { retryErrorsWith, retryWith } from '../../src/stream/retry.js';

type Element = E.Either<{ readonly _tag: 'Stale'; readonly kind: 'message' }, number>;
const stale = E.left({ _tag: 'Stale', kind: 'message' } as const);
const boom = (): never => {
  throw new Error('boom');
};

/** What `async` makes of any function, as a JavaScript program may write it. */
const late = (): never => Promise.resolve() as never;

/** Every function that a combinator of streams calls, each of them broken. */
const combinators: readonly (readonly [name: string, on: (source: Observable<Element>) => Observable<unknown>])[] = [
  ['map', s => OE.map(boom)(s)],
  ['mapLeft', s => OE.mapLeft(boom)(s)],
  ['bimap, of a Left', s => OE.bimap(boom, (n: number) => n)(s)],
  ['bimap, of a Right', s => OE.bimap(error => error, boom)(s)],
  ['chain', s => OE.chainW(boom)(s)],
  ['chain, whose stream throws', s => OE.chainW(() => new Observable<never>(boom))(s)],
  ['chainFirst', s => OE.chainFirstW(boom)(s)],
  ['chainEitherK', s => OE.chainEitherKW(boom)(s)],
  ['chainTaskEitherK', s => OE.chainTaskEitherKW(boom)(s)],
  ['chainTaskEitherK, whose task throws', s => OE.chainTaskEitherKW(() => boom)(s)],
  ['chainMerge', s => OE.chainMergeW(boom)(s)],
  ['chainSwitch', s => OE.chainSwitchW(boom)(s)],
  ['chainExhaust', s => OE.chainExhaustW(boom)(s)],
  ['ap', s => OE.apW(s)(of(E.right(boom)))],
  ['bind', s => OE.bindW('b', boom)(OE.bindTo('a')(s))],
  ['let', s => OE.let('b', boom)(OE.bindTo('a')(s))],
  ['filterOrElse', s => OE.filterOrElseW(boom, () => 'no')(s)],
  ['filterOrElse, of what it refuses', s => OE.filterOrElseW(() => false, boom)(s)],
  ['orElse', s => OE.orElseW(boom)(s)],
  ['onRights, before it gives a stream', s => s.pipe(OE.onRights(boom))],
  ['onRights, of a stream that throws', s => s.pipe(OE.onRights(() => new Observable<never>(boom)))],
  ['catchTag', s => s.pipe(OE.catchTag('Stale', boom))],
  ['catchTag, of a stream that throws', s => s.pipe(OE.catchTag('Stale', () => new Observable<never>(boom)))],
  ['catchTags', s => s.pipe(OE.catchTags({ Stale: boom }))],
  ['absorbTags', s => s.pipe(OE.absorbTags({ Stale: boom }))],
  ['absorbKinds', s => s.pipe(OE.absorbKinds({ message: boom }))],
  ['retryWith, of its condition', s => s.pipe(retryWith(fixed(1), { lefts: 'all', while: boom }))],
  ['retryWith, of its schedule', s => s.pipe(retryWith({ ...fixed(1), delay: boom }, { lefts: 'all' }))],
  ['retryWith, of its randomness', s => s.pipe(retryWith({ ...fixed(1), delay: ({ random }) => random() }, { lefts: 'all', random: boom }))],
  ['mergeW', s => OE.mergeW(new Observable<never>(boom), s)],
]; // prettier-ignore

/** Those that are streams of their own, or hear of the end of one. */
const own: readonly (readonly [name: string, stream$: () => Observable<unknown>])[] = [
  ['fromTask', () => OE.fromTask(boom)],
  ['fromTaskEither', () => OE.fromTaskEither(boom)],
  ['fromIO', () => OE.fromIO(boom)],
  ['fromOption', () => OE.fromOption(boom)({ _tag: 'None' })],
  ['tryCatch', () => OE.tryCatch(boom)(new Observable<never>(boom))],
  ['toTaskEither', () => defer(OE.toTaskEither(boom)(EMPTY as Observable<Element>))],
  ['retryErrorsWith', () => new Observable<never>(boom).pipe(retryErrorsWith(fixed(1), { while: boom }))],
  [
    'a shared subscription',
    () => shareSubscriptions(Object.assign(connect(), { subscribe: boom })).subscribe({ topicName: 'a', qos: QOS.AT_LEAST_ONCE }),
  ],
];

/** Sources that end while they are subscribed, that never end, and that would go on for ever unless they are stopped. */
const sources: readonly (readonly [name: string, source: () => Observable<Element>])[] = [
  ['ends at once', () => of(E.right(1), stale)],
  ['never ends', () => concat(of(E.right(1), stale), NEVER)],
  [
    'stops only when it is left',
    () =>
      new Observable<Element>(subscriber => {
        for (let n = 0; !subscriber.closed; n++) {
          if (n === 10_000) throw new Error('it was not left');
          subscriber.next(n % 2 === 0 ? E.right(n) : stale);
        }
      }),
  ],
];

/** What a stream does by the time all that was promised is settled. */
const endOf = async (stream$: Observable<unknown>): Promise<unknown> => {
  let end: unknown = 'goes on';
  const subscription = stream$.subscribe({ error: (error: unknown) => (end = error), complete: () => (end = 'complete') });
  for (let turns = 0; turns < 3; turns++) await turn();
  subscription.unsubscribe();
  return end;
};

// Whatever else were thrown, into a timer or a promise that nobody holds, would fail the run.
describe.each(sources)('what a function throws is the error of its stream, and of nothing else, where the source %s', (_name, source) => {
  it.each(combinators)('%s', async (_combinator, on) => {
    expect(await endOf(on(source()))).toEqual(new Error('boom'));
  });
});

describe('what is thrown where a stream is made is its error', () => {
  it.each(own)('%s', async (_name, stream$) => {
    expect(await endOf(stream$())).toEqual(new Error('boom'));
  });
});

it.each<readonly [string, string, (source: Observable<Element>) => Observable<unknown>]>([
  ['filterOrElse', 'predicate', s => OE.filterOrElseW(late, () => 'no')(s)],
  ['chainEitherK', 'chainEitherK', s => OE.chainEitherKW(late)(s)],
])('%s tells an async function that its value is needed at once', async (_name, what, on) => {
  expect(String(await endOf(on(of(E.right(1)))))).toMatch(`TypeError: ${what} returned a promise`);
});
