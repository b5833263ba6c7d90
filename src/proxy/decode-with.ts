import { left, right, type Either } from 'fp-ts/lib/Either.js';
import type { Decoder } from '../codec/codec.js';
import { DecodeFailed, type SubscribeError } from '../errors/errors.js';
import type { MqttMessage } from './mqtt-message.js';

/** Adds the decoded value to a message, or makes it a failure that carries the message. Failures pass. */
export function decodeWith<A>(
  codec: Decoder<A>,
): (
  message: Either<SubscribeError, MqttMessage>,
) => Either<SubscribeError | DecodeFailed<MqttMessage>, MqttMessage & { readonly value: A }> {
  return message => {
    if (message._tag === 'Left') return message;
    const decoded = codec.decode(message.right);
    if (decoded._tag === 'Right') {
      // Not `{ ...message.right, value }`: V8 takes fifteen times as long for that.
      const withValue = Object.assign({ value: decoded.right }, message.right);
      // A nucleus may one day send a member of that name.
      withValue.value = decoded.right;
      return right(withValue);
    }
    const { problems, cause } = decoded.left;
    return left(new DecodeFailed(message.right.topicName, message.right, problems, cause));
  };
}
