import * as t from 'io-ts';
import { json } from '../../../src/codec/formats.js';
import type { Codec } from '../../../src/codec/codec.js';

/** What a payload of the benchmark is. */
export interface Reading {
  readonly id: string;
  readonly celsius: number;
  readonly humidity: number;
  readonly note: string;
}

/** Of a message that its client gives as an object. */
export const ReadingShape: t.Type<Reading> = t.type({ id: t.string, celsius: t.number, humidity: t.number, note: t.string });

export const Reading: Codec<Reading> = json(ReadingShape);
