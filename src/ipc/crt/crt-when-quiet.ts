/** Something that counts what it receives. */
export interface Counting {
  readonly received: number;
}

interface Waiting {
  readonly source: Counting;
  readonly callback: () => void;
  seen: number | undefined;
}

let waiting: Waiting[] = [];

/**
 * Calls back after the first whole turn of the event loop in which the source has received nothing.
 *
 * aws-crt has one queue from its thread into the event loop for each kind of event, and libuv empties the queue of ends
 * before that of messages, which it empties by at most 1000 a turn. Whatever was sent before an end is in its queue when
 * the end is seen; so once a turn brings no message, none is left.
 */
export function whenQuiet(source: Counting, callback: () => void): void {
  waiting.push({ source, callback, seen: undefined });
  if (waiting.length === 1) setImmediate(turn);
}

function turn(): void {
  const now = waiting;
  waiting = [];
  for (const one of now) {
    if (one.seen === one.source.received) {
      // Each on its own, so that one that throws keeps no other from its end.
      process.nextTick(one.callback);
    } else {
      // The first time nothing has been compared: the turn in which the end came was not a whole one.
      one.seen = one.source.received;
      waiting.push(one);
    }
  }
  if (waiting.length > 0) setImmediate(turn);
}
