import { EMPTY, interval, map, merge, mergeMap, NEVER, of, Subject, take, throwError, timer, toArray, type Observable } from 'rxjs';
import { describe, expect, it, test } from 'vitest';
import { route, type OnTopic } from '../../src/operators/index.js';
import { marbles } from '../../src/testing/index.js';
import { topicTemplate } from '../../src/topic/index.js';

interface Message extends OnTopic {
  readonly value: string;
}
const message = (topicName: string, value: string): Message => ({ topicName, value });
const as = (name: string) => (messages$: Observable<Message>) => messages$.pipe(map(({ value }) => name + value));
const results = <T>(stream$: Observable<T>): T[] => {
  let seen: T[] = [];
  stream$.pipe(toArray()).subscribe(all => (seen = all));
  return seen;
};

const temperature = topicTemplate('plant/{line}/temperature');
const MESSAGES = [
  message('plant/7/temperature', '1'),
  message('plant/7/door', '2'),
  message('office', '3'),
  message('plant/8/temperature', '4'),
];

describe('route', () => {
  it('gives each branch the messages of its filter, with the params of its template', () => {
    const routed$ = of(...MESSAGES).pipe(
      route(on => [
        on(temperature, readings$ => readings$.pipe(map(({ params, value }) => `line ${params.line}: ${value}`))),
        on('plant/+/door', as('door ')),
      ]),
    );
    expect(results(routed$)).toEqual(['line 7: 1', 'door 2', 'line 8: 4']);
  });

  it('gives a message to every branch that matches, the most specific first, whatever the order of the routes', () => {
    const routed$ = of(message('plant/7/temperature', '')).pipe(
      route(on => [
        on('#', as('all')),
        on('plant/#', as('plant')),
        on(temperature.with({ line: 7 }), as('line 7')),
        on(temperature, as('temperature')),
      ]),
    );
    expect(results(routed$)).toEqual(['line 7', 'temperature', 'plant', 'all']);
  });

  it('or only to the most specific; of one filter the first route', () => {
    const routed$ = of(...MESSAGES).pipe(
      route(on => [on('plant/#', as('plant ')), on(temperature, as('first ')), on('plant/+/temperature', as('second '))], {
        overlap: 'mostSpecific',
        otherwise: as('none '),
      }),
    );
    expect(results(routed$)).toEqual(['first 1', 'plant 2', 'none 3', 'first 4']);
  });

  it('two templates of one filter each get their own params, and the message is left as it was', () => {
    const original = message('plant/7', '');
    const routed$ = of(original).pipe(
      route(on => [
        on(topicTemplate('plant/{a}'), a$ => a$.pipe(map(({ params }) => params))),
        on(topicTemplate('plant/{b}'), b$ => b$.pipe(map(({ params }) => params))),
      ]),
    );
    expect(results(routed$)).toEqual([{ a: '7' }, { b: '7' }]);
    expect(original).toEqual({ topicName: 'plant/7', value: '' });
    const again$ = of({ topicName: 'x/1', params: 'older' }).pipe(
      route(on => [on(topicTemplate('x/{n}'), x$ => x$.pipe(map(({ params }) => params)))]),
    );
    expect(results(again$)).toEqual([{ n: '1' }]);
  });

  test(
    'completes when the source and every branch have, and unsubscribes when every branch has ended early',
    marbles(({ hot, cold, expectStream, expectSubscriptions }) => {
      const table = { a: message('a', 'a'), b: message('b', 'b') };
      const slow = hot('-a-b-|', table);
      const routed$ = slow.pipe(
        route(on => [on('a', a$ => a$.pipe(mergeMap(() => timer(6).pipe(map(() => 'A'))))), on('b', b$ => b$.pipe(map(() => 'B')))]),
      );
      expectStream(routed$).toBeMarble('---B---(A|)');
      const short = cold('-a-b-|', table);
      expectStream(
        short.pipe(
          route(on => [
            on('a', a$ =>
              a$.pipe(
                take(1),
                map(() => 'A'),
              ),
            ),
          ]),
        ),
      ).toBeMarble('-(A|)');
      expectSubscriptions(short).toBe('^!');
    }),
  );

  test(
    'passes errors of the source and of a branch on at once, and ends the others',
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const table = { a: message('a', 'a'), b: message('b', 'b') };
      const source$ = cold('-a-b-a|', table);
      const routed$ = source$.pipe(route(on => [on('a', as('')), on('b', b$ => b$.pipe(mergeMap(() => throwError(() => 'broken'))))]));
      expectStream(routed$).toBeMarble('-a-#', undefined, { '#': 'broken' });
      expectSubscriptions(source$).toBe('^--!');
      expectStream(cold('-a-#', table).pipe(route(on => [on('a', as(''))]))).toBeMarble('-a-#');
    }),
  );

  it('what project throws goes to the error channel, and a source without end can be left', () => {
    const failing$ = of(...MESSAGES).pipe(
      route(on => [
        on('a', (): Observable<string> => {
          throw new Error('no branch');
        }),
      ]),
    );
    let thrown: unknown;
    failing$.subscribe({ error: (error: unknown) => (thrown = error) });
    expect(thrown).toEqual(new Error('no branch'));
    const endless$ = merge(of(message('a', '1')), NEVER);
    expect(results(endless$.pipe(route(on => [on('a', a$ => a$.pipe(take(1), as('first ')))])))).toEqual(['first 1']);
  });

  it('does not subscribe to the source where no branch listens, and makes branches anew for each subscription', () => {
    let subscribed = 0;
    const source$ = new Subject<Message>();
    const counted$ = merge(source$, EMPTY);
    const routed$ = counted$.pipe(
      route(on => {
        return [on('a', a$ => (subscribed++, a$))];
      }),
    );
    expect(subscribed).toBe(0);
    routed$.subscribe().unsubscribe();
    routed$.subscribe().unsubscribe();
    expect([subscribed, source$.observed]).toEqual([2, false]);
    const untouched = new Subject<Message>();
    let completed = false;
    untouched.pipe(route(() => [])).subscribe({ complete: () => (completed = true) });
    expect([untouched.observed, completed]).toEqual([false, true]);
  });

  it('takes what a branch sends into the source meanwhile', () => {
    const source$ = new Subject<Message>();
    const seen: string[] = [];
    source$.pipe(route(on => [on('a', as('a')), on('b', as('b'))])).subscribe(value => {
      seen.push(value);
      if (value === 'a1') source$.next(message('b', '2'));
    });
    source$.next(message('a', '1'));
    expect(seen).toEqual(['a1', 'b2']);
  });

  it('refuses a malformed filter where it is made', () => {
    expect(() => route<Message, unknown>(on => [on('a/#/b', () => interval(1))])).toThrow('# before its end');
  });
});
