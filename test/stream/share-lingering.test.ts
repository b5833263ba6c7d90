import { NEVER, Observable, of, throwError, VirtualTimeScheduler } from 'rxjs';
import { expect, test } from 'vitest';
import { shareLingering } from '../../src/stream/work-on.js';

test('the source outlives its last subscriber for a while, and serves who comes meanwhile', () => {
  const scheduler = new VirtualTimeScheduler();
  const log: string[] = [];
  const shared$ = new Observable<never>(() => {
    log.push(`subscribed at ${scheduler.now()}`);
    return () => log.push(`over at ${scheduler.now()}`);
  }).pipe(shareLingering(1_000, scheduler));
  const first = shared$.subscribe();
  scheduler.schedule(() => first.unsubscribe(), 100);
  scheduler.schedule(() => {
    const second = shared$.subscribe();
    scheduler.schedule(() => second.unsubscribe(), 100);
  }, 1_000);
  scheduler.flush();
  expect(log).toEqual(['subscribed at 0', 'over at 2100']);
});

test.each([
  ['completed', of(1)],
  ['failed', throwError(() => 'so')],
])('a source that has %s leaves no timer behind, and is subscribed to anew', (_how, source$) => {
  const scheduler = new VirtualTimeScheduler();
  const shared$ = (source$ as Observable<unknown>).pipe(shareLingering(1_000, scheduler));
  for (let time = 0; time < 2; time++) {
    const ends: string[] = [];
    shared$.subscribe({ error: () => ends.push('error'), complete: () => ends.push('complete') });
    expect(ends).toHaveLength(1);
    expect(scheduler.actions).toEqual([]);
  }
});

test('no time is none', () => {
  const scheduler = new VirtualTimeScheduler();
  NEVER.pipe(shareLingering(0, scheduler)).subscribe().unsubscribe();
  expect(scheduler.actions).toEqual([]);
});
