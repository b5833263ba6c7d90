import { concat, ignoreElements, of, timer } from 'rxjs';
import { expect, it } from 'vitest';
import { concurrently, Ledger, pullThrough } from '../../src/flow/index.js';
import { watched } from '../kit/time/virtual.js';

it('what a synchronous source throws when there is room again is the error of the stream', () => {
  const source = function* (): Generator<number> {
    yield 1;
    throw new Error('boom');
  };
  const work = (n: number) => concat(timer(5).pipe(ignoreElements()), of(n));
  const seen = watched(
    () => pullThrough(source(), concurrently(1, work, { ledger: new Ledger() })),
    ({ _tag }) => _tag,
  );
  expect(seen).toEqual(['5 Right', '5 Error: boom']);
});
