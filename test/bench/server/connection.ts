import type { Socket } from 'node:net';
import { CLASSIC_MAX_FRAME, FrameDecoder } from '../../../src/ipc/wire/frame.js';
import { MessageFlag, MessageType, readRpcMessage, type RpcMessage } from '../../../src/ipc/wire/rpc-message.js';
import { PUBLISH, PUBLISH_TO_TOPIC, SUBSCRIBE, SUBSCRIBE_TO_TOPIC } from '../../../src/shared/operations.js';
import { jsonPayload } from '../payload.js';
import { floodOf, LINES, probeIntervalOf } from '../topics.js';
import { sendFlood } from './flood-stream.js';
import {
  CONNECT_ACK,
  event,
  localEvent,
  NO_TOPIC,
  PUBLISHED,
  PUBLISHED_LOCALLY,
  SUBSCRIBED,
  SUBSCRIBED_LOCALLY,
  TOO_MANY,
} from './frames.js';
import { type LineCounts, LineDesk } from './lines.js';

/** What a flood's messages have for their topic: a usual one, not the long one asked for. */
const FLOODED = 'sensors/s1/temperature';

/** Serves one connection. Replies to all that one read brought leave in one write. */
export function serve(socket: Socket, onEnd: (lines: LineCounts) => void): void {
  const waitingFloods = new Map<string, number[]>();
  const probes = new Set<NodeJS.Timeout>();
  let out: Buffer[] = [];
  const desk = new LineDesk(
    accepted => socket.write(Buffer.concat(accepted.map(streamId => PUBLISHED.on(streamId)))),
    streamId => out.push(TOO_MANY.on(streamId)),
  );

  const subscribe = (streamId: number, topicName: string, locally: boolean): void => {
    out.push((locally ? SUBSCRIBED_LOCALLY : SUBSCRIBED).on(streamId));
    const interval = probeIntervalOf(topicName);
    if (interval !== undefined) {
      const send = (): unknown => socket.write(event(topicName, Buffer.from(process.hrtime.bigint().toString())).on(streamId));
      probes.add(setInterval(send, interval));
    }
    const flood = floodOf(topicName);
    if (flood === undefined) return;
    const streams = [...(waitingFloods.get(topicName) ?? []), streamId];
    waitingFloods.set(topicName, streams);
    if (streams.length < flood.streams) return;
    waitingFloods.delete(topicName);
    const payload = jsonPayload(flood.size);
    const template = locally ? localEvent(FLOODED, payload, flood.json === true) : event(FLOODED, payload);
    sendFlood(socket, flood, template, streams);
  };

  const publish = (streamId: number, payload: string): void => {
    if (payload === '{}') out.push(NO_TOPIC.on(streamId));
    else if (payload.includes(LINES)) desk.receive(streamId, lineOf(payload));
    else out.push(PUBLISHED.on(streamId));
  };

  const answer = (message: RpcMessage): void => {
    if (message.type === MessageType.Connect) out.push(CONNECT_ACK);
    else if ((message.flags & MessageFlag.TerminateStream) !== 0) return;
    else if (message.operation === SUBSCRIBE) subscribe(message.streamId, topicOf(message.payload), false);
    else if (message.operation === SUBSCRIBE_TO_TOPIC) subscribe(message.streamId, topicOf(message.payload), true);
    else if (message.operation === PUBLISH) publish(message.streamId, message.payload);
    else if (message.operation === PUBLISH_TO_TOPIC) out.push(PUBLISHED_LOCALLY.on(message.streamId));
  };

  const decoder = new FrameDecoder(CLASSIC_MAX_FRAME, frame => {
    const message = readRpcMessage(frame);
    if ('reason' in message) socket.destroy(new Error(message.detail));
    else answer(message);
  });
  socket.on('data', chunk => {
    const failure = decoder.push(chunk);
    if (failure !== undefined) socket.destroy(new Error(failure.reason));
    const [first] = out;
    if (first !== undefined) socket.write(out.length === 1 ? first : Buffer.concat(out));
    out = [];
  });
  // A client that goes in the middle of a flood is what happens here all the time.
  socket.on('error', () => undefined);
  socket.on('close', () => {
    for (const probe of probes) clearInterval(probe);
    onEnd(desk.counts);
  });
}

function topicOf(payload: string): string {
  const { topicName, topic = '' } = JSON.parse(payload) as { readonly topicName?: string; readonly topic?: string };
  return topicName ?? topic;
}

const lineOf = (payload: string): string =>
  Buffer.from((JSON.parse(payload) as { readonly payload: string }).payload, 'base64').toString('utf8');
