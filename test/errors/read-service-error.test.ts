import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readServiceError } from '../../src/errors/service-error.js';

const JSON_TYPE = 'application/json';

describe('readServiceError', () => {
  test('reads the classic form', () => {
    const payload =
      '{"message":"Not Authorized","_service":"aws.greengrass#GreengrassCoreIPC","_message":"Not Authorized","_errorCode":"UnauthorizedError"}';
    expect(readServiceError({ modelType: 'aws.greengrass#UnauthorizedError', contentType: JSON_TYPE, payload })).toEqual({
      serverCode: 'UnauthorizedError',
      serverText: 'Not Authorized',
      reasonString: undefined,
    });
  });

  test('reads the Lite form', () => {
    const payload = '{"_message":"IPC Operation not authorized.","_errorCode":"UnauthorizedError"}';
    expect(readServiceError({ modelType: 'aws.greengrass#UnauthorizedError', contentType: JSON_TYPE, payload })).toMatchObject({
      serverCode: 'UnauthorizedError',
      serverText: 'IPC Operation not authorized.',
    });
  });

  test('keeps the text of InvalidArgumentsError, which the model of the operation does not list', () => {
    const payload =
      '{"message":"Invalid QoS value: 7","_service":"aws.greengrass#GreengrassCoreIPC","_message":"Invalid QoS value: 7","_errorCode":"InvalidArgumentsError"}';
    expect(readServiceError({ modelType: 'aws.greengrass#InvalidArgumentsError', contentType: JSON_TYPE, payload })).toMatchObject({
      serverCode: 'InvalidArgumentsError',
      serverText: 'Invalid QoS value: 7',
    });
  });

  test('reads the reason the broker gave for refusing a subscription, and does without one', () => {
    const reply = (context: string) =>
      readServiceError({
        modelType: undefined,
        contentType: JSON_TYPE,
        payload: `{"message":"m","_errorCode":"ServiceError","context":${context}}`,
      });
    expect(reply('{"reasonString":"SUBSCRIBE_QUOTA","reasonCode":151}').reasonString).toBe('SUBSCRIBE_QUOTA');
    expect(reply('{"reasonString":null,"reasonCode":null}').reasonString).toBeUndefined();
    expect(reply('null').reasonString).toBeUndefined();
  });

  test('recognises an operation the classic nucleus has never heard of', () => {
    const payload = '{ "error": "Unsupported Operation", "message": "aws.greengrass#Nope is an unsupported operation." }';
    expect(readServiceError({ modelType: undefined, contentType: JSON_TYPE, payload })).toMatchObject({
      serverCode: 'UnsupportedOperation',
      serverText: 'aws.greengrass#Nope is an unsupported operation.',
    });
  });

  test('recognises an exception nobody caught in the classic nucleus', () => {
    expect(readServiceError({ modelType: undefined, contentType: 'text/plain', payload: 'InternalServerError' })).toMatchObject({
      serverCode: 'InternalServerError',
      serverText: 'InternalServerError',
    });
  });

  test('takes the code from the body before the type, and the last part of the type', () => {
    const read = (payload: string) =>
      readServiceError({ modelType: 'aws#ValidationException', contentType: JSON_TYPE, payload }).serverCode;
    expect(read('{"_errorCode":"ServiceError"}')).toBe('ServiceError');
    expect(read('{"_errorCode":""}')).toBe('ValidationException');
    expect(read('{}')).toBe('ValidationException');
    expect(read('not JSON')).toBe('ValidationException');
  });

  test('an empty text of Lite stays empty, and a missing one is the raw body', () => {
    const read = (payload: string) =>
      readServiceError({ modelType: 'aws.greengrass#ServiceError', contentType: JSON_TYPE, payload }).serverText;
    expect(read('{"_message":"","_errorCode":"ServiceError"}')).toBe('');
    expect(read('{"message":null,"_message":"said here"}')).toBe('said here');
    expect(read('{"message":null}')).toBe('{"message":null}');
    expect(read('')).toBe('');
  });

  test('keeps no more than 4096 characters of what may be megabytes', () => {
    expect(readServiceError({ modelType: undefined, contentType: undefined, payload: 'x'.repeat(1_000_000) }).serverText).toHaveLength(
      4_096,
    );
  });

  test('keeps nothing else of a text that is megabytes', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heap = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = heap();
    const replies = Array.from({ length: 10 }, (_, index) => {
      const long = `${index} ${'x'.repeat(2_000_000)}`;
      const payload = JSON.stringify({ _errorCode: long, message: long, context: { reasonString: long } });
      return readServiceError({ modelType: undefined, contentType: JSON_TYPE, payload });
    });
    expect(heap() - before).toBeLessThan(4_000_000);
    expect(replies.map(({ serverText }) => serverText.length)).toEqual(new Array<number>(10).fill(4_096));
  });

  test('never throws, and always names the error', () => {
    const payload = fc.oneof(
      fc.string(),
      fc.json(),
      fc.constantFrom('null', '[]', '"text"', '{', '{"context":[]}', '{"_errorCode":{},"message":[]}'),
    );
    const header = fc.option(fc.oneof(fc.string(), fc.constantFrom('#', 'a#', 'text/plain; charset=utf-8')), { nil: undefined });
    fc.assert(
      fc.property(payload, header, header, (body, modelType, contentType) => {
        const reply = readServiceError({ modelType, contentType, payload: body });
        expect(reply.serverCode).not.toBe('');
        expect(typeof reply.serverText).toBe('string');
      }),
      { numRuns: 2_000 },
    );
  });
});
