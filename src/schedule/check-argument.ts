import { inspect } from 'node:util';

/**
 * Throws where `value` is not a finite number of at least `least`: a schedule that is wrong fails where it is written, not at the first
 * outage.
 */
export function checkAtLeast(least: number, value: number, name: string): void {
  if (!(Number.isFinite(value) && value >= least)) throw new RangeError(`${name} must be a number of at least ${least}, and is ${value}.`);
}

/** Throws where `value` is not a finite number above 0. */
export function checkPositive(value: number, name: string): void {
  if (!(Number.isFinite(value) && value > 0)) throw new RangeError(`${name} must be a number above 0, and is ${value}.`);
}

/**
 * Throws where `value` is no span of time. For all options that are times: `Infinity` is one, and means never; what is more than a timer can wait
 * is waited in pieces.
 */
export function checkTime(value: number, name: string): void {
  if (typeof value !== 'number' || !(value >= 0))
    throw new RangeError(`${name} must be a number of milliseconds from 0 on, or Infinity, and is ${inspect(value)}.`);
}

/** {@link checkTime} where no time at all makes no sense. */
export function checkPositiveTime(value: number, name: string): void {
  if (typeof value !== 'number' || !(value > 0))
    throw new RangeError(`${name} must be a number of milliseconds above 0, or Infinity, and is ${inspect(value)}.`);
}
