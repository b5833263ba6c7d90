import { map, type Observable, Subject } from 'rxjs';
import { expectTypeOf, test } from 'vitest';
import type { Interrupted, Overflowed } from '../../src/errors/errors.js';
import {
  type AlarmTransition,
  changeOf,
  deadband,
  dedupe,
  governRate,
  hysteresis,
  type RateOfChange,
  rateOfChange,
} from '../../src/operators/index.js';
import { onRights, type ObservableEither } from '../../src/stream/index.js';

interface Reading {
  readonly sensor: string;
  readonly celsius: number;
}
declare const reading$: Observable<Reading>;
declare const message$: ObservableEither<Interrupted, Reading>;
const gap$ = new Subject<Interrupted>();

test('the value comes from the source, without annotations', () => {
  expectTypeOf(reading$.pipe(deadband({ key: r => r.sensor, value: r => r.celsius, absolute: 1 }))).toEqualTypeOf<Observable<Reading>>();
  expectTypeOf(reading$.pipe(changeOf({ key: r => r.sensor, of: ['celsius'] }))).toEqualTypeOf<Observable<Reading>>();
  expectTypeOf(reading$.pipe(changeOf({ key: r => r.sensor, of: r => r.celsius > 20 }))).toEqualTypeOf<Observable<Reading>>();
  expectTypeOf(reading$.pipe(dedupe({ key: r => r.sensor, ttl: 1 }))).toEqualTypeOf<Observable<Reading>>();
  expectTypeOf(reading$.pipe(rateOfChange({ key: 'single', value: r => r.celsius }))).toEqualTypeOf<Observable<RateOfChange<Reading>>>();
  const alarm$ = reading$.pipe(hysteresis({ key: 'single', value: r => r.celsius, set: 2, clear: 1 }));
  expectTypeOf(alarm$).toEqualTypeOf<Observable<AlarmTransition<Reading>>>();
  const levels$ = message$.pipe(
    onRights((r$, gap$) =>
      r$.pipe(
        deadband({ key: r => r.sensor, value: r => r.celsius, percent: 1, onGap: 'reset', gap$ }),
        map(r => r.celsius),
      ),
    ),
  );
  expectTypeOf(levels$).toEqualTypeOf<ObservableEither<Interrupted, number>>();
});

test('a transition narrows by its state', () => {
  const show = (alarm: AlarmTransition<Reading>): void => {
    if (alarm.state === 'raised') expectTypeOf(alarm.from).toEqualTypeOf<'cleared' | 'unknown'>();
    else expectTypeOf(alarm.from).toEqualTypeOf<'raised' | 'unknown'>();
  };
  expectTypeOf(show).toBeFunction();
});

test('a key is required', () => {
  // @ts-expect-error there is no key
  reading$.pipe(deadband({ value: r => r.celsius, absolute: 1 }));
  // @ts-expect-error of another word than 'single'
  reading$.pipe(deadband({ key: 'sensor', value: r => r.celsius, absolute: 1 }));
  // @ts-expect-error a dedupe without a key drops all
  reading$.pipe(dedupe({ key: 'single', ttl: 1 }));
});

test('a reset needs a source of gaps, and gaps need a reset', () => {
  // @ts-expect-error there is no gap$
  reading$.pipe(deadband({ key: 'single', value: r => r.celsius, absolute: 1, onGap: 'reset' }));
  // @ts-expect-error gap$ would be ignored
  reading$.pipe(deadband({ key: 'single', value: r => r.celsius, absolute: 1, onGap: 'keep', gap$ }));
  // @ts-expect-error gap$ would be ignored
  reading$.pipe(dedupe({ key: r => r.sensor, ttl: 1, gap$ }));
});

test('a band is absolute or percent', () => {
  // @ts-expect-error there is no band
  reading$.pipe(deadband({ key: 'single', value: r => r.celsius }));
  // @ts-expect-error there are two bands
  reading$.pipe(deadband({ key: 'single', value: r => r.celsius, absolute: 1, percent: 1 }));
  // @ts-expect-error least is of a percentage
  reading$.pipe(deadband({ key: 'single', value: r => r.celsius, absolute: 1, least: 1 }));
});

test('only fields that are there can be chosen', () => {
  // @ts-expect-error there is no such field
  reading$.pipe(changeOf({ key: 'single', of: ['kelvin'] }));
});

test('a rate has a number, bytes a size, and what is dropped at once has no buffer', () => {
  const sizeOf = (reading: Reading): number => reading.sensor.length;
  expectTypeOf(reading$.pipe(governRate({ messagesPerSecond: 1 }))).toEqualTypeOf<ObservableEither<Overflowed, Reading>>();
  reading$.pipe(governRate({ bytesPerSecond: 1, sizeOf, buffer: { bytes: 9, sizeOf } }));
  reading$.pipe(governRate({ messagesPerSecond: 1, bytesPerSecond: 1, sizeOf: r => r.sensor.length, mode: 'enforce' }));
  // @ts-expect-error there is no rate
  reading$.pipe(governRate({ share: 0.5 }));
  // @ts-expect-error nobody says how large a value is
  reading$.pipe(governRate({ bytesPerSecond: 1 }));
  // @ts-expect-error nothing waits
  reading$.pipe(governRate({ messagesPerSecond: 1, mode: 'enforce', buffer: { messages: 1 } }));
  // @ts-expect-error onDrop is the buffer's
  reading$.pipe(governRate({ messagesPerSecond: 1, mode: 'shape', onDrop: () => undefined }));
});
