import fc from 'fast-check';
import { encodeFrame } from '../../../src/ipc/wire/frame.js';
import { goldenFrames } from './golden-frames.js';

const golden = goldenFrames.map(({ hex }) => Buffer.from(hex, 'hex'));
const goldenHeaders = golden.map(frame => frame.subarray(12, 12 + frame.readUInt32BE(4)));

/** A change of some bytes. */
type Mutation = (bytes: Buffer) => Buffer;
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })).map(([at, bits]): Mutation => bytes => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ bits;
    return copy;
  }),
  fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 20 })).map(([at, more]): Mutation => bytes => {
    const place = at % (bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, place), more, bytes.subarray(place)]);
  }),
  fc.tuple(fc.nat(), fc.nat({ max: 20 })).map(([at, count]): Mutation => bytes => {
    const place = at % (bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + count)]);
  }),
);
const mutations = fc.array(mutation, { minLength: 1, maxLength: 4 });
const mutated = (bytes: Buffer, changes: readonly Mutation[]): Buffer => changes.reduce((current, change) => change(current), bytes);

/** Something that may stand where a frame should: golden, mutated, random bytes, or random bytes with right checksums around them. */
export const randomPiece: fc.Arbitrary<Buffer> = fc.oneof(
  fc.constantFrom(...golden),
  fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
  fc.tuple(fc.constantFrom(...golden), mutations).map(([frame, changes]) => mutated(frame, changes)),
  // With right checksums around them, so that reading goes on past these.
  fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 100 })).map(([headers, payload]) => encodeFrame(headers, payload)),
  fc
    .tuple(fc.constantFrom(...goldenHeaders), mutations, fc.uint8Array({ maxLength: 100 }))
    .map(([headers, changes, payload]) => encodeFrame(mutated(headers, changes), payload)),
);
