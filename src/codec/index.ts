/**
 * Payloads to values and back, with the types for a format of your own.
 *
 * @packageDocumentation
 */
export { type BatchFormat, jsonArray, ndjson } from './batches.js';
export { bytes, codecOf, type GzipOptions, gzipped, json, text, type WireFormat } from './formats.js';
export type { Codec, Decoder, DecodeProblems, Encoded, Encoder, PayloadShape } from './codec.js';
export type { JsonOptions } from './json-text.js';
