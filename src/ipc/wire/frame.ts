/**
 * The event-stream frame: `u32 total | u32 headers | u32 crc(first 8 bytes) | headers | payload | u32 crc(all before)`,
 * big-endian. The limits are those of aws-c-event-stream (`event_stream.h`) and of Greengrass Lite (`ipc_server.h`).
 */

/** Bytes a frame has besides its headers and its payload. */
export const FRAME_OVERHEAD = 16;
/** Bytes of the prelude: two lengths and their checksum. */
export const PRELUDE_LENGTH = 12;
/** The largest frame aws-c-event-stream, and so the classic nucleus, accepts. */
export const CLASSIC_MAX_FRAME: number = 24 * 1024 * 1024;
/** The largest frame Greengrass Lite accepts; one byte more costs the connection, without a word. */
export const LITE_MAX_FRAME = 10_012;
/** The longest header name. */
export const MAX_HEADER_NAME = 255;
/** The longest header value (`event_stream.h`: a signed 16-bit length). */
export const MAX_HEADER_VALUE = 32_767;

/** A header's value, named as `@smithy/eventstream-codec` names the ten wire types. */
export type HeaderValue =
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'byte'; readonly value: number }
  | { readonly type: 'short'; readonly value: number }
  | { readonly type: 'integer'; readonly value: number }
  | { readonly type: 'long'; readonly value: bigint }
  | { readonly type: 'binary'; readonly value: Uint8Array }
  | { readonly type: 'string'; readonly value: string }
  /** Milliseconds since the epoch. */
  | { readonly type: 'timestamp'; readonly value: bigint }
  /** Sixteen bytes. */
  | { readonly type: 'uuid'; readonly value: Uint8Array };

/** Headers in wire order. */
export type Headers = readonly (readonly [name: string, value: HeaderValue])[];

/** Why bytes are not a frame. After one of these a connection cannot be read on: the frame borders are lost. */
export type FrameFailure =
  | { readonly reason: 'prelude-checksum' }
  | { readonly reason: 'frame-checksum' }
  | { readonly reason: 'frame-too-short'; readonly length: number }
  | { readonly reason: 'frame-too-long'; readonly length: number; readonly limit: number }
  | { readonly reason: 'headers-too-long'; readonly length: number; readonly frameLength: number }
  | { readonly reason: 'header-invalid'; readonly offset: number; readonly detail: string };

/**
 * One frame inside the buffer it was received in. The decoder reuses the object and the buffer is the socket's, so
 * both are valid only until the callback that got them returns.
 */
export interface FrameView {
  readonly buffer: Buffer;
  readonly headersStart: number;
  readonly headersEnd: number;
  readonly payloadEnd: number;
}
