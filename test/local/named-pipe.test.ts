import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderOfSocket, socketIn } from '../../src/local/server/ipc-server.js';
import { IS_WINDOWS } from '../kit/process/platform.js';

test('on Windows a nucleus listens at a pipe that is named after its folder, and is found by it', () => {
  const pipe = socketIn('C:\\Users\\me\\AppData\\Local\\Temp\\ggrx-17-AbCdEf', 'win32');
  expect(pipe).toBe('\\\\.\\pipe\\ggrx-17-AbCdEf');
  expect(folderOfSocket(pipe)).toBe(join(tmpdir(), 'ggrx-17-AbCdEf'));
});

// The path of a socket has other slashes there.
test.skipIf(IS_WINDOWS)('elsewhere it is a socket in that folder', () => {
  expect(socketIn('/tmp/ggrx-17-AbCdEf', 'linux')).toBe('/tmp/ggrx-17-AbCdEf/ipc.socket');
  expect(folderOfSocket('/tmp/ggrx-17-AbCdEf/ipc.socket')).toBe('/tmp/ggrx-17-AbCdEf');
});
