import type { Socket } from 'node:net';
import type { Flood } from '../topics.js';
import type { FrameTemplate } from './frames.js';

/** Written at once: enough that the server has next to nothing to do for a message. */
const CHUNK = 64 * 1024;
/** Milliseconds between two helpings of a flood of fixed speed. */
const TICK = 2;

/** Sends the messages of a flood, encoded once, to its streams in turn. */
export function sendFlood(socket: Socket, flood: Flood, template: FrameTemplate, streamIds: readonly number[]): void {
  const turns = Math.max(1, Math.floor(CHUNK / (template.length * streamIds.length)));
  const chunk = Buffer.allocUnsafe(turns * streamIds.length * template.length);
  for (let offset = 0, i = 0; offset < chunk.length; i++) offset = template.write(chunk, offset, streamIds[i % streamIds.length] ?? 0);
  let left = flood.messages;

  /** Writes so many messages, but never over the end of the chunk, or the streams would no longer take turns. */
  const write = (messages: number): boolean => {
    const bytes = Math.min(messages * template.length, left * template.length, chunk.length);
    left -= bytes / template.length;
    return socket.write(bytes === chunk.length ? chunk : chunk.subarray(0, bytes));
  };
  const asFastAsRead = (): void => {
    while (left > 0 && !socket.destroyed) {
      if (!write(left)) {
        socket.once('drain', asFastAsRead);
        return;
      }
    }
  };
  const atFixedSpeed = (): void => {
    const begun = performance.now();
    const timer = setInterval(() => {
      const due = flood.messages - ((performance.now() - begun) / 1000) * flood.perSecond;
      while (left > Math.max(0, due) && !socket.destroyed) write(Math.max(1, Math.round(left - due)));
      if (left === 0 || socket.destroyed) clearInterval(timer);
    }, TICK);
  };
  setImmediate(flood.perSecond === 0 ? asFastAsRead : atFixedSpeed);
}
