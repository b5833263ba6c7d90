import { left, right, type Either } from 'fp-ts/lib/Either.js';
import { concat, NEVER, of, range, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { InvalidRequest } from '../../src/errors/errors.js';
import { Ledger, publishTo } from '../../src/flow/index.js';
import { connect } from '../../src/client/connect.js';
import { QOS } from '../../src/shared/qos.js';
import { failFast } from '../../src/sinks/index.js';
import { runToEnd } from '../../src/stream/index.js';
import { asText, fakeProxy } from '../kit/nucleus/fake-proxy.js';
import { watched } from '../kit/time/virtual.js';
import { COMPONENT, PROFILES, start } from '../kit/nucleus/nuclei.js';
import { collected } from '../kit/streams/collected.js';
import { failed, invalid, lost } from '../kit/streams/failures.js';

const tagOf = (element: Either<{ readonly _tag: string; readonly kind: string }, { readonly value: unknown }>): string =>
  element._tag === 'Left' ? `${element.left._tag} ${element.left.kind}` : String(element.right.value);

describe('failFast', () => {
  it('makes the failure terminal and the last value, and leaves its source', () => {
    const source = new Subject<number>();
    const ledger = new Ledger();
    const proxy = fakeProxy(payload => (payload === '3' ? { after: 1, error: invalid } : { after: 1 }));
    const outcomes$ = concat(range(1, 9), source).pipe(publishTo(proxy, asText, { inFlight: 1, ledger }), failFast('InvalidRequest'));
    expect(watched(() => outcomes$, tagOf)).toEqual(['1 1', '2 2', '3 InvalidRequest terminal', '3 complete']);
    expect(source.observed).toBe(false);
    expect(ledger.snapshot().stages[0]).toMatchObject({ emitted: { messages: 2 }, failed: { messages: 1 }, discarded: { messages: 6 } });
  });

  it('publishes no value after the failure where one is under way at a time', () => {
    const proxy = fakeProxy(payload => (payload === '2' ? { after: 1, error: invalid } : { after: 1 }));
    watched(() => concat(range(1, 9), NEVER).pipe(publishTo(proxy, asText, { inFlight: 1 }), failFast('InvalidRequest')), tagOf);
    expect(proxy.log.map(({ payload }) => payload)).toEqual(['1', '2']);
  });

  it('leaves failures of other tags what they are', async () => {
    const other = failed('b', lost);
    const passed = await collected(of(left(other), left(failed('x', invalid)), right({ value: 'c' })).pipe(failFast('InvalidRequest')));
    expect(passed).toMatchObject([
      { left: { _tag: 'ConnectionLost', kind: 'message' } },
      { left: { _tag: 'InvalidRequest', kind: 'terminal' } },
    ]);
  });

  it('amends a copy, which is the same class and has the same value and stack', async () => {
    const failure = failed('a', invalid);
    const [last] = await collected(of(left(failure)).pipe(failFast('InvalidRequest')));
    expect(last).toMatchObject({ left: { kind: 'terminal', value: 'a', stack: failure.stack } });
    expect(last?._tag === 'Left' && last.left).toBeInstanceOf(InvalidRequest);
    expect(failure.kind).toBe('message');
  });

  it.each(PROFILES)('makes runToEnd reject where the policy of the %s nucleus lacks the topic', async profile => {
    await using nucleus = await start(profile);
    // Its policies are there from the start: what it refuses need not be asked again.
    await using proxy = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(COMPONENT), refusalPatience: 0 });
    const outcomes$ = concat(of('test/a', 'forbidden/b', 'test/c'), NEVER).pipe(
      publishTo(proxy, topicName => ({ topicName, payload: 'x', qos: QOS.AT_LEAST_ONCE }), { inFlight: 1 }),
      failFast('Unauthorized'),
    );
    await expect(runToEnd(outcomes$)).rejects.toMatchObject({ _tag: 'Unauthorized', kind: 'terminal', value: 'forbidden/b' });
  });
});
