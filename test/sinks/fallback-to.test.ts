import { left, right, type Either } from 'fp-ts/lib/Either.js';
import { concat, delay, map, NEVER, of, range } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Overflowed, ProxyClosed } from '../../src/errors/errors.js';
import { Ledger, publishTo, type Published, type PublishFailure } from '../../src/flow/index.js';
import { connect } from '../../src/client/connect.js';
import { QOS } from '../../src/shared/qos.js';
import { fallbackTo } from '../../src/sinks/index.js';
import { rights } from '../../src/stream/index.js';
import { marbles } from '../../src/testing/index.js';
import { asText, fakeProxy } from '../kit/nucleus/fake-proxy.js';
import { watched } from '../kit/time/virtual.js';
import { COMPONENT, PROFILES, start } from '../kit/nucleus/nuclei.js';
import { collected } from '../kit/streams/collected.js';
import { failed, invalid, lost, refusedToken } from '../kit/streams/failures.js';

type Outcome = Either<PublishFailure<unknown> | Overflowed, Published<unknown>>;
const text = (outcome: Outcome): string => {
  if (outcome._tag === 'Right') return `${String(outcome.right.value)} by ${outcome.right.by}`;
  return 'value' in outcome.left ? `${String(outcome.left.value)} ${outcome.left._tag}` : outcome.left._tag;
};

const accepted = <A>(value: A): Either<never, Published<A>> => right({ value, attempts: 1, by: 'mqtt-socket' });

