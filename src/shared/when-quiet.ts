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
 * Calls back after the first whole turn of the event loop in which the source has received nothing, or after `mostTurns`. The returned
 * function cancels that.
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
      // The first time there is nothing to compare with: the turn in which this was asked for was not a whole one.
      one.seen = one.source.received;
      waiting.push(one);
    }
  }
  if (waiting.length > 0) setImmediate(turn);
}

/** What has come in on all connections of this process. */
const arrivals: { received: number } = { received: 0 };

/** To be called by whoever reads from a connection, when something has come. */
export function noteArrival(): void {
  arrivals.received++;
}

/** Turns of the event loop that reading may take while more keeps coming: a deadline must pass nevertheless. */
const MAX_TURNS = 100;

/**
 * Calls back when everything that has arrived by now has been read. A timer that fires after the event loop was blocked fires before
 * anything is read, even what came in time; whoever decides that something has not come must wait for that reading first. The returned
 * function cancels it.
 */
export function whenRead(callback: () => void): () => void {
  return whenQuiet(arrivals, callback, MAX_TURNS);
}
