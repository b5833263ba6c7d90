import { inspect } from 'node:util';
import { isPromise } from '../shared/check-argument.js';
import { reportToStderr } from './unhandled.js';

/** Of all hooks of the process, so that many that fail fill no log. */
const report = reportToStderr();

function complain(what: string, thrown: unknown): void {
  report.left({ _tag: what, message: thrown instanceof Error ? thrown.message : inspect(thrown) });
}

type Told<A extends readonly unknown[]> = (...args: A) => void;

/**
 * A function of the program that hears of something and gives nothing. TypeScript takes an `async` one for such a function, too: nobody waits for its
 * promise, and what that rejects with is written to stderr, at a bounded rate. By then what told it may be over, so it has no other place. What the
 * function throws is thrown on, to where what called it has a place for that.
 *
 * @param name the option or argument it was given as.
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

/** A {@link hook} that is called where nothing may be thrown: what it throws is written to stderr as well. */
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
