/**
 * Payloads to values and back, with the types for a format of your own.
 *
 * @packageDocumentation
 */
export type { BatchFormat } from './batch-format.js';
export { codecOf, type WireFormat } from './codec-of.js';
export type { Codec, Decoder, DecodeProblems, Encoded, Encoder, PayloadShape } from './codec.js';
export { bytes } from './bytes.js';
export { gzipped, type GzipOptions } from './gzipped.js';
export type { JsonOptions } from './inexact-numbers.js';
export { json } from './json.js';
export { jsonArray } from './json-array.js';
export { ndjson } from './ndjson.js';
export { text } from './text.js';
