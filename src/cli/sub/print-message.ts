import type { MqttMessage } from '../../ports/mqtt-message.js';
import { visible } from '../../shared/visible.js';
import { messageJson } from '../messages/message-json.js';
import { previewPayload } from '../messages/payload-preview.js';
import type { Output } from '../output.js';
import { isoTime, timeOfDay } from '../time-of-day.js';
import { columnsOf } from '../wrap.js';

/**
 * `pretty`: a line for people, as wide as the terminal. `json`: a line of JSON. `payload`: the payload's own bytes and a line
 * break; on a terminal its text, with control characters made visible.
 */
export type MessageFormat = 'pretty' | 'json' | 'payload';

/** Prints a message. `false`: wait for room before the next. */
export function printer(out: Output, format: MessageFormat): (message: MqttMessage) => boolean {
  switch (format) {
    case 'json':
      return message => out.line(messageJson(message, isoTime()));
    case 'payload':
      return message => out.write(Buffer.concat([message.payload, Buffer.from('\n')]));
    case 'pretty':
      return message => {
        const { payload } = message;
        const topicName = visible(message.topicName);
        const time = timeOfDay();
        const room = out.width - columnsOf(`${time} ${topicName} `);
        const head = `${out.style('dim', time)} ${out.style('cyan', topicName)}`;
        // A topic that leaves no room for the payload gets the line, and the payload the next.
        return room >= MIN_PREVIEW
          ? out.line(`${head} ${previewPayload(payload, room)}`)
          : out.line(`${head}\n  ${previewPayload(payload, out.width - 2)}`);
      };
  }
}

const MIN_PREVIEW = 16;
