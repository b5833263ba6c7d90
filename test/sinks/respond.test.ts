import { left, right, type Either } from 'fp-ts/lib/Either.js';
import { concat, defer, EMPTY, finalize, map, NEVER, type Observable, of, range, Subject, take, throwError, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Ledger } from '../../src/flow/index.js';
import { DecodeFailed, Interrupted, InvalidRequest, type PublishError } from '../../src/errors/errors.js';
import type { Accepted, PublishRequest } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { respond, type AnswerPayload, type Command, type Handling } from '../../src/sinks/index.js';
import { topicTemplate } from '../../src/topic/index.js';
import { watched } from '../kit/time/virtual.js';
import { collected } from '../kit/streams/collected.js';
import { refusedToken } from '../kit/streams/failures.js';

/** A nucleus in virtual time that takes every answer after a millisecond, or refuses it. */
const port = (refuse?: PublishError) => {
  const log: string[] = [];
  const requests: PublishRequest[] = [];
  const publish$ = (request: PublishRequest): Observable<Either<PublishError, Accepted>> =>
    defer(() => {
      requests.push(request);
      log.push(`${request.topicName} ${String(request.payload)}`);
      return timer(1).pipe(map(() => (refuse === undefined ? right({ by: 'spooler' as const }) : left(refuse))));
    });
  return { log, requests, publish$, state$: EMPTY };
};

type Text = Command<string>;
const command = (value: string, more: Partial<Text> = {}): Text => ({ topicName: 'do', value, responseTopic: 'answers', ...more });

/** A command every millisecond, from 0 on. */
const commands = (...values: (string | Text)[]): Observable<Either<never, Text>> =>
  timer(0, 1).pipe(
    take(values.length),
    map(n => {
      const value = values[n] ?? '';
      return right(typeof value === 'string' ? command(value) : value);
    }),
  );

const text = (outcome: Either<{ readonly _tag: string }, { readonly payload: AnswerPayload; readonly repeated: boolean }>): string => {
  if (outcome._tag === 'Left') return outcome.left._tag;
  return `${String(outcome.right.payload)}${outcome.right.repeated ? ' again' : ''}`;
};

const byId = { id: ({ value }: Text) => value, commands: 10, ttl: 1_000 };

afterEach(() => {
  vi.restoreAllMocks();
});

