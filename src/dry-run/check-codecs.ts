import { describe } from '../codec/problems.js';
import type { Decoder, Encoder } from '../codec/codec.js';
import type { Finding } from './finding.js';
import type { RecordedSubscription } from './recording-proxy.js';

/** What senders send when something is wrong with them. */
const PROBES: readonly Uint8Array[] = ['', '{}', '[]', 'null', '0', '"text"', 'not JSON', '{"a":{"b":[1,2,3]}}']
  .map(text => new TextEncoder().encode(text))
  .concat(new Uint8Array([0xff, 0xfe, 0x00, 0x80]));

/**
 * Both ends of the codecs: decoding must make a `Left` of whatever comes and never throw, and what a codec encodes of a value that it decoded it must
 * be able to decode again.
 */
export function checkCodecs(subscriptions: readonly Pick<RecordedSubscription, 'filter' | 'codec'>[]): readonly Finding[] {
  return [...new Map(subscriptions.map(subscription => [subscription.filter, subscription])).values()].flatMap(
    ({ filter, codec }): readonly Finding[] => {
      if (codec === undefined) {
        const message = `The messages on ${JSON.stringify(filter)} are taken as bytes, whatever is in them. A codec, such as json(…), makes a DecodeFailed of those that are wrong.`;
        return [{ severity: 'note', about: 'codecs', message }];
      }
      const problem = PROBES.map(payload => problemOf(codec, filter, payload)).find(text => text !== undefined);
      return problem === undefined
        ? []
        : [{ severity: 'error', about: 'codecs', message: `The codec of ${JSON.stringify(filter)} ${problem}` }];
    },
  );
}

function problemOf(codec: Decoder<unknown>, topicName: string, payload: Uint8Array): string | undefined {
  const what = describe(Buffer.from(payload).toString('latin1'));
  try {
    const decoded = codec.decode({ topicName, payload });
    if (decoded._tag === 'Left' || !isEncoder(codec)) return undefined;
    const again = codec.encode(decoded.right);
    const bytes = typeof again === 'string' ? new TextEncoder().encode(again) : again;
    return codec.decode({ topicName, payload: bytes })._tag === 'Left'
      ? `cannot decode what it has encoded itself, of the payload ${what}. Its two ends do not fit.`
      : undefined;
  } catch (error) {
    return `throws on the payload ${what}: ${error instanceof Error ? error.message : String(error)}. Make it a Left: a message that is wrong must not end the component.`;
  }
}

function isEncoder(codec: Decoder<unknown>): codec is Decoder<unknown> & Encoder<unknown> {
  return typeof (codec as { readonly encode?: unknown }).encode === 'function';
}