describe('fallbackTo', () => {
  it('sends the values of failures through the other sink, and passes everything else at once', () => {
    marbles(({ cold, expectStream }) => {
      const elements = {
        a: accepted('a'),
        x: left(failed('x')),
        o: left(new Overflowed('gap', 3, 0, 'dropOldest')),
        X: accepted('x'),
      };
      const source$ = cold<Either<PublishFailure<string> | Overflowed, Published<string>>>('axo-a-|', elements);
      expectStream(source$.pipe(fallbackTo(values$ => values$.pipe(delay(4), map(accepted))))).toBeMarble('a-o-aX|', elements);
    })();
  });

  it('offers each value to the other sink once, which may fail too', () => {
    const first = fakeProxy(payload => (payload === '2' ? { after: 1 } : { after: 1, error: invalid }));
    const second = fakeProxy(payload => (payload === '3' ? { after: 10, error: lost } : { after: 10 }));
    const outcomes$ = range(1, 3).pipe(publishTo(first, asText), fallbackTo(publishTo(second, asText)));
    expect(watched(() => outcomes$, text)).toEqual(['1 2 by spooler', '11 1 by spooler', '11 3 ConnectionLost', '11 complete']);
    expect(second.log.map(({ payload }) => payload)).toEqual(['1', '3']);
  });

  it('leaves out failures of unknown outcome where asked: at most once', () => {
    const first = fakeProxy(payload => ({ after: 1, error: payload === '1' ? lost : invalid }));
    const second = fakeProxy(() => ({ after: 1 }));
    const outcomes$ = range(1, 2).pipe(
      publishTo(first, asText),
      fallbackTo(publishTo(second, asText), { when: failure => failure.outcome === 'refused' }),
    );
    expect(watched(() => outcomes$, text)).toEqual(['1 1 ConnectionLost', '2 2 by spooler', '2 complete']);
  });

  it('takes each value that finds the buffer full, and all that is inside where the policy is to fail', () => {
    for (const onFull of ['dropOldest', 'fail'] as const) {
      const first = fakeProxy(payload => ({ after: payload === '1' ? 5 : 20 }));
      const second = fakeProxy(() => ({ after: 1 }));
      const outcomes$ = concat(range(1, 4), NEVER).pipe(
        publishTo(first, asText, { inFlight: 1, buffer: { messages: 1, onFull } }),
        fallbackTo(publishTo(second, asText)),
      );
      const outcomes = watched(() => outcomes$, text, 100);
      // Of four values one is under way and one waits; with `fail` the third is the last that comes in.
      expect(outcomes).toEqual(
        onFull === 'dropOldest'
          ? ['1 2 by spooler', '1 3 by spooler', '5 1 by spooler', '25 4 by spooler']
          : ['1 3 by spooler', '1 1 by spooler', '1 2 by spooler', '1 Overflowed', '1 complete'],
      );
    }
  });

  it('takes a failure out of its turn where no more outcomes can be held for theirs', () => {
    const first = fakeProxy(payload => (payload === '1' ? { after: 50 } : { after: 1, error: invalid }));
    const second = fakeProxy(() => ({ after: 1 }));
    const outcomes$ = range(1, 8).pipe(
      publishTo(first, asText, { inFlight: 2, ordered: true, buffer: { messages: 6 } }),
      fallbackTo(publishTo(second, asText, { inFlight: 8 })),
    );
    const outcomes = watched(() => outcomes$, text);
    expect(outcomes.map(line => Number(line.split(' ')[1])).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, Number.NaN]);
  });

  it('is none for the stage before the stage before it, which tells of its losses itself', () => {
    const slow = fakeProxy(() => ({ after: 5 }));
    const none = fakeProxy(() => ({ after: 1 }));
    const outcomes$ = concat(range(1, 4), NEVER).pipe(
      publishTo(slow, asText, { inFlight: 1, buffer: { messages: 1 } }),
      rights(),
      map(({ value }) => value),
      publishTo(none, asText),
      fallbackTo(publishTo(none, asText)),
    );
    expect(watched(() => outcomes$, text, 100).every(line => line.endsWith('by spooler'))).toBe(true);
    expect(none.log.map(({ payload }) => payload)).toEqual(['1', '4']);
  });

  it('takes the value of a terminal failure too, which passes last, after what the other sink has under way', () => {
    const first = fakeProxy(payload => (payload === '1' ? { after: 1, error: invalid } : { after: 2, error: refusedToken }));
    const second = fakeProxy(() => ({ after: 10 }));
    const outcomes$ = concat(range(1, 2), NEVER).pipe(publishTo(first, asText), fallbackTo(publishTo(second, asText)));
    expect(watched(() => outcomes$, text)).toEqual(['11 1 by spooler', '12 2 by spooler', '12 2 TokenRefused', '12 complete']);
    expect(second.log).toHaveLength(2);
  });

  it('ends the whole with a terminal failure of the other sink', () => {
    const first = fakeProxy(() => ({ after: 1, error: invalid }));
    const second = fakeProxy(() => ({ after: 1, error: new ProxyClosed() }));
    const outcomes$ = concat(of(1), NEVER).pipe(publishTo(first, asText), fallbackTo(publishTo(second, asText)));
    expect(watched(() => outcomes$, text)).toEqual(['2 1 ProxyClosed', '2 complete']);
  });

  it('keeps no more than the bound of the other sink', () => {
    const ledger = new Ledger();
    const first = fakeProxy(() => ({ after: 1, error: invalid }));
    const second = fakeProxy(() => ({ after: 1_000 }));
    const outcomes$ = range(1, 500).pipe(
      publishTo(first, asText, { ledger: new Ledger() }),
      fallbackTo(publishTo(second, asText, { inFlight: 2, buffer: { messages: 5 }, ledger })),
    );
    expect(watched(() => outcomes$, text)).toHaveLength(9);
    expect(ledger.snapshot().stages[0]).toMatchObject({ received: { messages: 500 }, dropped: { messages: 493 }, peak: { messages: 7 } });
  });

  it.each(PROFILES)('publishes on another topic what the %s nucleus refuses', async profile => {
    await using nucleus = await start(profile);
    // Its policies are there from the start: what it refuses need not be asked again.
    await using proxy = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(COMPONENT), refusalPatience: 0 });
    const on = (topic: string) => (payload: string) => ({ topicName: topic, payload, qos: QOS.AT_LEAST_ONCE });
    const seen = await collected(of('21.5').pipe(publishTo(proxy, on('forbidden/a')), fallbackTo(publishTo(proxy, on('test/fallback')))));
    expect(seen).toEqual([right({ by: profile === 'classic' ? 'spooler' : 'mqtt-socket', value: '21.5', attempts: 1 })]);
  });
});