describe('respond', () => {
  it('publishes the answer to the response topic, with the correlation data, and says what was answered', async () => {
    const proxy = port();
    const asked = command('a', { correlationData: new Uint8Array([7]) });
    expect(await collected(of(right(asked)).pipe(respond(proxy, { handle: value => Promise.resolve(`${value}!`) })))).toEqual([
      right({ command: asked, topicName: 'answers', payload: 'a!', repeated: false, by: 'spooler', attempts: 1 }),
    ]);
    expect(proxy.requests).toEqual([{ topicName: 'answers', payload: 'a!', qos: QOS.AT_LEAST_ONCE, correlationData: new Uint8Array([7]) }]);
  });

  it('carries commands out one after the other, in the order they came', () => {
    let underWay = 0;
    const handle = (value: string): Observable<string> =>
      defer(() => {
        expect(++underWay).toBe(1);
        return timer(10).pipe(
          map(() => {
            underWay--;
            return value;
          }),
        );
      });
    expect(watched(() => commands('a', 'b', 'c').pipe(respond(port(), { handle })), text)).toEqual(['11 a', '21 b', '31 c', '31 complete']);
  });

  it('carries several out at once where asked, and answers each when it is done', () => {
    const handle = (value: string): Observable<string> => timer(Number(value)).pipe(map(() => value));
    expect(watched(() => commands('20', '5', '10').pipe(respond(port(), { handle, inFlight: 3 })), text)).toEqual([
      '7 5',
      '13 10',
      '21 20',
      '21 complete',
    ]);
  });

  it.each([
    ['an Observable', () => of('yes')],
    ['an Observable of Eithers', () => of(right('yes'))],
    ['a promise', () => Promise.resolve('yes')],
    ['a TaskEither', () => async () => right('yes')],
  ])('takes the answer of %s', async (_, handle: () => Handling) => {
    expect(await collected(of(right(command('a'))).pipe(respond(port(), { handle })))).toMatchObject([right({ payload: 'yes' })]);
  });

  it('takes the first result only, and leaves the rest', () => {
    let left = false;
    const handle = (): Observable<string> => concat(of('first', 'second'), NEVER).pipe(finalize(() => (left = true)));
    const proxy = port();
    expect(watched(() => commands('a').pipe(respond(proxy, { handle })), text)).toEqual(['1 first', '1 complete']);
    expect(proxy.log).toEqual(['answers first']);
    expect(left).toBe(true);
  });

  it('answers failures of every kind where `onFailure` has an answer, and hands them on afterwards', () => {
    const handle = (value: string): Observable<Either<{ readonly _tag: 'Busy' }, string>> => {
      if (value === 'throws') throw new Error('broken');
      if (value === 'fails') return throwError(() => new Error('broken'));
      return value === 'empty' ? EMPTY : of(left({ _tag: 'Busy' as const }));
    };
    const proxy = port();
    const outcomes$ = commands('busy', 'throws', 'fails', 'empty').pipe(
      respond(proxy, { handle, onFailure: (failure, { value }) => `${value} ${failure._tag}` }),
    );
    expect(watched(() => outcomes$, text)).toEqual(['1 Busy', '2 HandlerFailed', '3 HandlerFailed', '4 HandlerFailed', '4 complete']);
    expect(proxy.log).toEqual([
      'answers busy Busy',
      'answers throws HandlerFailed',
      'answers fails HandlerFailed',
      'answers empty HandlerFailed',
    ]);
  });

  it('hands a failure on at once, unanswered, where there is no answer for it', () => {
    const proxy = port();
    const outcomes$ = commands('a', 'b').pipe(
      respond(proxy, { handle: value => of(left({ _tag: value })), onFailure: ({ _tag }) => (_tag === 'b' ? 'b failed' : undefined) }),
    );
    expect(watched(() => outcomes$, text)).toEqual(['0 a', '2 b', '2 complete']);
    expect(proxy.log).toEqual(['answers b failed']);
  });

  it('makes what a handler throws or rejects with a failure that carries the command and the cause', async () => {
    const cause = new Error('broken');
    const [outcome] = await collected(of(right(command('a'))).pipe(respond(port(), { handle: () => Promise.reject(cause) })));
    expect(outcome).toMatchObject({ left: { _tag: 'HandlerFailed', kind: 'message', original: command('a'), cause } });
  });

  it('answers a command that could not be decoded where it says where to, and passes the other errors', () => {
    const message = { topicName: 'do', payload: new Uint8Array(0), responseTopic: 'answers', correlationData: new Uint8Array([1]) };
    const errors$ = of(
      left(new DecodeFailed('do', message, ['bad'])),
      left(new DecodeFailed('do', { ...message, responseTopic: undefined }, ['bad'])),
      left(new Interrupted('do')),
    );
    const source$: Observable<Either<DecodeFailed<typeof message | { topicName: string }> | Interrupted, Text>> = errors$;
    const proxy = port();
    const handle = (): Observable<string> => of('never');
    const answered$ = source$.pipe(respond(proxy, { handle, onFailure: ({ _tag }) => _tag }));
    expect(watched(() => answered$, text)).toEqual(['0 DecodeFailed', '0 Interrupted', '1 DecodeFailed', '1 complete']);
    expect(proxy.requests).toEqual([
      { topicName: 'answers', payload: 'DecodeFailed', qos: QOS.AT_LEAST_ONCE, correlationData: new Uint8Array([1]) },
    ]);
    expect(watched(() => source$.pipe(respond(proxy, { handle })), text)).toEqual([
      '0 DecodeFailed',
      '0 DecodeFailed',
      '0 Interrupted',
      '0 complete',
    ]);
  });

  it('does not carry out a command that nobody could be answered', () => {
    const handled: string[] = [];
    const handle = (value: string): Observable<string> => {
      handled.push(value);
      return of(value);
    };
    const lite = command('a', { responseTopic: undefined });
    expect(watched(() => commands(lite).pipe(respond(port(), { handle })), text)).toEqual(['0 NoResponseTopic', '0 complete']);
    expect(handled).toEqual([]);
    const proxy = port();
    const outcomes$ = commands(lite).pipe(respond(proxy, { handle, replyTo: ({ value }) => `answers/${value}` }));
    expect(watched(() => outcomes$, text)).toEqual(['1 a', '1 complete']);
    expect(proxy.log).toEqual(['answers/a a']);
  });

  it('hands on an answer that could not be published, with the command', async () => {
    const refusal = new InvalidRequest('message', 'aws.greengrass#PublishToIoTCore', 'answers', 'client', 'wrong');
    const [outcome] = await collected(of(right(command('a'))).pipe(respond(port(refusal), { handle: () => of('done') })));
    expect(outcome).toMatchObject({
      left: { _tag: 'InvalidRequest', value: { command: command('a'), payload: 'done' }, outcome: 'refused' },
    });
  });

  describe('duplicates', () => {
    const counting = (milliseconds: number) => {
      const handled: string[] = [];
      const handle = (value: string): Observable<string> => {
        handled.push(value);
        const answer = `${value} ${handled.length}`;
        return timer(milliseconds).pipe(map(() => answer));
      };
      return { handled, handle };
    };

    it('of a command under way or waiting are dropped; of an answered one get the same answer, where they ask for it', () => {
      const { handle, handled } = counting(10);
      const proxy = port();
      const later$ = timer(30).pipe(map(() => right(command('a', { responseTopic: 'elsewhere', correlationData: new Uint8Array([2]) }))));
      const outcomes$ = concat(commands('a', 'b', 'a', 'b'), later$).pipe(respond(proxy, { handle, dedupe: byId }));
      expect(watched(() => outcomes$, text)).toEqual(['11 a 1', '21 b 2', '34 a 1 again', '34 complete']);
      expect(handled).toEqual(['a', 'b']);
      expect(proxy.log).toEqual(['answers a 1', 'answers b 2', 'elsewhere a 1']);
      expect(proxy.requests[2]?.correlationData).toEqual(new Uint8Array([2]));
    });

    it('are commands of their own without `dedupe`, and where `id` gives none', () => {
      const { handle, handled } = counting(1);
      watched(() => commands('a', 'a').pipe(respond(port(), { handle })), text);
      watched(() => commands('a', 'a').pipe(respond(port(), { handle, dedupe: { ...byId, id: () => undefined } })), text);
      expect(handled).toEqual(['a', 'a', 'a', 'a']);
    });

    it('are carried out again when the time since the answer has passed', () => {
      const { handle, handled } = counting(5);
      const at = (milliseconds: number): Observable<Either<never, Text>> => timer(milliseconds).pipe(map(() => right(command('a'))));
      // Answered at 5, remembered until 105; each source begins when the one before has ended.
      const outcomes$ = concat(at(0), at(104), at(1)).pipe(respond(port(), { handle, dedupe: { ...byId, ttl: 100 } }));
      expect(watched(() => outcomes$, text)).toEqual(['6 a 1', '105 a 1 again', '111 a 2', '111 complete']);
      expect(handled).toEqual(['a', 'a']);
    });

    it.each([
      ['forward', 3_600_000, 999, ['a 1', 'a 1 again']],
      ['back', -3_600_000, 1_000, ['a 1', 'a 2']],
    ])('are remembered for as long when the time of day is set %s', (_, step, elapsed, expected) => {
      const steadily = performance.now();
      let [timeOfDay, sinceStart] = [Date.now(), 0];
      vi.spyOn(Date, 'now').mockImplementation(() => timeOfDay);
      vi.spyOn(performance, 'now').mockImplementation(() => steadily + sinceStart);
      const asked = new Subject<Either<never, Text>>();
      const taken = { state$: EMPTY, publish$: () => of(right<PublishError, Accepted>({ by: 'spooler' })) };
      let carriedOut = 0;
      const handle = (value: string): Observable<string> => of(`${value} ${++carriedOut}`);
      const outcomes: string[] = [];
      asked.pipe(respond(taken, { handle, dedupe: byId })).subscribe(outcome => outcomes.push(text(outcome)));
      asked.next(right(command('a')));
      timeOfDay += step + elapsed;
      sinceStart = elapsed;
      asked.next(right(command('a')));
      asked.complete();
      expect(outcomes).toEqual(expected);
    });

    it('are remembered for `size` commands, of which the one answered longest ago gives way', () => {
      const { handle, handled } = counting(0);
      const values = ['a', 'b', 'c', 'c', 'b', 'a'];
      const spaced$ = timer(0, 10).pipe(
        take(values.length),
        map(n => right(command(values[n] ?? ''))),
      );
      watched(() => spaced$.pipe(respond(port(), { handle, dedupe: { ...byId, commands: 2 } })), text);
      expect(handled).toEqual(['a', 'b', 'c', 'a']);
    });

    it('of a failed command get the answer to the failure, and nothing where there was none', () => {
      let handled = 0;
      const handle = (value: string): Observable<Either<{ readonly _tag: string }, string>> => {
        handled++;
        return of(left({ _tag: value }));
      };
      const outcomes$ = commands('a', 'b', 'a', 'b').pipe(
        respond(port(), { handle, dedupe: byId, onFailure: ({ _tag }) => (_tag === 'a' ? 'a failed' : undefined) }),
      );
      expect(watched(() => outcomes$, text)).toEqual(['1 a', '1 b', '3 a failed again', '3 complete']);
      expect(handled).toBe(2);
    });

    it('of a command that was dropped while it waited are new', () => {
      const { handle, handled } = counting(10);
      const dropped: unknown[] = [];
      const outcomes$ = concat(commands('a', 'b', 'c'), timer(20).pipe(map(() => right(command('b'))))).pipe(
        respond(port(), { handle, dedupe: byId, buffer: { messages: 1, onDrop: ({ value }) => dropped.push(value) } }),
      );
      expect(watched(() => outcomes$, text)).toEqual(['10 Overflowed', '11 a 1', '21 c 2', '33 b 3', '33 complete']);
      expect(handled).toEqual(['a', 'c', 'b']);
      expect(dropped).toEqual(['b']);
    });
  });

  describe('deadline', () => {
    it('gives up a command that takes too long, answers it, and leaves its work', () => {
      let abandoned = 0;
      const handle = (value: string): Observable<string> =>
        timer(Number(value)).pipe(
          map(() => value),
          finalize(() => abandoned++),
        );
      const proxy = port();
      const outcomes$ = commands('100').pipe(
        respond(proxy, { handle, deadline: 50, onFailure: failure => `${failure._tag} ${String('begun' in failure && failure.begun)}` }),
      );
      expect(watched(() => outcomes$, text)).toEqual(['51 DeadlineExceeded', '51 complete']);
      expect(proxy.log).toEqual(['answers DeadlineExceeded true']);
      expect(abandoned).toBe(1);
    });

    it('counts from the arrival: a command that waited past it is not begun, and its duplicate is new', () => {
      const handled: string[] = [];
      const handle = (value: string): Observable<string> => {
        handled.push(value);
        return handled.length === 1 ? NEVER : of(value);
      };
      const proxy = port();
      const outcomes$ = concat(of(right(command('a')), right(command('b'))), timer(60).pipe(map(() => right(command('b'))))).pipe(
        respond(proxy, {
          handle,
          deadline: 50,
          dedupe: byId,
          onFailure: failure => ('begun' in failure && failure.begun ? 'begun' : 'waited'),
        }),
      );
      expect(watched(() => outcomes$, text)).toEqual(['51 DeadlineExceeded', '51 DeadlineExceeded', '61 b', '61 complete']);
      expect(handled).toEqual(['a', 'b']);
      expect(proxy.log).toEqual(['answers begun', 'answers waited', 'answers b']);
    });

    it('says what was asked and whether it had begun', () => {
      const seen: unknown[] = [];
      new TestScheduler(() => undefined).run(() => {
        commands('a')
          .pipe(respond(port(), { handle: () => NEVER, deadline: 50 }))
          .subscribe(outcome => seen.push(outcome));
      });
      expect(seen).toMatchObject([
        { left: { _tag: 'DeadlineExceeded', deadline: 50, begun: true, original: command('a'), retryable: true } },
      ]);
    });
  });

  it('ends with a terminal failure: of the handler after its answer, of the source after all answers', () => {
    const fatal = { _tag: 'Fatal', kind: 'terminal' } as const;
    const proxy = port();
    const outcomes$ = concat(commands('a', 'b'), NEVER).pipe(
      respond(proxy, { handle: value => of(value === 'a' ? left(fatal) : right(value)), onFailure: ({ _tag }) => _tag }),
    );
    expect(watched(() => outcomes$, text)).toEqual(['1 Fatal', '1 complete']);
    expect(proxy.log[0]).toBe('answers Fatal');
    const source$: Observable<Either<PublishError, Text>> = of(right(command('a')), left(refusedToken));
    const ended$ = source$.pipe(respond(port(), { handle: (value: string) => timer(10).pipe(map(() => value)) }));
    expect(watched(() => ended$, text)).toEqual(['11 a', '11 TokenRefused', '11 complete']);
  });

  it('gives up what waits and what is being carried out at a terminal failure of the handler, and counts it as discarded', () => {
    const fatal = { _tag: 'Fatal', kind: 'terminal' } as const;
    const ledger = new Ledger();
    const handle = (value: string): Observable<Either<typeof fatal, string>> =>
      timer(10).pipe(map(() => (value === 'b' ? left(fatal) : right(value))));
    const outcomes$ = concat(commands('a', 'b', 'c', 'd', 'e'), NEVER).pipe(respond(port(), { handle, inFlight: 3, ledger }));
    // The answer to the first is on its way by then, and has its outcome.
    expect(watched(() => outcomes$, text)).toEqual(['11 a', '11 Fatal', '11 complete']);
    const carriedOut = ledger.snapshot().stages.find(({ kind }) => kind === 'concurrently');
    expect(carriedOut).toMatchObject({ emitted: { messages: 1 }, failed: { messages: 1 }, discarded: { messages: 3 } });
  });

  it('bounds the commands that wait, and counts the others', () => {
    const handle = (value: string): Observable<string> => timer(10).pipe(map(() => value));
    const source$ = range(1, 100).pipe(map(n => right(command(String(n)))));
    expect(watched(() => source$.pipe(respond(port(), { handle, buffer: { messages: 2 } })), text)).toEqual([
      '10 Overflowed',
      '11 1',
      '21 99',
      '31 100',
      '31 complete',
    ]);
    expect(watched(() => source$.pipe(respond(port(), { handle, buffer: { messages: 2, onFull: 'fail' } })), text)).toEqual([
      '0 Overflowed',
      '0 complete',
    ]);
  });

  it('does not carry out a command for which replyTo cannot make a topic, and goes on with the next', async () => {
    const proxy = port();
    const template = topicTemplate('answers/{to}');
    const source$ = of(right(command('a/+')), right(command('b')));
    const outcomes = await collected(
      source$.pipe(respond(proxy, { handle: value => Promise.resolve(value), replyTo: ({ value }) => template.build({ to: value }) })),
    );
    expect(outcomes).toMatchObject([
      { left: { _tag: 'NoResponseTopic', kind: 'message', original: { value: 'a/+' }, cause: { _tag: 'InvalidTopic' } } },
      { right: { topicName: 'answers/b', payload: 'b' } },
    ]);
    expect(proxy.log).toEqual(['answers/b b']);
  });

  it('hands what its options throw to the error channel', () => {
    const broken = (): never => {
      throw new Error('broken');
    };
    const handle = (): Observable<Either<'no', string>> => of(left('no' as const));
    for (const options of [{ replyTo: broken }, { dedupe: { ...byId, id: broken } }, { onFailure: broken }]) {
      expect(
        watched(
          () => commands('a').pipe(respond(port(), { handle, ...options })),
          () => '?',
        ),
      ).toEqual(['0 Error: broken']);
    }
  });

  it('refuses bounds that are none', () => {
    const handle = (value: string): Observable<string> => of(value);
    for (const options of [
      { deadline: 0 },
      { deadline: Number.NaN },
      { inFlight: 0 },
      { dedupe: { ...byId, commands: 0 } },
      { dedupe: { ...byId, ttl: 0 } },
    ]) {
      expect(() => respond<never, Text, Observable<string>>(port(), { handle, ...options })).toThrow(RangeError);
    }
  });
});
