import type { Either } from 'fp-ts/lib/Either.js';
import { concat, delay, NEVER, type Observable, of, mergeMap, from } from 'rxjs';
import type { WindowError, WindowResult } from '../../../src/operators/index.js';

/** A value of a key, with a time of its own. */
export interface Reading {
  readonly key: string;
  readonly at: number;
  readonly value: number;
}

/** `a@3` is a reading of `a` at 3, `a@3=20` one whose value is 20. */
export const readings = (text: string): Reading[] =>
  text
    .split(' ')
    .filter(word => word !== '')
    .map(word => {
      const [, key = '', at = '', value] = /^(\w+)@(-?[\w.]+)(?:=(\S+))?$/.exec(word) ?? [];
      return { key, at: Number(at), value: Number(value ?? 1) };
    });

/** Each reading at its own time by the clock; then nothing more, or the end. */
export const arriving = (text: string, { completes = false } = {}): Observable<Reading> => {
  const all = readings(text);
  const values$ = from(all).pipe(mergeMap(reading => of(reading).pipe(delay(reading.at))));
  return completes ? values$ : concat(values$, NEVER);
};

/** `a [0, 10) 3 time` is three values of `a` in the window from 0 to 10, ended by time; what is out of the ordinary follows. */
export const described = (element: Either<WindowError<Reading>, WindowResult<unknown>>): string => {
  if (element._tag === 'Left') return `${element.left._tag} ${element.left.key}@${element.left.value.at}`;
  const { key, start, end, count, value, closedBy, gaps, revision } = element.right;
  const more = [gaps === 0 ? '' : ` gaps ${gaps}`, revision === 0 ? '' : ` revision ${revision}`].join('');
  return `${key} [${start}, ${end}) ${JSON.stringify(value)}${value === count ? '' : ` of ${count}`} ${closedBy}${more}`;
};
