import type { PublishRequest } from '../ports/mqtt-message.js';
import type { Profile } from '../ports/mqtt-proxy.js';
import { payloadLimit } from '../client/mqtt-request.js';
import { InvalidRequest } from '../errors/errors.js';
import { topicMatches } from '../topic/topic-matches.js';
import { longestMark, marked } from './mark.js';
import type { Outbox } from './outbox.js';

const PUBLISH = 'aws.greengrass#PublishToIoTCore';
/** Bytes of the largest message that Greengrass Lite hands back to who subscribes to it: above, it sends it and loses the echo. */
const LITE_ECHO = 4_980;
/** What members and envelope add at most, but for the payload itself. */
const OVERHEAD = 2_048;

const refused = (topicName: string, problem: string): InvalidRequest<'message'> =>
  new InvalidRequest('message', PUBLISH, topicName, 'client', problem);

/** What is wrong with a message for an outbox that has said which topics it is for. */
export const topicProblem = (
  { topics }: Outbox,
  { topicName }: PublishRequest,
  stage = 'storeIn',
): InvalidRequest<'message'> | undefined => {
  if (topics === undefined || topics.some(filter => topicMatches(filter, topicName))) return undefined;
  const declared = topics.map(filter => JSON.stringify(filter)).join(', ');
  return refused(
    topicName,
    `The outbox declares the topics ${declared}, and "${stage}" was about to store a message to ${JSON.stringify(topicName)}. Add that to its topics, or do not store it there.`,
  );
};

/** What is wrong with the size of a message once it is marked: found out now, and not when nobody can mend it any more. */
export const sizeProblem = (
  { mark, deleteWhen }: Outbox,
  request: PublishRequest,
  stream: string,
  profile: Profile | undefined,
): InvalidRequest<'message'> | undefined => {
  const bytes = bytesOf(request.payload);
  const echo = deleteWhen === 'confirmed' && profile === 'lite' ? LITE_ECHO : Infinity;
  const least = Math.min(echo, profile === 'lite' ? 7_000 : 120_000);
  // Base64 and the envelope make at most so much of it; a function of the user's own, anything.
  if (typeof mark !== 'function' && (bytes * 4) / 3 + OVERHEAD + 2 * request.topicName.length < least) return undefined;
  const message = marked(request, longestMark(stream), mark);
  const room = Math.min(echo, payloadLimit(profile ?? 'classic', message));
  const size = bytesOf(message.payload);
  if (size <= room) return undefined;
  return refused(
    request.topicName,
    `The message is too large to be stored: with its mark the payload has ${size} bytes, and ${room} can be sent${echo === Infinity ? '' : ' and seen back on Greengrass Lite'}. Send less at a time.`,
  );
};

const bytesOf = (payload: PublishRequest['payload']): number =>
  typeof payload === 'string' ? Buffer.byteLength(payload, 'utf8') : payload.length;
