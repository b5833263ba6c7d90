export type { Codec, Decoder, DecodeProblems, Encoded, Encoder } from './codec.js';
export { bytes } from './bytes.js';
export { json } from './json.js';
export { text } from './text.js';
