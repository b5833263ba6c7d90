import { type Counting, whenQuiet } from '../../shared/when-quiet.js';
import type { StreamListener, TransportStream } from '../transport.js';
import { MessageFlag, MessageType, type RpcMessage } from '../wire/rpc-message.js';
import type { NativeMessage, NativeStream } from './crt-native.js';

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

const TERMINATE: NativeMessage = { type: MessageType.ApplicationMessage, flags: MessageFlag.TerminateStream };

/** What a stream tells the connection it belongs to. */
export interface CrtStreamOwner {
  /** A message came, wanted or not. */
  readonly onReceived: () => void;
  /** Nothing more will be told or sent. */
  readonly onReleased: (stream: CrtStream) => void;
}

/** A stream of aws-crt, held to the contract of {@link TransportStream}. */
export class CrtStream implements TransportStream, Counting {
  received = 0;
  readonly #owner: CrtStreamOwner;
  /** `undefined` once the user has been told of the end, or has left: from then on this stream only has its terminate to send. */
  #listener: StreamListener | undefined;
  #native: NativeStream | undefined;
  #request: 'underway' | 'sent' | 'failed' = 'underway';
  #terminate: 'none' | 'underway' | 'settled' = 'none';
  /** `ending`: nothing may be sent any more, but messages may still be on their way to us. */
  #life: 'open' | 'ending' | 'over' = 'open';

  constructor(owner: CrtStreamOwner, listener: StreamListener) {
    this.#owner = owner;
    this.#listener = listener;
  }

  /** Sends the request. */
  activate(native: NativeStream, operation: string, payload: string): void {
    this.#native = native;
    // Before `activate`: the reply may come before its promise resolves.
    native.on('message', ({ message }) => {
      this.#receive(message);
    });
    native.on('ended', () => {
      this.#ending();
    });
    native.activate({ operation, message: { type: MessageType.ApplicationMessage, flags: 0, payload } }).then(
      () => {
        this.#settled('sent');
        if (this.#life === 'open' && this.#listener === undefined) this.#sendTerminate();
      },
      (rejection: unknown) => {
        // An `Error`: the request was refused at once, and nothing is under way. A bare string: it could not be written, and the native
        // side frees the stream itself, once for that and once for the end that follows. If it were closed here too, it would be freed
        // twice.
        this.#settled(rejection instanceof Error ? 'sent' : 'failed');
        this.#ending();
      },
    );
  }

  terminate(): void {
    if (this.#listener === undefined) return;
    this.#listener = undefined;
    if (this.#life === 'ending') this.release();
    else if (this.#request === 'sent') this.#sendTerminate();
    // While the request is under way aws-crt refuses to send; the terminate is sent after it.
  }

  /** Tells the user that the stream is over, if it has not been told. */
  end(): void {
    this.release()?.onEnd();
  }

  /** Lets go of the native stream. Returns the listener that has not been told of the end, if there is one. */
  release(): StreamListener | undefined {
    if (this.#life === 'over') return undefined;
    const listener = this.#listener;
    this.#listener = undefined;
    this.#life = 'over';
    this.#closeNative();
    this.#owner.onReleased(this);
    return listener;
  }

  #receive(message: NativeMessage): void {
    this.received++;
    this.#owner.onReceived();
    const listener = this.#listener;
    // Only this flag marks the end in its order; the `ended` event may come before or after.
    if (((message.flags ?? 0) & MessageFlag.TerminateStream) !== 0) this.release();
    listener?.onMessage(rpcMessageOf(message));
  }

  #ending(): void {
    if (this.#life !== 'open') return;
    this.#life = 'ending';
    if (this.#listener === undefined) {
      this.release();
      return;
    }
    whenQuiet(this, () => {
      this.end();
    });
  }

  #settled(request: 'sent' | 'failed'): void {
    this.#request = request;
    this.#closeNative();
  }

  #sendTerminate(): void {
    const settled = (): void => {
      this.#terminate = 'settled';
      this.release();
      this.#closeNative();
    };
    this.#terminate = 'underway';
    // aws-crt's `close` sends nothing, and what has not been sent when it is called never is.
    this.#native?.sendMessage({ message: TERMINATE }).then(settled, settled);
  }

  /**
   * Closes the native stream once it is over: otherwise it would keep the process alive. Not while a call on it is under way, since that
   * would never settle. And not while its request is under way: aws-crt would free the stream too early when the reply overtakes the news
   * that the request was written, or when it cannot be written. Both were seen to abort the process or to corrupt its heap.
   */
  #closeNative(): void {
    if (this.#life !== 'over') return;
    if (this.#request === 'failed') {
      // aws-crt keeps its object of this stream for ever. It must not keep ours with it, and through that the whole connection.
      this.#native?.removeAllListeners();
      this.#native = undefined;
    } else if (this.#request === 'sent' && this.#terminate !== 'underway') this.#native?.close();
  }
}
