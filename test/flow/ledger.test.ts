import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { filter, map, merge, mergeMap, NEVER, of, range, share, Subject, type Subscription, take, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  batch,
  type BufferPolicy,
  concurrently,
  counted,
  Ledger,
  meterStages,
  type MeterLike,
  type OutboxAccount,
  publishTo,
} from '../../src/flow/index.js';
import { governRate } from '../../src/operators/index.js';
import { asText, fakeProxy } from '../kit/nucleus/fake-proxy.js';
import { watched } from '../kit/time/virtual.js';

const rightOf = (result: Either<unknown, number>): number => (result._tag === 'Right' ? result.right : -1);

describe('a ledger', () => {
  it('counted holds sizeOf to what it promises: no size is an error of the stream, and no sum that is none', () => {
    for (const size of [Number.NaN, -1, Infinity, '7' as unknown as number]) {
      const ledger = new Ledger();
      const seen: unknown[] = [];
      of(1)
        .pipe(counted('sized', { ledger, sizeOf: () => size }))
        .subscribe({ next: value => seen.push(value), error: (error: unknown) => seen.push(error) });
      expect(seen).toEqual([new RangeError(`sizeOf must give a number of bytes from 0 on, and gave ${size}.`)]);
      expect(ledger.snapshot().stages).toMatchObject([{ received: { messages: 1, bytes: 0 }, failed: { messages: 1, bytes: 0 } }]);
    }
  });

  it('has the outboxes as each was last seen; of very many, those that said something last', () => {
    const ledger = new Ledger();
    const account = (path: string, stored: number): OutboxAccount => {
      const inside = { messages: stored, bytes: stored };
      return { path, stored, forwarded: 0, expired: 0, dropped: 0, setAside: 0, damaged: 0, inside, oldest: 0 };
    };
    for (let n = 0; n < 1_000; n++) ledger.outbox(account(`${n}`, 1));
    ledger.outbox(account('0', 2));
    ledger.outbox(account('more', 1));
    const { outboxes } = ledger.snapshot();
    expect(outboxes).toHaveLength(1_000);
    expect(outboxes[0]).toEqual(account('2', 1));
    expect(outboxes.slice(-2)).toEqual([account('0', 2), account('more', 1)]);
  });

  it.each([
    ['sizeOf', 'concurrently', 0],
    ['sizeOf', 'concurrently', 1],
    ['key', 'concurrently', 1],
    ['sizeOf', 'governRate', 0],
    ['sizeOf', 'governRate', 1],
    ['key', 'governRate', 1],
  ] as const)(
    'counts a value as discarded whose %s ends the stage, which does nothing with it: %s with %d inside',
    (ender, kind, inside) => {
      const ledger = new Ledger();
      const source$ = new Subject<number>();
      const worked: number[] = [];
      const endAt = (name: 'sizeOf' | 'key', value: number): number => {
        if (name === ender && value === 2) running.unsubscribe();
        return value;
      };
      const sizeOf = (n: number): number => endAt('sizeOf', n);
      const buffer: BufferPolicy<number> = { onFull: 'latestPerKey', key: n => endAt('key', n), sizeOf };
      const stage =
        kind === 'concurrently'
          ? concurrently(
              1,
              (n: number) => {
                worked.push(n);
                return NEVER;
              },
              { buffer, ledger },
            )
          : governRate<number>({ bytesPerSecond: 1, burst: { bytes: 5 }, mode: 'shape', sizeOf, buffer, ledger });
      const running: Subscription = source$.pipe(stage).subscribe();
      if (inside === 1) source$.next(5);
      source$.next(2);
      const lost = kind === 'concurrently' ? inside + 1 : 1;
      expect(worked).toEqual(kind === 'concurrently' && inside === 1 ? [5] : []);
      expect(ledger.snapshot().stages[0]).toMatchObject({
        received: { messages: inside + 1 },
        emitted: { messages: inside + 1 - lost },
        discarded: { messages: lost },
        buffered: { messages: 0, bytes: 0 },
      });
    },
  );

  it('counts messages and bytes of a stage, over all its subscriptions', () => {
    const ledger = new Ledger();
    const stage$ = of('a', 'bb', 'ccc').pipe(
      concurrently(1, text => timer(5).pipe(map(() => (text === 'a' ? left('no') : right(text)))), {
        buffer: { messages: 1, sizeOf: text => text.length },
        ledger,
        name: 'lengths',
      }),
    );
    watched(() => merge(stage$, stage$), String);
    expect(ledger.snapshot().stages).toEqual([
      {
        kind: 'concurrently',
        name: 'lengths',
        active: 0,
        received: { messages: 6, bytes: 12 },
        emitted: { messages: 2, bytes: 6 },
        dropped: { messages: 2, bytes: 4 },
        failed: { messages: 2, bytes: 2 },
        buffered: { messages: 0, bytes: 0 },
        discarded: { messages: 0, bytes: 0 },
        peak: { messages: 4, bytes: 8 },
      },
    ]);
  });

  it('shows what operators in between take out as absorbed, and what they put in as added', () => {
    const ledger = new Ledger();
    const pipeline$ = range(1, 100).pipe(
      counted('readings', { ledger }),
      filter(n => n % 10 === 0),
      concurrently(4, n => of(n), { ledger, name: 'work' }),
      mergeMap(result => of(rightOf(result), 0, 0)),
      batch({ messages: 6, ledger }),
      publishTo(
        fakeProxy(() => 'at once'),
        asText,
        { inFlight: 8, ledger },
      ),
    );
    watched(() => pipeline$, String);
    expect(ledger.snapshot().feeds).toEqual([
      { from: ['batch'], to: 'publishTo', sent: 5, received: 5, absorbed: 0, added: 0 },
      { from: ['work'], to: 'batch', sent: 10, received: 30, absorbed: 0, added: 20 },
      { from: ['readings'], to: 'work', sent: 100, received: 10, absorbed: 90, added: 0 },
    ]);
  });

  it('does not take a stage that a value starts for one that feeds', () => {
    const ledger = new Ledger();
    const inner = (n: number) => of(n).pipe(concurrently(1, m => of(m), { ledger, name: 'inner' }));
    watched(() => of(1, 2).pipe(concurrently(1, inner, { ledger, name: 'outer' })), String);
    expect(ledger.snapshot().feeds).toEqual([]);
    expect(ledger.snapshot().stages.map(({ name, received }) => [name, received.messages])).toEqual([
      ['outer', 2],
      ['inner', 2],
    ]);
  });

  it('counts one feeder of a shared stage once', () => {
    const ledger = new Ledger();
    const shared$ = timer(0, 1).pipe(take(10), counted('shared', { ledger }), share());
    const to = (name: string) => shared$.pipe(concurrently(1, n => of(n), { ledger, name }));
    watched(() => merge(to('first'), to('second')), String);
    expect(ledger.snapshot().feeds).toEqual([{ from: ['shared'], to: 'first', sent: 10, received: 10, absorbed: 0, added: 0 }]);
  });

  it('can be watched, in virtual time as well', () => {
    const ledger = new Ledger();
    const seen = watched(
      () => {
        timer(0, 10).pipe(take(5), counted('ticks', { ledger })).subscribe();
        return ledger.observe(20);
      },
      ({ stages }) => String(stages[0]?.received.messages),
      50,
    );
    expect(seen).toEqual(['0 1', '20 3', '40 5']);
  });

  it('keeps no more than a thousand names', () => {
    const ledger = new Ledger();
    for (let i = 0; i < 3_000; i++)
      of(1)
        .pipe(counted(`name ${i}`, { ledger }))
        .subscribe();
    const { stages } = ledger.snapshot();
    expect(stages).toHaveLength(1_001);
    expect(stages.reduce((sum, { received }) => sum + received.messages, 0)).toBe(3_000);
  });

  it('says on the diagnostics channels when a stage starts, overflows and ends', () => {
    const said: string[] = [];
    const listen = (channel: string) => (message: unknown) => {
      const { account } = message as { account: { name: string; dropped: { messages: number } } };
      if (account.name === 'diagnosed') said.push(`${channel} ${account.dropped.messages}`);
    };
    const listeners = ['start', 'overflow', 'end'].map(channel => [`greengrass-rx:stage:${channel}`, listen(channel)] as const);
    for (const [channel, listener] of listeners) subscribe(channel, listener);
    watched(
      () =>
        range(0, 5).pipe(
          concurrently(1, n => timer(1).pipe(map(() => n)), { buffer: { messages: 2 }, name: 'diagnosed', ledger: new Ledger() }),
        ),
      String,
    );
    for (const [channel, listener] of listeners) unsubscribe(channel, listener);
    expect(said).toEqual(['start 0', 'overflow 2', 'end 2']);
  });
});

