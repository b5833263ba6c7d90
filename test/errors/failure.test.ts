import { expect, onTestFinished, test } from 'vitest';
import { ConnectionLost } from '../../src/errors/errors.js';
import { copyError } from '../../src/errors/failure.js';

test('the copy of an error has its class, its properties and others in their place, and its stack, which nobody formats before it is read', () => {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is put back, not called
  const { prepareStackTrace } = Error;
  onTestFinished(() => void (Error.prepareStackTrace = prepareStackTrace));
  let formatted = 0;
  Error.prepareStackTrace = error => `${error.name}, formatted ${++formatted} times`;
  const error = new ConnectionLost('message', true);
  const copy = copyError(copyError(error, { value: 1, attempts: 1 }), { attempts: 2 });
  expect(formatted).toBe(0);
  expect(copy).toBeInstanceOf(ConnectionLost);
  expect(copy).toMatchObject({ kind: 'message', sent: true, value: 1, attempts: 2 });
  expect(copy.message).toBe(error.message);
  expect([copy.stack, error.stack]).toEqual(Array.from({ length: 2 }, () => 'ConnectionLost, formatted 1 times'));
});
