import { left, type Either } from 'fp-ts/lib/Either.js';
import type { ConfigurationInvalid, TimersWithoutEnd } from '../errors/errors.js';
import { checkPositive } from '../shared/check-argument.js';
import type { Component } from '../component/component.js';
import { CONFIG_VARIABLE, merged, readConfiguration } from '../component/configuration.js';
import type { DryRun } from './dry-run-result.js';

/** How a {@link dryRun} runs. */
export interface DryRunOptions {
  /** Configuration over the defaults, as JSON: for what the defaults leave out. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /** Virtual milliseconds the component runs before it is told to stop. Default 60 000. */
  readonly horizon?: number | undefined;
  /**
   * Bytes that its buffers may come to, full of the largest messages there are; more is a warning. Default: a note where the bounds in
   * bytes that it gives its buffers come to over 16 MiB, which is what all others share.
   */
  readonly bufferBytes?: number | undefined;
}

/**
 * Subscribes to a component in virtual time, on a nucleus in memory that allows everything and sends nothing, and tells what it subscribes
 * to, where it publishes, and through which stages; and what follows: its recipe with the least policies, its diagram, and what is likely
 * wrong.
 *
 * Waits for no timer of the component: those on RxJS' schedulers are virtual. Whatever else the component does when it is subscribed (opens
 * a file, reads a sensor) it really does; but an asynchronous source of `pullThrough`, such as the lines of a file, is not read, and counts
 * as empty. The component gets no data: a topic that depends on data has to be declared, with `topics` of `publishTo`, or with `publishes`
 * and `subscribes` of the component.
 *
 * A Left says that the defaults, with `config` over them, are no configuration of the component; or that timers have no end, such as
 * `interval(0)`. A loop without a timer, such as `of(1).pipe(repeat())`, is not noticed: nothing else gets a turn, on a device either.
 *
 * The testing kit is loaded at the first call.
 *
 * @throws RangeError for a horizon or a bufferBytes that is not above 0; and what the component's `run` throws.
 *
 * @example
 * ```ts
 * import { publishTo, onRights, QOS } from 'greengrass-rx';
 * import { component } from 'greengrass-rx/component';
 * import { dryRun } from 'greengrass-rx/dry-run';
 *
 * const echo = component({
 *   name: 'com.example.Echo',
 *   version: '1.0.0',
 *   run: proxy => proxy.subscribe({ topicName: 'in/+', qos: QOS.AT_LEAST_ONCE }).pipe(
 *     onRights(publishTo(proxy, ({ payload }) => ({ topicName: 'out', payload, qos: QOS.AT_LEAST_ONCE }), { topics: ['out'] })),
 *   ),
 * });
 * const dry = await dryRun(echo);
 * if (dry._tag === 'Right') {
 *   console.log(dry.right.access); // { publish: ['out'], subscribe: ['in/+'], local: { publish: [], subscribe: [] } }
 *   console.log(dry.right.recipeText('yaml'));
 *   for (const { severity, message } of dry.right.findings) console.log(severity, message);
 * }
 * ```
 */
export async function dryRun(
  component: Component,
  options: DryRunOptions = {},
): Promise<Either<ConfigurationInvalid | TimersWithoutEnd, DryRun>> {
  const { config = {}, horizon = 60_000, bufferBytes: memory } = options;
  // Not `Infinity`: a component that is never told to stop may never end.
  checkPositive(horizon, 'horizon');
  if (memory !== undefined) checkPositive(memory, 'bufferBytes');
  const configuration = readConfiguration(component, { [CONFIG_VARIABLE]: JSON.stringify(config) });
  if (configuration._tag === 'Left') return left(configuration.left);
  const { dryRunResult } = await import('./dry-run-result.js');
  const written = merged(component.defaults, config);
  return dryRunResult(component, { config: configuration.right, written, horizon, memory });
}
