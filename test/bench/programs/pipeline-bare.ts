/**
 * What no client can be much cheaper than: a bare socket, whose frames are split and parsed, and behind it what the peers have, io-ts and
 * the windows of RxJS. Nothing is checked but checksums, and no answer is waited for.
 */
import { createConnection } from 'node:net';
import { Subject } from 'rxjs';
import { encodeRequest } from '../../../src/ipc/wire/encode-request.js';
import { CLASSIC_MAX_FRAME, FrameDecoder } from '../../../src/ipc/wire/frame.js';
import { encodeRpcMessage, MessageType, readRpcMessage, RPC_VERSION } from '../../../src/ipc/wire/rpc-message.js';
import { PUBLISH, SUBSCRIBE } from '../../../src/shared/operations.js';
import { type Reading, readingOf, summaries } from './summary.js';
import { answerFor, QOS_OF_PIPELINE, tellReady } from './told.js';

const qos = QOS_OF_PIPELINE;
let bad = 0;
answerFor(() => bad);
let streamId = 0;
const request = (operation: string, body: object): unknown => socket.write(encodeRequest(operation, ++streamId, JSON.stringify(body)));

const readings$ = new Subject<Reading>();
readings$.pipe(summaries).subscribe(summary => {
  const payload = Buffer.from(JSON.stringify(summary)).toString('base64');
  request(PUBLISH, { topicName: `results/${summary.sensor}`, qos, payload });
});
const decoder = new FrameDecoder(CLASSIC_MAX_FRAME, frame => {
  const message = readRpcMessage(frame);
  if ('reason' in message) throw new Error(message.detail);
  if (message.type === MessageType.ConnectAck) request(SUBSCRIBE, { topicName: 'sensors/+/reading', qos });
  else if (message.modelType === `${SUBSCRIBE}Response`) tellReady();
  else if (message.modelType === 'aws.greengrass#IoTCoreMessage') {
    const event = JSON.parse(message.payload) as { readonly message: { readonly payload: string } };
    const reading = readingOf(Buffer.from(event.message.payload, 'base64'));
    if (reading === undefined) bad++;
    else readings$.next(reading);
  }
});
const buffer = Buffer.allocUnsafeSlow(64 * 1024);
const socket = createConnection({
  path: process.env['AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT'] ?? '',
  onread: { buffer, callback: count => decoder.push(buffer.subarray(0, count)) === undefined },
});
const payload = JSON.stringify({ authToken: process.env['SVCUID'] });
socket.write(encodeRpcMessage({ type: MessageType.Connect, flags: 0, streamId: 0, version: RPC_VERSION, payload }));
