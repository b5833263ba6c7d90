/** The greatest common divisor. Of the length of windows and the step between them: the largest piece that is always whole in a window, or not in it. */
export function gcd(length: number, step: number): number {
  return step === 0 ? length : gcd(step, length % step);
}
