import type { MeterReading } from './meter.js';

/** What came of two {@link MeterReading}s. */
export interface Savings {
  readonly before: MeterReading;
  readonly after: MeterReading;
  /** How many times fewer, `before / after`: `Infinity` where nothing is left. 1 where there was nothing. */
  readonly factor: MeterReading;
  /** For a log: one sentence. */
  readonly text: string;
}

/** What is saved between two places of a pipeline. See {@link Meter}. */
export function savings(before: MeterReading, after: MeterReading): Savings {
  const factor = {
    messages: ratio(before.messages, after.messages),
    bytes: ratio(before.bytes, after.bytes),
    units: ratio(before.units, after.units),
  };
  const text =
    `${whole(after.messages)} message${after.messages === 1 ? '' : 's'} instead of ${whole(before.messages)} (${times(factor.messages)}), ` +
    `charged as ${whole(after.units)} instead of ${whole(before.units)} (${times(factor.units)}), ` +
    `${whole(after.bytes)} bytes instead of ${whole(before.bytes)}`;
  return { before, after, factor, text };
}

function ratio(before: number, after: number): number {
  return before === after ? 1 : before / after;
}

function whole(value: number): string {
  return value.toLocaleString('en-US').replaceAll(',', ' ');
}

function times(factor: number): string {
  if (factor === Infinity) return 'none left';
  if (factor < 1) return `${(1 / factor).toFixed(1)} times more`;
  return `${factor >= 10 ? whole(Math.round(factor)) : factor.toFixed(1)} times fewer`;
}
