import type { RpcMessageInit } from '../../../src/ipc/wire/rpc-message.js';

/**
 * Frames as real peers wrote them: client to server by aws-crt 1.33.2, server to client by another codec and accepted
 * by aws-crt. Our own encoder must give these very bytes, and our decoder must read them.
 */
export const goldenFrames: readonly { readonly name: string; readonly hex: string; readonly message: RpcMessageInit }[] = [
  {
    name: 'Connect',
    hex: '0000007800000048d487bdc5083a76657273696f6e070005302e312e300d3a6d6573736167652d7479706504000000040e3a6d6573736167652d666c61677304000000000a3a73747265616d2d696404000000007b2261757468546f6b656e223a224142434445464748494a4b4c4d4e4f50227dfc808abe',
    message: { type: 4, flags: 0, streamId: 0, version: '0.1.0', payload: '{"authToken":"ABCDEFGHIJKLMNOP"}' },
  },
  {
    name: 'ConnectAck, accepted',
    hex: '0000004700000037374cfe3f0d3a6d6573736167652d7479706504000000050e3a6d6573736167652d666c61677304000000010a3a73747265616d2d69640400000000e237e27d',
    message: { type: 5, flags: 1, streamId: 0 },
  },
  {
    name: 'PublishToIoTCore request',
    hex: '0000009f00000063e2cf5f4a0d3a6d6573736167652d7479706504000000000e3a6d6573736167652d666c61677304000000000a3a73747265616d2d69640400000001096f7065726174696f6e07001f6177732e677265656e6772617373235075626c697368546f496f54436f72657b22746f7069634e616d65223a2274222c22716f73223a2231222c227061796c6f6164223a2261476b3d227d1b4265b6',
    message: {
      type: 0,
      flags: 0,
      streamId: 1,
      operation: 'aws.greengrass#PublishToIoTCore',
      payload: '{"topicName":"t","qos":"1","payload":"aGk="}',
    },
  },
  {
    name: 'PublishToIoTCore response that terminates its stream',
    hex: '000000a7000000952740fb240d3a6d6573736167652d7479706504000000000e3a6d6573736167652d666c61677304000000020a3a73747265616d2d696404000000010d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e12736572766963652d6d6f64656c2d747970650700276177732e677265656e6772617373235075626c697368546f496f54436f7265526573706f6e73657b7d5ea5f0ec',
    message: {
      type: 0,
      flags: 2,
      streamId: 1,
      contentType: 'application/json',
      modelType: 'aws.greengrass#PublishToIoTCoreResponse',
      payload: '{}',
    },
  },
  {
    name: 'SubscribeToIoTCore request',
    hex: '000000900000006589fc6dae0d3a6d6573736167652d7479706504000000000e3a6d6573736167652d666c61677304000000000a3a73747265616d2d69640400000002096f7065726174696f6e0700216177732e677265656e677261737323537562736372696265546f496f54436f72657b22746f7069634e616d65223a2274222c22716f73223a2230227d90a33fa0',
    message: {
      type: 0,
      flags: 0,
      streamId: 2,
      operation: 'aws.greengrass#SubscribeToIoTCore',
      payload: '{"topicName":"t","qos":"0"}',
    },
  },
  {
    name: 'SubscribeToIoTCore response',
    hex: '000000a900000097767e24690d3a6d6573736167652d7479706504000000000e3a6d6573736167652d666c61677304000000000a3a73747265616d2d696404000000020d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e12736572766963652d6d6f64656c2d747970650700296177732e677265656e677261737323537562736372696265546f496f54436f7265526573706f6e73657b7d5c3bef9a',
    message: {
      type: 0,
      flags: 0,
      streamId: 2,
      contentType: 'application/json',
      modelType: 'aws.greengrass#SubscribeToIoTCoreResponse',
      payload: '{}',
    },
  },
  {
    name: 'terminate of a stream',
    hex: '0000004700000037374cfe3f0d3a6d6573736167652d7479706504000000000e3a6d6573736167652d666c61677304000000020a3a73747265616d2d69640400000002b1009975',
    message: { type: 0, flags: 2, streamId: 2 },
  },
];
