import { describe, expect, test } from 'vitest';
import { isNamedPipe, MAX_SOCKET_PATH, tooLongForSocket } from '../../src/shared/socket-path.js';

describe('a named pipe of Windows', () => {
  test.each(['\\\\.\\pipe\\NucleusNamedPipe-1b6c', '\\\\?\\pipe\\x', '//./pipe/x', '\\\\.\\PIPE\\x'])('is told by its name: %s', path => {
    expect(isNamedPipe(path)).toBe(true);
  });

  test.each(['/greengrass/v2/ipc.socket', 'ipc.socket', '\\\\.\\pipe\\', 'C:\\pipe\\x', '\\\\server\\pipe\\x', '/tmp/\\\\.\\pipe\\x'])(
    'and %s is none',
    path => {
      expect(isNamedPipe(path)).toBe(false);
    },
  );

  test('has no limit of a socket address', () => {
    const long = 'x'.repeat(MAX_SOCKET_PATH);
    expect(tooLongForSocket(`\\\\.\\pipe\\${long}`)).toBe(undefined);
    expect(tooLongForSocket(`/tmp/${long}`)).toEqual({ length: MAX_SOCKET_PATH + 5, limit: MAX_SOCKET_PATH });
    expect(tooLongForSocket(long)).toBe(undefined);
    expect(tooLongForSocket(`${long.slice(1)}é`)).toEqual({ length: MAX_SOCKET_PATH + 1, limit: MAX_SOCKET_PATH });
  });
});
