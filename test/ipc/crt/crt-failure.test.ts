import { describe, expect, it } from 'vitest';
import { closeReasonOf, connectFailureOf } from '../../../src/ipc/crt/crt-transport.js';

const SYNCHRONOUS =
  'aws_napi_event_stream_client_connection_connect - synchronous failure invoking aws_event_stream_rpc_client_connection_connect';

describe('a rejected connect of aws-crt', () => {
  // As aws-crt 1.33.2 words them: an Error when it failed within the call, a bare string when it failed later.
  const failures = [
    { reason: 'missing', text: 'aws-c-common: AWS_ERROR_FILE_INVALID_PATH, Invalid file path.' },
    { reason: 'refused', text: 'aws-c-io: AWS_IO_SOCKET_CONNECTION_REFUSED, socket connection refused.' },
    { reason: 'permission', text: 'aws-c-common: AWS_ERROR_NO_PERMISSION, user does not have permission to perform the requested action.' },
    { reason: 'busy', text: 'aws-c-io: AWS_IO_READ_WOULD_BLOCK, Channel/socket waiting on data to read.' },
    { reason: 'other', text: 'aws-c-io: AWS_IO_SOCKET_NOT_CONNECTED, socket not connected.' },
    { reason: 'other', text: 'something nobody has seen' },
  ] as const;

  it.each(failures)('is "$reason" for $text', ({ reason, text }) => {
    const error = new Error(`${SYNCHRONOUS} : (… - ${text})`);
    expect(connectFailureOf(error)).toEqual({ reason, cause: error });
    const failure = connectFailureOf(text);
    expect(failure).toEqual({ reason, cause: new Error(text) });
    expect('cause' in failure && failure.cause).toBeInstanceOf(Error);
  });
});

describe('a disconnection of aws-crt', () => {
  it.each([
    { code: 0, name: 'AWS_ERROR_SUCCESS' },
    { code: 1051, name: 'AWS_IO_SOCKET_CLOSED' },
    { code: 4104, name: 'AWS_ERROR_EVENT_STREAM_RPC_CONNECTION_CLOSED' },
  ])('with $name is the peer closing', ({ code, name }) => {
    expect(closeReasonOf(code, name)).toEqual({
      reason: 'peer',
      cause: new Error(`The connection was closed: ${name} (${code}).`),
    });
  });

  it.each([
    { code: 4098, name: 'AWS_ERROR_EVENT_STREAM_MESSAGE_FIELD_SIZE_EXCEEDED' },
    { code: 4099, name: 'AWS_ERROR_EVENT_STREAM_PRELUDE_CHECKSUM_FAILURE' },
    { code: 4105, name: 'AWS_ERROR_EVENT_STREAM_RPC_PROTOCOL_ERROR' },
  ])('with $name is a breach of the protocol', ({ code, name }) => {
    expect(closeReasonOf(code, name)).toEqual({ reason: 'protocol', failure: { reason: 'native', detail: name } });
  });
});
