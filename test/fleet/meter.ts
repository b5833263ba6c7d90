import * as t from 'io-ts';
import {
  asapScheduler,
  asyncScheduler,
  concatMap,
  distinctUntilChanged,
  filter,
  map,
  NEVER,
  observeOn,
  type Observable,
  range,
  type SchedulerLike,
  skip,
  takeUntil,
  takeWhile,
  tap,
} from 'rxjs';
import { jsonArray } from '../../src/codec/index.js';
import { type Component, component } from '../../src/component/index.js';
import { encodeBatches } from '../../src/operators/index.js';
import { forwardFrom, type Outbox, storeIn } from '../../src/outbox/index.js';
import { QOS } from '../../src/shared/qos.js';
import { onRights } from '../../src/stream/index.js';

const Reading = t.type({ at: t.Int, kWh: t.number });
const Readings = jsonArray(Reading);
/** What a meter measures. */
export type Reading = t.TypeOf<typeof Reading>;

/** Readings that go into one message. */
export const BATCH = 10;
/** Messages that a meter stores before it waits for the disk. */
const AHEAD = 20;
/** Milliseconds between two readings. */
export const PERIOD = 1_000;
/** When the first reading of all is. */
export const BEGIN: number = Date.UTC(2026, 0, 1);

/** The reading of a device: kWh are quarters, so that sums are exact in any order. */
export function readingOf(device: number, n: number): Reading {
  return { at: (BEGIN + n * PERIOD) as t.Int, kWh: ((n * 7 + device * 13) % 400) / 4 };
}

/** What a simulated meter is. */
export interface MeterParts {
  /** Its number, and its name in topics. */
  readonly device: number;
  /** How many readings it has in all, over all starts. */
  readonly readings: number;
  /** Called with how many messages have come to the disk: at the start with those of the runs before, and for each that comes. */
  readonly onStored?: ((messages: number) => void) | undefined;
}

export const nameOf = (device: number): string => `core-${`${device}`.padStart(4, '0')}`;

/**
 * A meter that gathers its readings ten by ten, keeps them in an outbox, and sends them. Its time is that of the readings: they are as far
 * apart as on a real device, and take as long as the machine needs. A start goes on behind what is in the file, so each reading is stored
 * once.
 */
export function meter({ device, readings, onStored }: MeterParts): Component {
  const messages = readings / BATCH;
  let time = BEGIN;
  const scheduler = Object.create(asyncScheduler, { now: { value: () => time } }) as SchedulerLike;
  const reading$ = (outbox: Outbox): Observable<Reading> => {
    let given = -1;
    return outbox.depth$.pipe(
      // The first says nothing: the file is not open yet.
      skip(1),
      map(({ counts }) => counts.stored),
      distinctUntilChanged(),
      // A run that was killed may have told less than it had stored.
      tap(stored => {
        if (given === -1) onStored?.(stored);
      }),
      filter(stored => stored >= given),
      takeWhile(stored => stored < messages),
      // Not within the outbox's report of what it has stored: a message given to it then would wait, and be stored at a later time.
      observeOn(asapScheduler),
      concatMap(stored => {
        given = Math.min(messages, stored + AHEAD);
        return range(stored * BATCH, (given - stored) * BATCH);
      }),
      map(n => {
        const reading = readingOf(device, n);
        time = reading.at;
        return reading;
      }),
    );
  };
  return component({
    name: 'com.example.Meter',
    version: '1.0.0',
    run: (proxy, _config, { openOutbox }) => {
      const outbox = openOutbox({
        mark: 'wrap',
        tellOldest: true,
        maxAge: 7 * 86_400_000,
        topics: ['meters/+'],
        commit: { messages: AHEAD, within: 5 },
        scheduler,
      });
      const isThrough$ = outbox.depth$.pipe(filter(depth => depth.messages === 0 && depth.counts.stored >= messages));
      // A dry run has no readings, and no device.
      const source$ = readings === 0 ? NEVER.pipe(takeUntil(proxy.draining$)) : reading$(outbox);
      return {
        stored: source$.pipe(
          encodeBatches({ format: Readings, bytes: 4_096, messages: BATCH, within: 3_600_000 }),
          onRights(
            storeIn(outbox, ({ payload }) => ({ topicName: `meters/${nameOf(device)}`, payload, qos: QOS.AT_LEAST_ONCE }), {
              payload: Readings,
            }),
          ),
          tap(outcome => {
            if (outcome._tag === 'Right') onStored?.(outcome.right.number);
          }),
        ),
        forwarded: forwardFrom(outbox, proxy, { messagesPerSecond: 5_000 }).pipe(readings === 0 ? takeUntil(NEVER) : takeUntil(isThrough$)),
      };
    },
  });
}
