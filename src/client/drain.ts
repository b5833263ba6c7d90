import { asyncScheduler, Observable, type SchedulerLike, Subject } from 'rxjs';
import type { Clock } from '../shared/clock.js';
import type { DrainReport, MqttProxy } from '../ports/mqtt-proxy.js';
import { hook } from '../stream/hook.js';
import { steadyNow } from '../schedule/clock.js';
import { checkTime } from '../shared/check-argument.js';
import type { RequestCounts } from './request-queue.js';
import { plural } from '../shared/visible.js';

/** What a drain waits for besides the stages: the requests of a port. */
export interface Drained {
  readonly counts: RequestCounts;
  /** Called whenever nothing is pending any more. */
  onIdle: (() => void) | undefined;
}

/**
 * The orderly end of a proxy: first no more messages come in, then what is under way gets the time to finish. Stages that
 * publish hold the drain while they run, since what they still have inside would be published only later.
 */
export class Drain {
  readonly #clock: Clock;
  readonly #queues: readonly Drained[];
  readonly #begun = new Subject<void>();
  readonly #holds = new Set<symbol>();
  readonly #waiting = new Set<() => void>();
  #draining = false;

  /** @param queues of all ports of the connection; there may be more later. */
  constructor(clock: Clock, queues: readonly Drained[]) {
    this.#clock = clock;
    this.#queues = queues;
  }

  /** Emits once and completes when draining begins; at once if it has begun. */
  get begun$(): Observable<void> {
    return new Observable(subscriber => {
      if (!this.#draining) return this.#begun.subscribe(subscriber);
      subscriber.next();
      subscriber.complete();
      return undefined;
    });
  }

  /** Whether draining has begun. */
  get hasBegun(): boolean {
    return this.#draining;
  }

  hold(): () => void {
    const token = Symbol('drain hold');
    this.#holds.add(token);
    return () => {
      if (this.#holds.delete(token)) this.#check();
    };
  }

  /** Emits one report and completes. Each of several subscribers gets a report of its own. */
  run(deadline: number): Observable<DrainReport> {
    return new Observable(subscriber => {
      const before = this.#counts();
      const finish = (): void => {
        this.#waiting.delete(check);
        cancel();
        const after = this.#counts();
        subscriber.next({
          accepted: after.accepted - before.accepted,
          failed: after.failed - before.failed,
          unfinished: after.pending,
          stagesUnfinished: this.#holds.size,
        });
        subscriber.complete();
      };
      const check = (): void => {
        if (this.#holds.size === 0 && this.#counts().pending === 0) finish();
      };
      const cancel = this.#clock.after(deadline, finish);
      this.#waiting.add(check);
      if (!this.#draining) {
        this.#draining = true;
        for (const queue of this.#queues) {
          queue.onIdle = () => {
            this.#check();
          };
        }
        this.#begun.next();
        this.#begun.complete();
      }
      check();
      return () => {
        this.#waiting.delete(check);
        cancel();
      };
    });
  }

  #counts(): RequestCounts {
    let [accepted, failed, pending] = [0, 0, 0];
    for (const { counts } of this.#queues) {
      accepted += counts.accepted;
      failed += counts.failed;
      pending += counts.pending;
    }
    return { accepted, failed, pending };
  }

  #check(): void {
    for (const check of [...this.#waiting]) check();
  }
}

/** Milliseconds within which one Ctrl-C in a terminal may come twice: to the whole group of processes, and passed on by npm. */
const SAME = 500;

/**
 * Calls `stop` at the first SIGTERM or SIGINT. The next one that is not the same Ctrl-C ends the process at once, as it would without this.
 *
 * Returns a function that takes the listeners off.
 */
export function onStopSignal(stop: (why: string) => void, scheduler: SchedulerLike): () => void {
  const now = steadyNow(scheduler);
  let first: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (first === undefined) {
      first = now();
      stop(signal);
    } else if (now() - first >= SAME) {
      remove();
      process.kill(process.pid, signal);
    }
  };
  function remove(): void {
    process.off('SIGTERM', onSignal);
    process.off('SIGINT', onSignal);
  }
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return remove;
}

/** How {@link drainOnSignal} ends a component. */
export interface DrainOnSignalOptions {
  /**
   * Milliseconds the drain may take. Default 10 000: less than the 15 s that a component has by default to shut down before the nucleus
   * kills it.
   */
  readonly deadline?: number | undefined;
  /** Is told what the drain found, before the proxy is closed. Default: one line on stderr if something was left. */
  readonly onDrained?: ((report: DrainReport) => void) | undefined;
  /** The clock that tells a second signal from the first one that came twice. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
}

/**
 * Ends a component in good order when Greengrass stops it: on SIGTERM or SIGINT it drains the proxy and closes it, so that the component's
 * streams end and the process ends by itself. What is left at the deadline gets its outcomes when the proxy is closed, and `runToEnd`
 * treats that as the end that was wanted. A second signal half a second later or more ends the process at once, as it would without this.
 * One that comes sooner counts as the same: a terminal sends Ctrl-C to npm and to the component, and npm passes it on.
 *
 * What `onDrained` throws is written to stderr, and the process then ends with exit code 1; the proxy is closed all the same.
 *
 * Returns a function that takes the listeners off again. They do not keep the process alive, and go by themselves when the proxy is
 * closed.
 *
 * Source: AWS IoT Greengrass component recipe reference, lifecycle `Shutdown` and `Timeout`.
 *
 * @example
 * ```ts
 * import { connect, drainOnSignal, QOS, runToEnd } from 'greengrass-rx';
 *
 * const proxy = connect();
 * drainOnSignal(proxy, { deadline: 5_000, onDrained: report => console.log(report) });
 * setTimeout(() => process.kill(process.pid, 'SIGTERM'), 200);
 * await runToEnd(proxy.subscribe({ topicName: 'commands', qos: QOS.AT_LEAST_ONCE })); // completes when the signal has come
 * ```
 */
export function drainOnSignal(proxy: MqttProxy, options: DrainOnSignalOptions = {}): () => void {
  const { deadline = 10_000, onDrained = reportLeftovers, scheduler = asyncScheduler } = options;
  checkTime(deadline, 'deadline');
  const remove = onStopSignal(() => void drainAndClose(proxy, deadline, hook('onDrained', onDrained)), scheduler);
  // A listener that was left behind would swallow the signal that is to end the process.
  const closed = proxy.state$.subscribe({ complete: remove, error: remove });
  return () => {
    closed.unsubscribe();
    remove();
  };
}

async function drainAndClose(proxy: MqttProxy, deadline: number, onDrained: (report: DrainReport) => void): Promise<void> {
  const report = await proxy.drain(deadline)();
  try {
    onDrained(report);
  } catch (error) {
    // Nobody waits for this promise: if the error were thrown on, it would end the process before the proxy is closed.
    process.stderr.write(`greengrass-rx: onDrained failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  }
  await proxy.close();
}

function reportLeftovers({ unfinished, stagesUnfinished }: DrainReport): void {
  if (unfinished === 0 && stagesUnfinished === 0) return;
  process.stderr.write(
    `greengrass-rx: stopped with ${plural(unfinished, 'publish')} unanswered and ${plural(stagesUnfinished, 'stage')} unfinished.\n`,
  );
}
