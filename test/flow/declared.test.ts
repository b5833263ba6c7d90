import { firstValueFrom, NEVER, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { StageKind } from '../../src/flow/account.js';
import type { StageDeclaration } from '../../src/flow/declaration.js';
import { batch, concurrently, Ledger, publishTo, toAsyncIterable } from '../../src/flow/index.js';
import { type LedgerEntry, recordedBy } from '../../src/flow/ledger.js';
import { QOS } from '../../src/shared/qos.js';
import { topicTemplate } from '../../src/topic/index.js';
import { fakeProxy } from '../kit/nucleus/fake-proxy.js';

class Recording extends Ledger {
  readonly opened: (StageDeclaration & { readonly kind: StageKind; readonly name: string | undefined })[] = [];

  override open(kind: StageKind, name?: string, declaration?: StageDeclaration): LedgerEntry {
    this.opened.push({ kind, name, ...declaration });
    return super.open(kind, name, declaration);
  }
}

const proxyOf = () => fakeProxy(() => 'at once');
const message = (topicName: string) => ({ topicName, payload: topicName, qos: QOS.AT_LEAST_ONCE });

describe('what a stage declares', () => {
  it('is told to the ledger with every default filled in', () => {
    const ledger = new Recording();
    NEVER.pipe(concurrently(3, value => of(value), { ledger, buffer: { messages: 5, bytes: 100, sizeOf: () => 1, onFull: 'fail' } }))
      .subscribe()
      .unsubscribe();
    NEVER.pipe(publishTo(proxyOf(), message, { ledger, name: 'alarms', ordered: true, topics: ['a/+', topicTemplate('b/{id}')] }))
      .subscribe()
      .unsubscribe();
    NEVER.pipe(batch({ ledger, messages: 10, within: 500 }))
      .subscribe()
      .unsubscribe();
    void toAsyncIterable(NEVER, { ledger })[Symbol.asyncIterator]().return?.();
    expect(ledger.opened).toEqual([
      { kind: 'concurrently', name: undefined, inFlight: 3, ordered: true, buffer: { messages: 5, bytes: 100, onFull: 'fail' } },
      {
        kind: 'publishTo',
        name: 'alarms',
        inFlight: undefined,
        ordered: true,
        buffer: { messages: 1_000, bytes: undefined, onFull: 'dropOldest' },
        topics: ['a/+', 'b/+'],
      },
      { kind: 'batch', name: undefined, buffer: { messages: 10, bytes: undefined, onFull: undefined }, within: 500 },
      { kind: 'toAsyncIterable', name: undefined, buffer: { messages: 1_000, bytes: undefined, onFull: 'dropOldest' } },
    ]);
  });

  it('goes to the recording ledger, and the ledger the stage was given sees nothing of it', () => {
    const recording = new Recording();
    const given = new Ledger();
    recordedBy(recording, () =>
      of(1)
        .pipe(concurrently(1, n => of(n), { ledger: given }))
        .subscribe(),
    );
    expect(given.snapshot().stages).toEqual([]);
    expect(recording.snapshot().stages.map(({ received }) => received.messages)).toEqual([1]);
    of(1)
      .pipe(concurrently(1, n => of(n), { ledger: given }))
      .subscribe();
    expect(given.snapshot().stages.map(({ received }) => received.messages)).toEqual([1]);
  });
});

describe('publishTo with topics', () => {
  const outcome = async (topicName: string) => {
    const proxy = proxyOf();
    const outcome = await firstValueFrom(of(topicName).pipe(publishTo(proxy, message, { name: 'alarms', topics: ['a/+'] })));
    return { outcome, sent: proxy.log.map(({ payload }) => payload) };
  };

  it('publishes to what it declares', async () => {
    expect(await outcome('a/1')).toMatchObject({ outcome: { _tag: 'Right' }, sent: ['a/1'] });
  });

  it('refuses any other topic, without sending', async () => {
    expect(await outcome('a/1/2')).toMatchObject({
      outcome: { left: { _tag: 'InvalidRequest', foundBy: 'client', kind: 'message', value: 'a/1/2', attempts: 1, outcome: 'refused' } },
      sent: [],
    });
  });

  it('refuses a topic that is no filter at once', () => {
    expect(() => publishTo(proxyOf(), message, { topics: ['a/#/b'] })).toThrow(RangeError);
  });
});
