import { describe, expect, it } from 'vitest';
import { connectErrorOf } from '../../src/client/failures.js';
import type { SessionEnd } from '../../src/ipc/session.js';

describe('the end of a session means to who needs a connection', () => {
  const cause = new Error('why');
  const ends: readonly (readonly [string, SessionEnd, object])[] = [
    [
      'that aws-crt may be loaded later',
      { reason: 'connect-failed', failure: { reason: 'native-unavailable', passing: true, cause } },
      { _tag: 'NativeUnavailable', retryable: true, cause, message: expect.stringMatching(/no file descriptors or no memory/) as unknown },
    ],
    [
      'that aws-crt is not there',
      { reason: 'connect-failed', failure: { reason: 'native-unavailable', passing: false, cause } },
      { _tag: 'NativeUnavailable', retryable: false, cause, message: expect.stringMatching(/not installed/) as unknown },
    ],
    [
      'that the nucleus may be full',
      { reason: 'turned-away', cause },
      { _tag: 'SocketUnavailable', reason: 'full', retryable: true, cause },
    ],
    ['that the token is refused', { reason: 'refused', silently: true }, { _tag: 'TokenRefused', afterSuccess: false }],
  ];

  it.each(ends)('%s', (_, end, error) => {
    expect(connectErrorOf(end, '/nowhere', 10, false)).toMatchObject(error);
  });
});