describe('meterStages', () => {
  it('reports accounts when the meter asks, publishes by the semantic conventions, and stops', () => {
    const callbacks = new Map<string, ((observer: { observe: (value: number, attributes?: Record<string, string>) => void }) => void)[]>();
    const instrument = (name: string) => ({
      addCallback: (callback: (observer: { observe: (value: number, attributes?: Record<string, string>) => void }) => void) => {
        callbacks.set(name, [...(callbacks.get(name) ?? []), callback]);
      },
      removeCallback: (callback: unknown) => {
        callbacks.set(
          name,
          (callbacks.get(name) ?? []).filter(each => each !== callback),
        );
      },
    });
    const meter: MeterLike = { createObservableCounter: instrument, createObservableUpDownCounter: instrument };
    const ledger = new Ledger();
    const stop = meterStages(meter, ledger);
    watched(
      () =>
        merge(range(1, 4), NEVER).pipe(
          publishTo(
            fakeProxy(payload => (payload === '4' ? 'never' : 'at once')),
            asText,
            { inFlight: 2, timeout: 10, ledger, name: 'out' },
          ),
        ),
      String,
      100,
    );
    const read = (name: string): unknown[] => {
      const points: unknown[] = [];
      for (const callback of callbacks.get(name) ?? []) callback({ observe: (value, attributes) => points.push([value, attributes]) });
      return points;
    };
    const publish = { 'messaging.system': 'mqtt', 'messaging.operation.name': 'publish', 'greengrass_rx.stage.name': 'out' };
    expect(read('messaging.client.sent.messages')).toEqual([
      [3, publish],
      [1, { ...publish, 'error.type': '_OTHER' }],
    ]);
    expect(read('greengrass_rx.stage.received.messages')).toEqual([[4, { 'greengrass_rx.stage.name': 'out' }]]);
    expect(read('greengrass_rx.stage.buffered.messages')).toEqual([[0, { 'greengrass_rx.stage.name': 'out' }]]);
    stop();
    expect([...callbacks.values()].flat()).toEqual([]);
  });
});
