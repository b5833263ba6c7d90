import { left, right, type Either } from 'fp-ts/lib/Either.js';
import { asyncScheduler, concat, delay, EMPTY, ignoreElements, map, NEVER, of, range, take, throwError, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { DecodeFailed, Interrupted, Overflowed } from '../../src/errors/errors.js';
import { publishTo } from '../../src/flow/index.js';
import { connect } from '../../src/client/connect.js';
import { QOS } from '../../src/shared/qos.js';
import { deadLetterTo, type DeadLetter } from '../../src/sinks/index.js';
import { catchTag } from '../../src/stream/index.js';
import { marbles } from '../../src/testing/index.js';
import { asText, fakeProxy } from '../kit/nucleus/fake-proxy.js';
import { watched } from '../kit/time/virtual.js';
import { COMPONENT, PROFILES, start } from '../kit/nucleus/nuclei.js';
import { collected } from '../kit/streams/collected.js';
import { failed, invalid, lost, refusedToken } from '../kit/streams/failures.js';

const tagOf = (element: Either<{ readonly _tag: string }, unknown>): string =>
  element._tag === 'Left' ? element.left._tag : JSON.stringify(element.right);

describe('deadLetterTo', () => {
  it('hands over reason and original of failed publishes and undecodable messages, and passes the rest', async () => {
    const message = { topicName: 'in', payload: new Uint8Array([1]) };
    const gap = left(new Interrupted('in'));
    const overflow = left(new Overflowed('gap', 2, 0, 'dropOldest'));
    const source$ = of(
      right(1),
      left(failed('a', lost, 'unknown')),
      gap,
      left(new DecodeFailed('in', message, ['bad'])),
      overflow,
      right(2),
    );
    const letters: DeadLetter[] = [];
    const seen = await collected(
      source$.pipe(
        deadLetterTo(
          letters$ =>
            letters$.pipe(
              map(letter => letters.push(letter)),
              ignoreElements(),
            ),
          { scheduler: { now: () => 1_700_000_000_000, schedule: asyncScheduler.schedule.bind(asyncScheduler) } },
        ),
      ),
    );
    expect(seen).toEqual([right(1), gap, overflow, right(2)]);
    expect(letters).toEqual([
      {
        at: 1_700_000_000_000,
        tag: 'ConnectionLost',
        reason: 'The connection to the nucleus broke before the answer came: whether the nucleus acted is unknown.',
        attempts: 1,
        outcome: 'unknown',
        original: 'a',
      },
      {
        at: 1_700_000_000_000,
        tag: 'DecodeFailed',
        reason: 'A message on "in" could not be decoded: bad',
        attempts: 0,
        outcome: 'refused',
        original: message,
      },
    ]);
  });

  it('stamps letters with the virtual time, without being told', () => {
    marbles(({ cold, expectStream }) => {
      const began = asyncScheduler.now();
      const source$ = cold('---x|', { x: left(failed('a')) });
      const out$ = source$.pipe(deadLetterTo(letters$ => letters$.pipe(map(({ at }) => right(at - began)))));
      expectStream(out$).toBeMarble('---x|', { x: right(3) });
    })();
  });

  it('hands over a value that is undefined as what it is', async () => {
    const seen = await collected(
      of(left(failed(undefined))).pipe(deadLetterTo(letters$ => letters$.pipe(map(({ original }) => right(original))))),
    );
    expect(seen).toEqual([right(undefined)]);
  });

  it('takes what `when` chooses', async () => {
    const source$ = of(left(failed('a', invalid)), left(failed('b', lost)));
    const seen = await collected(
      source$.pipe(
        deadLetterTo(letters$ => letters$.pipe(map(({ original }) => right(original))), { when: ({ _tag }) => _tag === 'InvalidRequest' }),
      ),
    );
    expect(seen.map(tagOf)).toEqual(['"a"', 'ConnectionLost']);
  });

  it('takes the value of a terminal failure, which passes all the same, when the sink has finished', () => {
    const proxy = fakeProxy(payload => ({ after: Number(payload), error: payload === '1' ? invalid : refusedToken }));
    const outcomes$ = concat(range(1, 2), NEVER).pipe(
      publishTo(proxy, asText),
      deadLetterTo(letters$ =>
        letters$.pipe(
          delay(20),
          map(letter => right(letter.original)),
        ),
      ),
    );
    expect(watched(() => outcomes$, tagOf)).toEqual(['21 1', '22 2', '22 TokenRefused', '22 complete']);
  });

  it('takes everything that was inside when the stage came to its end, once', () => {
    const proxy = fakeProxy(payload => (payload === '1' ? { after: 5, error: refusedToken } : 'never'));
    const letters$ = (letters$: Observable<DeadLetter>) =>
      letters$.pipe(map(({ original, outcome }) => right(`${String(original)} ${outcome}`)));
    const outcomes$ = concat(range(1, 4), NEVER).pipe(publishTo(proxy, asText, { inFlight: 2 }));
    const expected = ['5 "2 unknown"', '5 "3 refused"', '5 "4 refused"', '5 "1 refused"', '5 TokenRefused', '5 complete'];
    expect(watched(() => outcomes$.pipe(deadLetterTo(letters$)), tagOf)).toEqual(expected);
    // A second sink has no claim to what the first has taken.
    expect(watched(() => outcomes$.pipe(deadLetterTo(letters$), deadLetterTo(letters$)), tagOf)).toEqual(expected);
  });

  it('offers each failure once and hands on what the sink says, its errors too', async () => {
    const offered: unknown[] = [];
    const seen = await collected(
      of(left(failed('a')), left(failed('b'))).pipe(
        deadLetterTo(letters$ =>
          letters$.pipe(
            map(({ original }) => {
              offered.push(original);
              return original === 'a' ? left({ _tag: 'DiskFull' as const }) : right('kept');
            }),
          ),
        ),
      ),
    );
    expect(seen.map(tagOf)).toEqual(['DiskFull', '"kept"']);
    expect(offered).toEqual(['a', 'b']);
  });

  it('goes on when the sink has had enough: failures pass from then on', async () => {
    const source$ = of(left(failed('a')), right({ value: 'b' }), left(failed('c')), right({ value: 'd' }));
    const seen = await collected(
      source$.pipe(
        deadLetterTo(letters$ =>
          letters$.pipe(
            take(1),
            map(({ original }) => right(original)),
          ),
        ),
      ),
    );
    expect(seen.map(tagOf)).toEqual(['"a"', '{"value":"b"}', 'InvalidRequest', '{"value":"d"}']);
    expect((await collected(source$.pipe(deadLetterTo(() => EMPTY)))).map(tagOf)).toHaveLength(4);
  });

  it('hands an error thrown by the sink, or by `when`, to the error channel', async () => {
    const out$ = of(left(failed('a'))).pipe(deadLetterTo(() => throwError(() => new Error('sink'))));
    await expect(collected(out$)).rejects.toThrow('sink');
    const when = (): never => {
      throw new Error('when');
    };
    await expect(collected(of(left(failed('a'))).pipe(deadLetterTo(() => NEVER, { when })))).rejects.toThrow('when');
  });

  it.each(PROFILES)('takes what the %s nucleus refuses out of the way of the rest', async profile => {
    await using nucleus = await start(profile);
    // Its policies are there from the start: what it refuses need not be asked again.
    await using proxy = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(COMPONENT), refusalPatience: 0 });
    const outcomes$ = of('forbidden/a', 'test/b').pipe(
      publishTo(proxy, topicName => ({ topicName, payload: 'x', qos: QOS.AT_LEAST_ONCE }), { inFlight: 1 }),
      deadLetterTo(letters$ => letters$.pipe(map(({ tag, original }) => right({ tag, original })))),
    );
    expect(await collected(outcomes$)).toMatchObject([right({ tag: 'Unauthorized', original: 'forbidden/a' }), right({ value: 'test/b' })]);
  });
});

describe('dropping on chosen tags', () => {
  it('is catchTag with nothing in the place of the failure; the other failures pass', async () => {
    const source$ = of(left(failed('a', invalid)), left(failed('b', lost)), right('c'));
    const seen = await collected(source$.pipe(catchTag('InvalidRequest', () => EMPTY)));
    expect(seen.map(tagOf)).toEqual(['ConnectionLost', '"c"']);
  });
});
