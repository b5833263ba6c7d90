import { concat, defer, map, NEVER, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { component } from '../../src/component/index.js';
import { publishTo } from '../../src/flow/index.js';
import { forwardFrom, openOutbox, type OutboxOptions, storeIn } from '../../src/outbox/index.js';
import type { PublishRequest } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { fallbackTo } from '../../src/sinks/index.js';
import { marbles, type MarbleKit } from '../../src/testing/index.js';

const request = (payload: string): PublishRequest => ({ topicName: 'out', payload, qos: QOS.AT_LEAST_ONCE });

/** An outbox whose messages say `r` where they are replayed, and which attempt they are from the second on. */
const opened = (options: OutboxOptions = {}) =>
  openOutbox({
    path: 'meter.sqlite',
    mark: (message, { replayed, attempt }) => ({
      ...message,
      payload: `${Buffer.from(message.payload).toString()}${replayed ? 'r' : ''}${attempt > 1 ? attempt : ''}`,
    }),
    commit: { messages: 100, within: 3 },
    ...options,
  });

/** The values as they are told as stored; `x` for one that is not. */
const storing = (outbox: ReturnType<typeof opened>, diagram: string, { hot }: MarbleKit) =>
  concat(hot(diagram), NEVER).pipe(
    storeIn(outbox, request),
    map(outcome => (outcome._tag === 'Right' ? outcome.right.value : 'x')),
  );

const online = { connectionStatus: true } as const;

describe('power cut', () => {
  it(
    'takes what was not committed, and no more: what was is sent afterwards, as replayed and perhaps sent before',
    marbles(kit => {
      const outbox = opened();
      kit.nucleus.faults('o---------p---n', { o: 'offline', p: 'power cut', n: 'online' });
      kit.expectStream(storing(outbox, 'a---b----c----------d', kit)).toBeMarble('---a---b---------------d');
      kit.run(forwardFrom(outbox, kit.nucleus.proxy));
      // Both had been handed out, so that nobody can tell that they had not been sent.
      kit.expectPublished('out').toBeMarble('--------------(ab)-----d', { a: 'ar2', b: 'br2', d: 'd' });
    }, online),
  );

  it(
    'has what was under way sent again, with one attempt more',
    marbles(kit => {
      const outbox = opened({ commit: { within: 0 } });
      kit.nucleus.faults('-h---p', { h: 'hang publish', p: 'power cut' });
      kit.expectStream(storing(outbox, '--ab', kit)).toBeMarble('--ab');
      kit.run(forwardFrom(outbox, kit.nucleus.proxy));
      kit.expectArrived('out').toBeMarble('--a---(AB)', { a: 'a', A: 'ar2', B: 'br2' });
    }, online),
  );

  it(
    'begins every stream anew, one that has ended not',
    marbles(kit => {
      kit.nucleus.faults('---p', { p: 'power cut' });
      kit.expectStream(defer(() => of('begun'))).toBeMarble('(b|)', { b: 'begun' });
      kit.expectStream(concat(kit.cold('a-b-c-'), NEVER)).toBeMarble('a-ba-b-c');
      kit.expectStream(concat(kit.cold('a-b-c-'), NEVER), '-^--!').toBeMarble('-a-a');
    }),
  );

  it(
    'breaks the connection, and takes the spool of a classic nucleus with it',
    marbles(({ nucleus, hot, run, expectPublished, expectArrived, expectState }) => {
      nucleus.faults('o-----p---n', { o: 'offline', p: 'power cut', n: 'online' });
      run(concat(hot('-a-------b'), NEVER).pipe(publishTo(nucleus.proxy, request)));
      expectPublished('out').toBeMarble('-a-------b');
      expectArrived('out').toBeMarble('----------b');
      expectState().toBeMarble('a(bc)-x(bc)', { a: 'idle', b: 'connecting', c: 'connected', x: 'interrupted' });
    }),
  );
});

describe('disk full', () => {
  it.each(['disk free', 'all well'] as const)(
    'fails what is to be stored, value for value, until there is room again (%s), and takes nothing that was stored',
    e =>
      marbles(kit => {
        const outbox = opened({ commit: { within: 0 } });
        kit.nucleus.faults('o-f----e 2s -n', { o: 'offline', f: 'disk full', e, n: 'online' });
        kit.expectStream(storing(outbox, '-a-b---c', kit)).toBeMarble('-a-x---c');
        kit.run(forwardFrom(outbox, kit.nucleus.proxy));
        // Of what came while the device was still offline.
        const [drawn, c] = e === 'disk free' ? ['2009ms (ac)', 'cr'] : ['-------(ac)', 'c'];
        kit.expectPublished('out').toBeMarble(drawn, { a: 'ar', c });
      }, online)(),
  );

  it(
    'is found out by a component, with the context’s outbox, too',
    marbles(kit => {
      const meter = component({
        name: 'com.example.Meter',
        version: '1.0.0',
        run: (proxy, _, { openOutbox: open }) =>
          concat(kit.hot('-a-b'), NEVER).pipe(
            publishTo(proxy, request),
            fallbackTo(storeIn(open({ commit: { within: 0 } }), request)),
            map(outcome => outcome),
          ),
      });
      kit.nucleus.faults('u-f', { u: 'unauthorized', f: 'disk full' });
      kit
        .expectStream(meter.run(kit.nucleus.proxy, undefined))
        .toBeMarble(
          '-a-x',
          { a: { by: 'outbox', value: 'a', number: 1, gaveWay: { messages: 0, bytes: 0 } } },
          { x: { _tag: 'OutboxUnavailable', reason: 'disk-full', value: 'b' } },
        );
      expect(kit.nucleus.published).toEqual([]);
    }),
  );
});
