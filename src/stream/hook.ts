import { inspect } from 'node:util';
import { isPromise } from '../shared/check-argument.js';
import { reportToStderr } from './unhandled.js';

/** One for all hooks of the process, so that many that fail do not fill the log. */
const report = reportToStderr();

function complain(what: string, thrown: unknown): void {
  report.left({ _tag: what, message: thrown instanceof Error ? thrown.message : inspect(thrown) });
}

type Told<A extends readonly unknown[]> = (...args: A) => void;

/**
 * A function of the program that is told something and returns nothing. TypeScript accepts an `async` function as one, too. Nobody waits
 * for its promise; if that rejects, the reason is written to stderr, at a bounded rate, since the stream that called it may be over by
 * then. What the function throws synchronously is thrown on, for the caller to deal with.
 *
 * @param name the name of the option or argument that it was given as.
 */
export function hook<A extends readonly unknown[]>(name: string, told: Told<A>): Told<A>;
export function hook<A extends readonly unknown[]>(name: string, told: Told<A> | undefined): Told<A> | undefined;
export function hook<A extends readonly unknown[]>(name: string, told: Told<A> | undefined): Told<A> | undefined {
  if (told === undefined) return undefined;
  const tell: (...args: A) => unknown = told;
  return (...args) => {
    const given = tell(...args);
    if (isPromise(given)) Promise.resolve(given).catch((reason: unknown) => complain(`${name} rejected`, reason));
  };
}

/** A {@link hook} that is called where nothing may be thrown: what it throws is also written to stderr. */
export function harmlessHook<A extends readonly unknown[]>(name: string, told: Told<A>): Told<A> {
  const heard = hook(name, told);
  return (...args) => {
    try {
      heard(...args);
    } catch (thrown) {
      complain(`${name} threw`, thrown);
    }
  };
}
