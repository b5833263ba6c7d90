import type { DrainReport, MqttProxy } from './mqtt-proxy.js';

/** How {@link drainOnSignal} ends a component. */
export interface DrainOnSignalOptions {
  /** Milliseconds the drain may take. Default 10 000; Greengrass kills a component 15 s after its SIGTERM unless the recipe says otherwise. */
  readonly deadline?: number | undefined;
  /** Told what the drain found, before the proxy is closed. Default: one line on stderr if something was left. */
  readonly onDrained?: ((report: DrainReport) => void) | undefined;
}

/**
 * Ends a component in good order when Greengrass stops it: on SIGTERM or SIGINT it drains the proxy and closes it, so that the
 * component's streams complete and the process ends by itself. A second signal during that ends it at once, as without this.
 *
 * Returns a function that takes the listeners off again; they do not keep the process alive, and closing the proxy some other way needs no
 * call.
 *
 * Source: AWS IoT Greengrass component recipe reference, lifecycle `Shutdown` and `Timeout`.
 *
 * @example
 * ```ts
 * import { connect, drainOnSignal, QOS, runToEnd } from 'greengrass-rx';
 *
 * const proxy = connect();
 * const off = drainOnSignal(proxy, { deadline: 5_000, onDrained: report => console.log(report) });
 * setTimeout(() => process.kill(process.pid, 'SIGTERM'), 200);
 * await runToEnd(proxy.subscribe({ topicName: 'commands', qos: QOS.AT_LEAST_ONCE })); // completes when the signal has come
 * off();
 * ```
 */
export function drainOnSignal(proxy: MqttProxy, options: DrainOnSignalOptions = {}): () => void {
  const { deadline = 10_000, onDrained = reportLeftovers } = options;
  const off = (): void => {
    process.off('SIGTERM', onSignal);
    process.off('SIGINT', onSignal);
  };
  const onSignal = (): void => {
    // Off at once: with no listener left, a second signal does what signals do.
    off();
    void drainAndClose(proxy, deadline, onDrained);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return off;
}

async function drainAndClose(proxy: MqttProxy, deadline: number, onDrained: (report: DrainReport) => void): Promise<void> {
  try {
    onDrained(await proxy.drain(deadline)());
  } finally {
    await proxy.close();
  }
}

function reportLeftovers({ unfinished, stagesUnfinished }: DrainReport): void {
  if (unfinished === 0 && stagesUnfinished === 0) return;
  process.stderr.write(`greengrass-rx: stopped with ${unfinished} publishes unanswered and ${stagesUnfinished} stages unfinished.\n`);
}
