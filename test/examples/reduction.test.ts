import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runExample, shownOutput } from '../kit/process/run-example.js';

/** The same data, by plain means. */
const temperatures = readFileSync('node_modules/vega-datasets/data/seattle-weather-hourly-normals.csv', 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map(line => line.split(','))
  .map(([date = '', , celsius]) => ({ day: date.slice(0, 10), celsius: Number(celsius) }));

test('the example of a year of weather says what was saved, and its days are those of the data', async () => {
  const { code, output } = await runExample('reduction');
  expect(output).toMatch(shownOutput('reduction'));
  expect(code).toBe(0);
  const lines = output.trim().split('\n');

  const days = new Set(temperatures.map(({ day }) => day)).size;
  expect(lines[0]).toMatch(
    new RegExp(
      `^26 277 readings: \\d+ \\d+ changes and ${(days * 3).toLocaleString('en-US').replace(',', ' ')} days are worth publishing.$`,
    ),
  );

  const [, day = '', n, min, median, mean, max] =
    /Highest temperature: (\S+), (\d+) readings, min (\S+), p05 \S+, median (\S+), mean (\S+), p95 \S+, max (\S+)$/.exec(lines[1] ?? '') ??
    [];
  const own = temperatures.filter(hour => hour.day === day).map(({ celsius }) => celsius);
  expect(Number(n)).toBe(own.length);
  expect([min, max].map(Number)).toEqual([Math.min(...own), Math.max(...own)]);
  expect(Number(mean)).toBeCloseTo(own.reduce((a, b) => a + b) / own.length, 1);
  const lowerMedian = own.sort((a, b) => a - b)[Math.floor((own.length - 1) / 2)] ?? NaN;
  expect(Number(median)).toBeCloseTo(lowerMedian, 1);

  const [, messages = '', fewer, units] =
    /^(\d+) messages instead of 26 277 \((\d+) times fewer\), charged as (\d+) instead of 26 277/.exec(lines.at(-1) ?? '') ?? [];
  expect(Number(fewer)).toBeGreaterThan(100);
  expect(units).toBe(messages);
});
