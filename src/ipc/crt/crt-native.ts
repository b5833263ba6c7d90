import { closeSync, openSync } from 'node:fs';
import type * as AwsCrt from 'aws-crt';

/**
 * The part of aws-crt's `eventstream` that is used here, declared again. aws-crt is an optional dependency, so the declarations of this
 * package must not contain any of its types, and only {@link loadCrt} touches the module.
 */
export interface NativeHeader {
  readonly name: string;
  /** The wire's type number. */
  readonly type: number;
  readonly value?: unknown;
}

export interface NativeMessage {
  readonly type: number;
  readonly flags?: number;
  readonly headers?: NativeHeader[];
  /** Missing when empty. Received as an `ArrayBuffer` over memory of the native side. */
  readonly payload?: string | ArrayBuffer | ArrayBufferView;
}

/** One stream. Must be closed, or it keeps the process alive. */
export interface NativeStream {
  on(event: 'message', listener: (event: { readonly message: NativeMessage }) => void): unknown;
  on(event: 'ended', listener: () => void): unknown;
  /**
   * Takes the next stream id before it returns. Rejects with an `Error` when that was refused at once, with a string when
   * the request could not be written later. Never settles once the stream is closed.
   */
  activate(options: { readonly operation: string; readonly message: NativeMessage }): Promise<void>;
  /** Only after `activate` has resolved. Never settles once the stream is closed. */
  sendMessage(options: { readonly message: NativeMessage }): Promise<void>;
  /** Sends nothing: if a terminate is owed, it must have been sent before. Must not be called while `activate` is under way. */
  close(): void;
  removeAllListeners(): unknown;
}

/** One connection. Must be closed, also when it failed to connect or was disconnected, or it keeps the process alive. */
export interface NativeConnection {
  on(event: 'protocolMessage', listener: (event: { readonly message: NativeMessage }) => void): unknown;
  on(event: 'disconnection', listener: (event: { readonly errorCode: number }) => void): unknown;
  /** Never settles once the connection is closed. */
  connect(options: object): Promise<void>;
  /** Never settles once the connection is closed. */
  sendProtocolMessage(options: { readonly message: NativeMessage }): Promise<void>;
  /** Throws when not connected. */
  newStream(): NativeStream;
  close(): void;
}

/** The native client. */
export interface Crt {
  readonly newConnection: (socketPath: string) => NativeConnection;
  readonly stringHeader: (name: string, value: string) => NativeHeader;
  /** The name of an error code, such as `AWS_IO_SOCKET_CLOSED`. */
  readonly errorName: (code: number) => string;
}

let importFailed = false;

/** Loads aws-crt at its first use. Rejects if it is not installed or has no binary for the machine; the next call tries again. */
export const loadCrt: () => Promise<Crt> = untilLoaded(load);

/** Calls `load` until it has succeeded once; from then on gives that result. */
export function untilLoaded<A>(load: () => Promise<A>): () => Promise<A> {
  let loading: Promise<A> | undefined;
  return () =>
    (loading ??= load().catch((cause: unknown) => {
      loading = undefined;
      throw cause;
    }));
}

/** Whether aws-crt could not be loaded because the process had no file descriptors or no memory left for it, which may pass. */
export function isShortage(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  const code = 'code' in cause ? cause.code : undefined;
  if (code === 'EMFILE' || code === 'ENFILE' || code === 'ENOMEM') return true;
  // A failure of dlopen has no code that tells the reasons apart.
  return code === 'ERR_DLOPEN_FAILED' && /Too many open files|Cannot allocate memory/.test(cause.message);
}

/** File descriptors that must be free: aws-crt needs four to be loaded, and a connection more. */
const DESCRIPTORS = 16;

/**
 * Throws the system's error when this process cannot have enough file descriptors. With one or two too few, aws-crt aborts the process
 * while it is loaded; with none, Node believes that no package exists, and remembers that.
 */
function checkDescriptors(): void {
  const opened: number[] = [];
  try {
    while (opened.length < DESCRIPTORS) opened.push(openSync(process.execPath, 'r'));
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}

/**
 * The module itself, for modules that declare again what they use of it. After a failure it can be tried again: memory or file descriptors
 * may have run out only for a while.
 */
export async function importCrt(): Promise<unknown> {
  checkDescriptors();
  if (!importFailed) {
    try {
      return await import('aws-crt');
    } catch (cause) {
      importFailed = true;
      throw cause;
    }
  }
  // Node remembers an import that failed, which then fails for ever; `require` tries again.
  const { createRequire } = await import('node:module');
  return createRequire(import.meta.url)('aws-crt');
}

async function load(): Promise<Crt> {
  const { eventstream, io } = (await importCrt()) as typeof AwsCrt;
  return {
    newConnection: socketPath =>
      new eventstream.ClientConnection({
        hostName: socketPath,
        // The constructor throws without a number, though a Unix socket has no port.
        port: 0,
        // aws-c-io connects Unix sockets within the call, so the timeout never counts.
        socketOptions: new io.SocketOptions(io.SocketType.STREAM, io.SocketDomain.LOCAL, CONNECT_TIMEOUT),
      }),
    stringHeader: (name, value) => eventstream.Header.newString(name, value),
    errorName: code => io.error_code_to_name(code),
  };
}

const CONNECT_TIMEOUT = 10_000;
