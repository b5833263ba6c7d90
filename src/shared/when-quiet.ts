import { setImmediate } from 'node:timers';

/** Something that counts what it receives. */
export interface Counting {
  readonly received: number;
}

interface Waiting {
  readonly source: Counting;
  callback: (() => void) | undefined;
  seen: number | undefined;
  turnsLeft: number;
}

let waiting: Waiting[] = [];

/**
 * Calls back after the first whole turn of the event loop in which the source has received nothing, or after `mostTurns`. The returned function
 * takes that back.
 *
 * aws-crt has one queue from its thread into the event loop for each kind of event, and libuv empties the queue of ends
 * before that of messages, which it empties by at most 1000 a turn. Whatever was sent before an end is in its queue when
 * the end is seen; so once a turn brings no message, none is left.
 */
export function whenQuiet(source: Counting, callback: () => void, mostTurns: number = Number.POSITIVE_INFINITY): () => void {
  const one: Waiting = { source, callback, seen: undefined, turnsLeft: mostTurns };
  waiting.push(one);
  if (waiting.length === 1) setImmediate(turn);
  return () => {
    one.callback = undefined;
  };
}

function turn(): void {
  const now = waiting;
  waiting = [];
  for (const one of now) {
    if (one.callback === undefined) continue;
    if (one.seen === one.source.received || --one.turnsLeft <= 0) {
      // Each on its own, so that one that throws keeps no other from its end.
      process.nextTick(() => one.callback?.());
    } else {
      // The first time nothing has been compared: the turn in which the end came was not a whole one.
      one.seen = one.source.received;
      waiting.push(one);
    }
  }
  if (waiting.length > 0) setImmediate(turn);
}

/** What has come in on all connections of this process. */
const arrivals: { received: number } = { received: 0 };

/** For those who read from a connection: something has come. */
export function noteArrival(): void {
  arrivals.received++;
}

/** Turns of the event loop that reading may take when more keeps coming: an end of time must come nevertheless. */
const MOST_TURNS = 100;

/**
 * Calls back when all that has arrived by now has been read. A timer that fires after the event loop was blocked fires before anything is read, also
 * what came in time: a decision that something has not come must wait for that. The returned function takes it back.
 */
export function whenRead(callback: () => void): () => void {
  return whenQuiet(arrivals, callback, MOST_TURNS);
}
