/**
 * Payloads to values and back, with the types for a format of your own.
 *
 * @packageDocumentation
 */
export { type BatchFormat, jsonArray, ndjson } from './batches.js';
export { codecOf, type WireFormat } from './codec-of.js';
export type { Codec, Decoder, DecodeProblems, Encoded, Encoder, PayloadShape } from './codec.js';
export { bytes, text } from './plain.js';
export { gzipped, type GzipOptions } from './gzipped.js';
export type { JsonOptions } from './json-text.js';
export { json } from './json.js';
