import fc from 'fast-check';
import { isLeft, isRight, type Either } from 'fp-ts/lib/Either.js';
import type * as t from 'io-ts';
import { describe, expect, it } from 'vitest';
import { readIoTCoreMessage } from '../../../src/ipc/wire/read-iot-core-message.js';
import {
  Blob,
  EmptyResponse,
  IoTCoreMessage,
  PublishToIoTCoreRequest,
  ServiceErrorBody,
  SubscribeToIoTCoreRequest,
} from '../../../src/ipc/wire/shapes.js';

const blob = fc.uint8Array({ maxLength: 40 });
const qos = fc.constantFrom('0' as const, '1' as const);
const mqtt5Members = {
  retain: fc.boolean(),
  userProperties: fc.array(fc.record({ key: fc.string(), value: fc.string() }), { maxLength: 3 }),
  messageExpiryIntervalSeconds: fc.nat(),
  correlationData: blob,
  responseTopic: fc.string(),
  payloadFormat: qos,
  contentType: fc.string(),
};
const publishRequest = fc.record(
  { topicName: fc.string(), qos, payload: blob, ...mqtt5Members },
  { requiredKeys: ['topicName', 'qos'] },
) as fc.Arbitrary<PublishToIoTCoreRequest>;
const message = fc.record({ topicName: fc.string(), payload: blob, ...mqtt5Members }, { requiredKeys: ['topicName'] });
const event = fc.record({ message }) as fc.Arbitrary<IoTCoreMessage>;

interface Decoding {
  readonly decode: (value: unknown) => Either<unknown, unknown>;
}

/** What arrives after the wire: encoded, written as JSON and read again. */
function overTheWire<A, O>(codec: t.Type<A, O>, value: A): Either<unknown, A> {
  return codec.decode(JSON.parse(JSON.stringify(codec.encode(value))));
}

describe('the shapes', () => {
  it('bring a publish over the wire as it was', () => {
    fc.assert(
      fc.property(publishRequest, request => {
        expect(overTheWire(PublishToIoTCoreRequest, request)).toEqual({ _tag: 'Right', right: withBuffers(request) });
      }),
    );
  });

  it('bring an event over the wire as it was', () => {
    fc.assert(
      fc.property(event, value => {
        expect(overTheWire(IoTCoreMessage, value)).toEqual({ _tag: 'Right', right: { message: withBuffers(value.message) } });
      }),
    );
  });

  it('bring a subscription and an error over the wire as they were', () => {
    const error = fc.record(
      { message: fc.string(), _service: fc.string(), _message: fc.string(), _errorCode: fc.string() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.record({ topicName: fc.string(), qos }), error, (request, body) => {
        expect(overTheWire(SubscribeToIoTCoreRequest, request)).toEqual({ _tag: 'Right', right: request });
        expect(overTheWire(ServiceErrorBody, body)).toEqual({ _tag: 'Right', right: body });
      }),
    );
  });

  it('write blobs as base64 text and qos as text', () => {
    const request: PublishToIoTCoreRequest = {
      topicName: 't',
      qos: '1',
      payload: Buffer.from('hi'),
      correlationData: Uint8Array.from([255]),
    };
    expect(PublishToIoTCoreRequest.encode(request)).toEqual({ topicName: 't', qos: '1', payload: 'aGk=', correlationData: '/w==' });
  });

  const right: readonly (readonly [string, Decoding, unknown])[] = [
    ['an empty response', EmptyResponse, {}],
    ['a response with members nobody knows', EmptyResponse, { later: 1 }],
    ['a publish without a payload', PublishToIoTCoreRequest, { topicName: 't', qos: '0' }],
    ['an empty payload', PublishToIoTCoreRequest, { topicName: 't', qos: '0', payload: '' }],
  ];
  it.each(right)('take %s', (_, codec, value) => {
    expect(isRight(codec.decode(value))).toBe(true);
  });

  const wrong: readonly (readonly [string, Decoding, unknown])[] = [
    ['a publish without a topic', PublishToIoTCoreRequest, { qos: '0' }],
    ['a publish without qos', PublishToIoTCoreRequest, { topicName: 't' }],
    ['qos 2', PublishToIoTCoreRequest, { topicName: 't', qos: '2' }],
    ['qos as a number', SubscribeToIoTCoreRequest, { topicName: 't', qos: 1 }],
    ['a payload that is no base64', PublishToIoTCoreRequest, { topicName: 't', qos: '0', payload: 'a' }],
    ['a payload that is no text', PublishToIoTCoreRequest, { topicName: 't', qos: '0', payload: 1 }],
    ['user properties without a value', PublishToIoTCoreRequest, { topicName: 't', qos: '0', userProperties: [{ key: 'k' }] }],
    ['an event without a message', IoTCoreMessage, {}],
    ['an event without a topic', IoTCoreMessage, { message: { payload: '' } }],
    ['a payload format nobody knows', IoTCoreMessage, { message: { topicName: 't', payloadFormat: '2' } }],
    ['a blob that is bytes already', Blob, Uint8Array.from([1])],
    ['an array for a response', EmptyResponse, []],
  ];
  it.each(wrong)('refuse %s', (_, codec, value) => {
    expect(isLeft(codec.decode(value))).toBe(true);
  });
});

