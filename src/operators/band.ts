import { checkAtLeast } from '../shared/check-argument.js';

/** How far two numbers may lie apart and still count as the same. */
export type Band =
  | {
      /** In the unit of the value, from 0 on. With 0 every change counts. */
      readonly absolute: number;
      readonly percent?: undefined;
      readonly least?: undefined;
    }
  | {
      /** Percent of the magnitude of the last value passed on, from 0 on. */
      readonly percent: number;
      /** The smallest band, in the unit of the value: what a percentage of zero is not. Default 0. */
      readonly least?: number | undefined;
      readonly absolute?: undefined;
    };

/** The width of the band around a number. */
export function bandOf(band: Band): (around: number) => number {
  if (band.absolute !== undefined) {
    const { absolute } = band;
    checkAtLeast(absolute, 'absolute', 0);
    return () => absolute;
  }
  const { percent, least = 0 } = band;
  checkAtLeast(percent, 'percent', 0);
  checkAtLeast(least, 'least', 0);
  return around => (Number.isFinite(around) ? Math.max(Math.abs(around) * (percent / 100), least) : 0);
}

/** How far two numbers lie apart. What is no finite number is infinitely far from all but itself. */
export function distance(a: number, b: number): number {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  return Number.isFinite(a) && Number.isFinite(b) ? Math.abs(a - b) : Infinity;
}
