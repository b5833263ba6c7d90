import { checkTime } from '../schedule/check-argument.js';
import type { DrainReport, MqttProxy } from './mqtt-proxy.js';

/** How {@link drainOnSignal} ends a component. */
export interface DrainOnSignalOptions {
  /**
   * Milliseconds the drain may take. Default 10 000: less than the 15 s that a component has by default to shut down before the nucleus
   * kills it.
   */
  readonly deadline?: number | undefined;
  /** Told what the drain found, before the proxy is closed. Default: one line on stderr if something was left. */
  readonly onDrained?: ((report: DrainReport) => void) | undefined;
}

/**
 * Ends a component in good order when Greengrass stops it: on SIGTERM or SIGINT it drains the proxy and closes it, so that the
 * component's streams complete and the process ends by itself. A second signal during that ends it at once, as without this.
 *
 * What `onDrained` throws is written to stderr, and the process then ends with exit code 1; the proxy is closed all the same.
 *
 * Returns a function that takes the listeners off again. They do not keep the process alive, and go by themselves when the proxy is
 * closed some other way.
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
  const { deadline = 10_000, onDrained = reportLeftovers } = options;
  checkTime(deadline, 'deadline');
  const onSignal = (): void => {
    // Off at once: with no listener left, a second signal does what signals do.
    off();
    void drainAndClose(proxy, deadline, onDrained);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  // A listener that stayed behind would swallow the signal that is to end the process.
  const closed = proxy.state$.subscribe({ complete: takeOff, error: takeOff });
  function takeOff(): void {
    process.off('SIGTERM', onSignal);
    process.off('SIGINT', onSignal);
  }
  function off(): void {
    closed.unsubscribe();
    takeOff();
  }
  return off;
}

async function drainAndClose(proxy: MqttProxy, deadline: number, onDrained: (report: DrainReport) => void): Promise<void> {
  const report = await proxy.drain(deadline)();
  try {
    onDrained(report);
  } catch (error) {
    // Nobody waits for this: thrown on, it would end the process before the proxy is closed.
    process.stderr.write(`greengrass-rx: onDrained failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  }
  await proxy.close();
}

function reportLeftovers({ unfinished, stagesUnfinished }: DrainReport): void {
  if (unfinished === 0 && stagesUnfinished === 0) return;
  process.stderr.write(`greengrass-rx: stopped with ${unfinished} publishes unanswered and ${stagesUnfinished} stages unfinished.\n`);
}
