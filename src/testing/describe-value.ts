import { inspect } from 'node:util';
import { visible } from '../shared/visible.js';
import { isAsymmetric, matcherText, withNamedMatchers } from './equal.js';
import { textOf } from './messages.js';

/** A value in one line of a message, never longer than is readable. */
export function describeValue(value: unknown): string {
  const text = visible(oneLine(value));
  return text.length > 200 ? `${text.slice(0, 197)}...` : text;
}

function oneLine(value: unknown): string {
  if (isEither(value)) {
    return value._tag === 'Right' ? `Right(${oneLine(value.right)})` : `Left(${describeError(value.left)})`;
  }
  if (value instanceof Error) return describeError(value);
  if (value instanceof Uint8Array) return describeBytes(value);
  if (isAsymmetric(value)) return matcherText(value);
  return inspect(withNamedMatchers(withReadableBytes(value)), {
    depth: 4,
    breakLength: Infinity,
    compact: true,
    maxStringLength: 100,
    maxArrayLength: 20,
  });
}

/** Errors are named by tag and first sentence: remedies and stacks are noise here. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return oneLine(error);
  const { name, message } = error;
  const [sentence = ''] = message.split(/\.\s/, 1);
  return sentence === '' ? name : `${name}: ${sentence}`;
}

function describeBytes(bytes: Uint8Array): string {
  const text = textOf(bytes);
  return text === undefined ? `bytes ${Buffer.from(bytes).toString('hex')}` : `bytes of ${inspect(text)}`;
}

/** Payloads inside messages are read as text. */
function withReadableBytes(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !('payload' in value)) return value;
  const { payload } = value;
  return payload instanceof Uint8Array ? { ...value, payload: textOf(payload) ?? payload } : value;
}

/** Whether this is an fp-ts Either. */
export function isEither(
  value: unknown,
): value is { readonly _tag: 'Left'; readonly left: unknown } | { readonly _tag: 'Right'; readonly right: unknown } {
  if (typeof value !== 'object' || value === null || !('_tag' in value)) return false;
  return (value._tag === 'Left' && 'left' in value) || (value._tag === 'Right' && 'right' in value);
}
