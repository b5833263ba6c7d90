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