describe('readIoTCoreMessage', () => {
  /** What it is to give: the codec's word, but a member that is null is not there, and a payload always is. */
  function expected(parsed: unknown): unknown {
    if (!isObject(parsed) || !isObject(parsed['message'])) return undefined;
    const members = Object.fromEntries(Object.entries(parsed['message']).filter(([, value]) => value !== null));
    const decoded = IoTCoreMessage.decode({ message: members });
    return isLeft(decoded) ? undefined : { payload: Buffer.alloc(0), ...decoded.right.message };
  }

  function agree(body: string): void {
    const read = readIoTCoreMessage(body);
    const parsed: unknown = JSON.parse(body);
    expect(isRight(read) ? withBuffers(read.right) : undefined).toEqual(expected(parsed));
    if (isLeft(read)) expect(read.left).toMatch(/^the IoTCoreMessage has a wrong \w/);
  }

  it('agrees with the codec on every event', () => {
    fc.assert(
      fc.property(event, value => {
        agree(JSON.stringify(IoTCoreMessage.encode(value)));
      }),
      { numRuns: 1_000 },
    );
  });

  it('agrees with the codec on members of wrong types, nulls and members nobody knows', () => {
    const anything = fc.oneof(fc.constant(null), fc.jsonValue(), fc.constantFrom('', 'aGk=', 'a', '0', '1', '2', true, 7));
    const members = fc.record(
      {
        topicName: fc.oneof({ weight: 4, arbitrary: fc.string() }, anything),
        payload: fc.oneof({ weight: 4, arbitrary: fc.base64String() }, anything),
        retain: fc.oneof({ weight: 2, arbitrary: fc.boolean() }, anything),
        userProperties: fc.oneof(fc.array(fc.record({ key: fc.string(), value: fc.oneof(fc.string(), anything) })), anything),
        messageExpiryIntervalSeconds: fc.oneof(fc.nat(), anything),
        correlationData: fc.oneof(fc.base64String(), anything),
        responseTopic: fc.oneof(fc.string(), anything),
        payloadFormat: fc.oneof(qos, anything),
        contentType: fc.oneof(fc.string(), anything),
        later: anything,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(members, value => {
        agree(JSON.stringify({ message: value }));
      }),
      { numRuns: 5_000 },
    );
  });

  it('agrees with the codec on any JSON', () => {
    const body = fc.oneof(
      fc.jsonValue(),
      fc.record({ message: fc.jsonValue() }),
      fc.record({ message: fc.dictionary(fc.string(), fc.jsonValue()) }),
    );
    fc.assert(
      fc.property(body, value => {
        agree(JSON.stringify(value));
      }),
      { numRuns: 5_000 },
    );
  });

  /** As a nucleus writes an event on one of a few topics, of which each is soon known. */
  const usual = fc
    .record({
      topicName: fc.constantFrom('t', 'sensors/1/reading', 'ü', 'a\\"b', 'c"d', '\\u0041', '\n'),
      payload: fc.uint8Array({ maxLength: 250 }),
      tail: fc.constantFrom(
        '',
        '"retain":false,"payloadFormat":"0"',
        '"retain":true,"payloadFormat":"1"',
        '"retain":null',
        '"topicName":"other"',
      ),
      isEscaped: fc.boolean(),
    })
    .map(({ topicName, payload, tail, isEscaped }) => {
      const base64 = JSON.stringify(Buffer.from(payload).toString('base64'));
      const written = isEscaped ? base64.replaceAll('=', '\\u003d') : base64;
      return `{"message":{"topicName":${JSON.stringify(topicName)},"payload":${written}${tail === '' ? '' : `,${tail}`}}}`;
    });

  it('agrees with the codec on topics that are known', () => {
    fc.assert(fc.property(usual, agree), { numRuns: 2_000 });
  });

  it('agrees with JSON and the codec on a usual event with a mistake in it', () => {
    const piece = fc.constantFrom('', '"', '\\', '\\"', '=', '\\u003d', '-', '\u0141', '\n', ',', '}', '"}}', '","payload":"', 'A');
    const withMistake = fc.tuple(usual, fc.nat(), piece, fc.nat(3)).map(([body, at, inserted, removed]) => {
      const index = at % body.length;
      return [body, body.slice(0, index) + inserted + body.slice(index + removed)] as const;
    });
    fc.assert(
      fc.property(withMistake, ([body, wrong]) => {
        readIoTCoreMessage(body);
        if (isJson(wrong)) agree(wrong);
        else expect(readIoTCoreMessage(wrong)).toEqual({ _tag: 'Left', left: 'the IoTCoreMessage is not JSON' });
      }),
      { numRuns: 5_000 },
    );
  });

  it('agrees with the codec on more topics than it remembers, and on the longest', () => {
    const event = (topicName: string): string => `{"message":{"topicName":"${topicName}","payload":"aGk="}}`;
    for (const time of [1, 2]) for (let i = 0; i < 600; i++) agree(event(`${'x'.repeat(i)}/${time}`));
    for (let i = 0; i < 600; i++) agree(event(`topic/${i % 300}`));
  });

  it('never throws, whatever the body', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), body => {
        expect(['Left', 'Right']).toContain(readIoTCoreMessage(body)._tag);
      }),
    );
  });

  it('says what is wrong', () => {
    expect(readIoTCoreMessage('{')).toEqual({ _tag: 'Left', left: 'the IoTCoreMessage is not JSON' });
    expect(readIoTCoreMessage('7')).toEqual({ _tag: 'Left', left: 'the IoTCoreMessage has a wrong shape' });
    expect(readIoTCoreMessage('{"message":{"topicName":1}}')).toEqual({
      _tag: 'Left',
      left: 'the IoTCoreMessage has a wrong message.topicName',
    });
  });

  it('leaves nobody’s prototype changed', () => {
    const read = readIoTCoreMessage('{"message":{"topicName":"t","__proto__":{"polluted":true}}}');
    expect(isRight(read) && 'polluted' in Object.getPrototypeOf(read.right)).toBe(false);
    expect('polluted' in {}).toBe(false);
  });
});

/** Bytes as `Buffer`, which is what decoding gives, so that `toEqual` compares bytes alone. */
function withBuffers(value: object): object {
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, member instanceof Uint8Array ? Buffer.from(member) : member]),
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
