import { describe, expect, test } from 'vitest';
import { updateConfiguration } from '../../src/recipe/configuration.js';

describe('a deployment', () => {
  const defaults = { seconds: 10, list: [1, 2], nested: { a: 1, b: 2 } };
  const onDevice = { seconds: 5, list: [9], nested: { a: 7 }, own: true };
  const update = (reset: string[], merge = {}): unknown =>
    updateConfiguration('classic', onDevice, defaults, { reset, merge }).configuration;

  test('lets what is on the device win over the recipe’s defaults, key by key; lists are whole', () => {
    expect(update([])).toEqual({ seconds: 5, list: [9], nested: { a: 7, b: 2 }, own: true });
  });

  test('resets paths to the defaults, and removes what these do not have', () => {
    expect(update(['/nested/a', '/list', '/own', '/never/there', '/seconds/below'])).toEqual({
      seconds: 5,
      list: [1, 2],
      nested: { a: 1, b: 2 },
    });
    expect(update([''])).toEqual(defaults);
  });

  test('merges last: maps by key, lists replaced whole, a map over a text and a text over a map', () => {
    expect(update(['/nested'], { list: [3], nested: { c: 3 }, seconds: { every: 1 } })).toEqual({
      seconds: { every: 1 },
      list: [3],
      nested: { a: 1, b: 2, c: 3 },
      own: true,
    });
    expect(update([], { nested: 'gone' })).toMatchObject({ nested: 'gone' });
  });

  test('does not reset elements of lists, nor what is no pointer, and says so', () => {
    const { configuration, problems } = updateConfiguration('classic', onDevice, defaults, { reset: ['/list/0', 'seconds'] });
    expect(configuration).toMatchObject({ list: [9], seconds: 5 });
    expect(problems).toEqual([
      'reset "/list/0" does nothing: an element of a list cannot be reset, only the list',
      'reset "seconds" does nothing: a JSON pointer begins with /',
    ]);
  });

  test('compares names ignoring case on classic, and not on lite', () => {
    const names = { ACCESScontrol: 1 };
    expect(updateConfiguration('classic', names, { accessControl: 2 }, { merge: { AccessControl: 3 } }).configuration).toEqual({
      ACCESScontrol: 3,
    });
    expect(updateConfiguration('lite', names, { accessControl: 2 }, { merge: { AccessControl: 3 } }).configuration).toEqual({
      ACCESScontrol: 1,
      accessControl: 2,
      AccessControl: 3,
    });
    expect(updateConfiguration('classic', names, {}, { reset: ['/accesscontrol'] }).configuration).toEqual({});
  });

  test.each(['__proto__', 'constructor', 'toString'])('takes %s for a name like any other, and gives no object another prototype', name => {
    const named = (value: unknown): Record<string, unknown> =>
      JSON.parse(`{"${name}":${JSON.stringify(value)}}`) as Record<string, unknown>;
    for (const profile of ['classic', 'lite'] as const) {
      const { configuration } = updateConfiguration(profile, named({ a: 1 }), named({ b: 2 }), { merge: named({ c: 3 }) });
      expect(Object.entries(configuration)).toEqual([[name, { a: 1, b: 2, c: 3 }]]);
      expect(Object.getPrototypeOf(configuration)).toBe(Object.prototype);
      expect(updateConfiguration(profile, {}, named(1)).configuration).toEqual(named(1));
      expect(updateConfiguration(profile, {}, {}, { reset: [`/${name}/x`] }).configuration).toEqual({});
    }
  });

  test('leaves the recipe and what was on the device as they were', () => {
    update([''], { nested: { a: 100 } });
    expect([defaults.nested.a, onDevice.nested.a]).toEqual([1, 7]);
  });
});
