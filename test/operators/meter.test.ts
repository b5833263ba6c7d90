import { of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Meter, meteredBytes, meteredUnits, savings, type Metered } from '../../src/operators/index.js';

const message = (bytes: number, topicName = ''): Metered => ({ topicName, payload: new Uint8Array(bytes) });

describe('meteredUnits', () => {
  it.each([
    [0, 1],
    [1, 1],
    [5 * 1024, 1],
    [5 * 1024 + 1, 2],
    [8 * 1024, 2],
    [128 * 1024, 26],
  ])('%i bytes are %i', (bytes, units) => {
    expect(meteredUnits(message(bytes))).toBe(units);
  });

  it('counts the topic and the MQTT 5 properties, as bytes of UTF-8', () => {
    const whole: Metered = {
      topicName: 'é',
      payload: 'ü',
      userProperties: [{ key: 'ab', value: 'c' }],
      responseTopic: 'defg',
      correlationData: new Uint8Array(5),
      contentType: 'text/x',
    };
    expect(meteredBytes(whole)).toBe(2 + 2 + 3 + 4 + 5 + 6);
    expect(meteredUnits(message(5 * 1024 - 7, 'plant/7'))).toBe(1);
    expect(meteredUnits(message(5 * 1024 - 6, 'plant/7'))).toBe(2);
  });

  it('is none by Basic Ingest', () => {
    expect(meteredUnits(message(10_000, '$aws/rules/Store/x'))).toBe(0);
    expect(meteredUnits(message(1, '$aws/things/x/shadow/update'))).toBe(1);
  });
});

describe('Meter and savings', () => {
  it('count what passes, by all streams together, and say what is saved', () => {
    const [before, after] = [new Meter(), new Meter()];
    const passed: number[] = [];
    const counted = before.count((bytes: number) => message(bytes));
    of(100, 6_000)
      .pipe(counted)
      .subscribe(value => passed.push(value));
    of(200)
      .pipe(counted)
      .subscribe(value => passed.push(value));
    expect(passed).toEqual([100, 6_000, 200]);
    expect(before.reading).toEqual({ messages: 3, bytes: 6_300, units: 4 });
    after.add(message(3_150));
    const saved = savings(before.reading, after.reading);
    expect(saved.factor).toEqual({ messages: 3, bytes: 2, units: 4 });
    expect(saved.text).toBe(
      '1 message instead of 3 (3.0 times fewer), charged as 1 instead of 4 (4.0 times fewer), 3 150 bytes instead of 6 300',
    );
  });

  it('say it where nothing is left, where nothing was, and where there is more', () => {
    const none = new Meter().reading;
    const some = { messages: 2_000, bytes: 10, units: 2_000 };
    expect(savings(some, none)).toMatchObject({ factor: { messages: Infinity } });
    expect(savings(some, none).text).toContain('0 messages instead of 2 000 (none left)');
    expect(savings(none, none).factor).toEqual({ messages: 1, bytes: 1, units: 1 });
    expect(savings({ messages: 1, bytes: 1, units: 1 }, some).text).toContain('(2000.0 times more)');
    expect(savings(some, { ...some, messages: 2 }).text).toContain('(1 000 times fewer)');
  });

  it('passes errors on, and what `message` throws', () => {
    const seen: unknown[] = [];
    const note = { error: (error: unknown) => seen.push(error) };
    throwError(() => 'source')
      .pipe(new Meter().count(() => message(0)))
      .subscribe(note);
    of(1)
      .pipe(
        new Meter().count(() => {
          throw new RangeError('no topic');
        }),
      )
      .subscribe(note);
    expect(seen).toEqual(['source', new RangeError('no topic')]);
  });
});
