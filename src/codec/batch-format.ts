import type { Codec } from './codec.js';

/**
 * How several values share one payload: each by itself, with something around them. Decodes to all of them.
 *
 * The size of the whole is the sum of its parts, so a batch can be closed before it is too large without encoding anything twice.
 */
export interface BatchFormat<in out A> extends Codec<readonly A[]> {
  /** One value by itself. */
  readonly part: (value: A) => Uint8Array | string;
  /** Text before the first part, between two, and after the last. */
  readonly around: { readonly before: string; readonly between: string; readonly after: string };
}

/** The payload of parts that are encoded already. Text stays text. */
export function joinParts(
  parts: readonly (Uint8Array | string)[],
  { before, between, after }: BatchFormat<never>['around'],
): Uint8Array | string {
  if (parts.every(part => typeof part === 'string')) return `${before}${parts.join(between)}${after}`;
  const pieces: Uint8Array[] = [Buffer.from(before)];
  for (const [index, part] of parts.entries()) {
    if (index > 0 && between !== '') pieces.push(Buffer.from(between));
    pieces.push(typeof part === 'string' ? Buffer.from(part) : part);
  }
  pieces.push(Buffer.from(after));
  return Buffer.concat(pieces);
}

/** A format's `encode`, made of its parts. */
export function encodeParts<A>(part: BatchFormat<A>['part'], around: BatchFormat<A>['around']): BatchFormat<A>['encode'] {
  return values => joinParts(values.map(part), around);
}
