/** The largest length that is always whole in a window or not in it, of windows that have one length and begin a step apart. */
export function paneOf(length: number, step: number): number {
  return step === 0 ? length : paneOf(step, length % step);
}
