import fc from 'fast-check';
import { encodeRpcMessage } from '../../src/ipc/wire/rpc-message.js';

const PUBLISH = 'aws.greengrass#PublishToIoTCore';
const SUBSCRIBE = 'aws.greengrass#SubscribeToIoTCore';

/** Members of a request or an event, right and wrong. */
const members = fc
  .record(
    {
      topicName: fc.oneof(fc.constantFrom('test/a', 'test/#', 'a/#/b', '__proto__', ''), fc.string(), fc.jsonValue()),
      qos: fc.oneof(fc.constantFrom('0', '1', '2', 1, null), fc.jsonValue()),
      payload: fc.oneof(fc.constantFrom('aGk=', 'a', '', '=', null), fc.string(), fc.jsonValue()),
      userProperties: fc.oneof(fc.constant([{ key: 'a', value: 'b' }]), fc.jsonValue()),
      correlationData: fc.oneof(fc.constant('aGk='), fc.jsonValue()),
      payloadFormat: fc.oneof(fc.constant('1'), fc.jsonValue()),
    },
    { requiredKeys: [] },
  )
  .map(value => value as unknown);

const payload = fc.oneof(
  { weight: 4, arbitrary: members.map(value => JSON.stringify(value)) },
  { weight: 4, arbitrary: members.map(message => JSON.stringify({ message })) },
  { weight: 1, arbitrary: fc.constantFrom('', '{}', 'null', '[]', '{"message":null}', 'InternalServerError') },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string() },
);

const serverMessage = fc
  .record({
    type: fc.oneof({ weight: 8, arbitrary: fc.constantFrom(0, 0, 0, 1, 2, 6, 7) }, { weight: 1, arbitrary: fc.integer() }),
    flags: fc.oneof({ weight: 8, arbitrary: fc.constantFrom(0, 0, 0, 2, 1, 3) }, { weight: 1, arbitrary: fc.integer() }),
    streamId: fc.integer({ min: 1, max: 4 }),
    modelType: fc.option(
      fc.oneof(
        fc.constantFrom('aws.greengrass#IoTCoreMessage', `${SUBSCRIBE}Response`, `${PUBLISH}Response`, 'aws.greengrass#ServiceError'),
        fc.string(),
      ),
      { nil: undefined },
    ),
    contentType: fc.option(fc.constantFrom('application/json', 'text/plain'), { nil: undefined }),
    payload,
  })
  .map(message => encodeRpcMessage(message));

/** Messages as a server sends them on streams 1 to 4, in any order, with anything in them. */
export const serverMessages: fc.Arbitrary<readonly Buffer[]> = fc.array(serverMessage, { minLength: 4, maxLength: 40 });

const clientMessage = fc.record({
  type: fc.oneof(
    { weight: 30, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.oneof(fc.constantFrom(1, 2, 4, 5, 7), fc.integer()) },
  ),
  flags: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(1, 2, 3, 4) }),
  // Mostly the next one, as the classic nucleus demands.
  streamId: fc.oneof({ weight: 30, arbitrary: fc.constant('next' as const) }, { weight: 1, arbitrary: fc.integer({ min: -1, max: 20 }) }),
  operation: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(PUBLISH, SUBSCRIBE, 'aws.greengrass#SubscribeToIoTCoreConnectionStatus') },
    { weight: 1, arbitrary: fc.option(fc.string({ maxLength: 20 }), { nil: undefined }) },
  ),
  payload: fc.oneof({ weight: 8, arbitrary: members.map(value => JSON.stringify(value)) }, { weight: 1, arbitrary: payload }),
});

/** Messages as a client sends them on one connection after its Connect, most of them on streams in their order. */
export const clientMessages: fc.Arbitrary<readonly Buffer[]> = fc.array(clientMessage, { minLength: 4, maxLength: 40 }).map(messages => {
  let last = 0;
  return messages.map(({ streamId, ...message }) => encodeRpcMessage({ ...message, streamId: streamId === 'next' ? ++last : streamId }));
});
