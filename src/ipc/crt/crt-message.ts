import type { NativeMessage } from './crt-native.js';
import type { RpcMessage } from '../wire/rpc-message.js';

const INT32 = 4;
const STRING = 7;

/** A message of aws-crt as ours. The result holds nothing of the native memory the payload lies in. */
export function rpcMessageOf({ type, flags = 0, headers = [], payload }: NativeMessage): RpcMessage {
  let streamId = 0;
  let modelType: string | undefined;
  let contentType: string | undefined;
  let operation: string | undefined;
  let version: string | undefined;
  for (const header of headers) {
    switch (header.name.toLowerCase()) {
      case ':stream-id':
        if (header.type === INT32 && typeof header.value === 'number') streamId = header.value;
        break;
      case 'service-model-type':
        modelType = text(header.type, header.value);
        break;
      case ':content-type':
        contentType = text(header.type, header.value);
        break;
      case 'operation':
        operation = text(header.type, header.value);
        break;
      case ':version':
        version = text(header.type, header.value);
        break;
    }
  }
  return { type, flags, streamId, modelType, contentType, operation, version, payload: payloadText(payload) };
}

function text(type: number, value: unknown): string | undefined {
  return type === STRING && typeof value === 'string' ? value : undefined;
}

function payloadText(payload: NativeMessage['payload']): string {
  if (payload === undefined) return '';
  if (typeof payload === 'string') return payload;
  const bytes = ArrayBuffer.isView(payload) ? Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength) : Buffer.from(payload);
  return bytes.toString('utf8');
}
