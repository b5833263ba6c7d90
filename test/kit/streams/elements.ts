import { left, right } from 'fp-ts/lib/Either.js';

/** Errors that end a stream, told apart by name. */
export const T = { kind: 'terminal' as const, _tag: 'T' as const };
export const U = { kind: 'terminal' as const, _tag: 'U' as const };

/** One letter an element: small and capital letters are results, x and y errors, T and U the terminal ones. */
export const elements = {
  a: right('a'),
  b: right('b'),
  c: right('c'),
  A: right('A'),
  B: right('B'),
  C: right('C'),
  x: left({ _tag: 'X' as const }),
  y: left({ _tag: 'Y' as const }),
  T: left(T),
  U: left(U),
};
