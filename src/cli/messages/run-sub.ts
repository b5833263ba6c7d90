import type { Either } from 'fp-ts/lib/Either.js';
import { asyncScheduler, EMPTY, from, map, merge, type Observable, take, takeUntil, tap } from 'rxjs';
import { connectNucleus } from '../../client/connect.js';
import type { LocalMessage } from '../../client/local-message.js';
import type { LocalSubscribeError } from '../../client/local-topics.js';
import type { Overflowed, SubscribeError } from '../../errors/errors.js';
import { concurrently } from '../../flow/concurrently.js';
import type { MqttMessage, SubscriptionStatus } from '../../ports/mqtt-proxy.js';
import { waiting } from '../../schedule/clock.js';
import type { QOS } from '../../shared/qos.js';
import { plural, visible } from '../../shared/visible.js';
import { onRights } from '../../stream/on-rights.js';
import { runToEnd } from '../../stream/run-to-end.js';
import { EXIT, UsageError } from '../cli-error.js';
import { aborted, type Cli, stopOnSignals } from '../cli.js';
import { messageJson, MIN_PREVIEW, previewPayload } from './message-text.js';
import { columnsOf, isoTime, type Output, timeOfDay } from '../output.js';
import { asCliError, findNucleus, type ReachOptions } from '../reach/reach.js';

/**
 * `pretty`: a line for people, as wide as the terminal. `json`: a line of JSON. `payload`: the payload's own bytes and a line
 * break; on a terminal its text, with control characters made visible.
 */
type MessageFormat = 'pretty' | 'json' | 'payload';

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

export interface SubOptions extends ReachOptions {
  readonly format?: MessageFormat | undefined;
  readonly qos: QOS;
  /** Messages between the components of the device, in the place of those of AWS IoT Core. */
  readonly local?: boolean | undefined;
  readonly count?: number | undefined;
  readonly timeout?: number | undefined;
  readonly quiet?: boolean | undefined;
}

/** Messages that may wait for a slow reader of the output. */
const BUFFER = { messages: 10_000, onFull: 'dropOldest' } as const;

/** Subscribes and prints until a count, a time, a signal, or a failure ends it. */
export async function runSub(cli: Cli, filters: readonly string[], options: SubOptions): Promise<void> {
  const { out, err } = cli;
  if (filters.length === 0) throw new UsageError('What to subscribe to is missing.', "Write greengrass-rx sub 'sensors/#'.");
  const address = findNucleus(options, cli.env);
  using stopping = stopOnSignals(cli);
  await using nucleus = connectNucleus({ ...address, transport: options.transport, refusalPatience: 0 });
  const say = (text: string): void => {
    if (options.quiet !== true) err.line(err.style('dim', visible(text)));
  };
  const print = printer(out, options.format ?? (out.isTerminal ? 'pretty' : 'json'));
  let printed = 0;
  const subscriptions = filters.map((filter): Observable<Either<SubscribeError | LocalSubscribeError, MqttMessage>> => {
    const onStatus = sayStatus(filter, address.description, say);
    return options.local === true
      ? nucleus.local.subscribe({ topic: filter, receiveMode: 'RECEIVE_ALL_MESSAGES', onStatus }).pipe(onRights(map(printable)))
      : nucleus.mqtt.subscribe({ topicName: filter, qos: options.qos, onStatus });
  });
  const messages$: Observable<Either<SubscribeError | LocalSubscribeError | Overflowed, unknown>> = merge(...subscriptions).pipe(
    options.timeout === undefined ? tap() : takeUntil(waiting(options.timeout, asyncScheduler)),
    onRights((message$: Observable<MqttMessage>) => (options.count === undefined ? message$ : message$.pipe(take(options.count)))),
    onRights(
      concurrently(
        1,
        (message: MqttMessage) => {
          printed++;
          return print(message) ? EMPTY : from(out.room());
        },
        { buffer: BUFFER },
      ),
    ),
    takeUntil(aborted(stopping.signal)),
  );
  try {
    await runToEnd(messages$, { onLeft: error => err.line(err.style('yellow', visible(error.message))) });
  } catch (error) {
    throw asCliError(error);
  }
  if (cli.exitCode === EXIT.OK && options.count !== undefined && printed < options.count && !out.gone.aborted) {
    say(`${printed} of ${plural(options.count, 'message')} came in time`);
    cli.exitCode = EXIT.TIMED_OUT;
  }
}

/** A message of a local topic, printed as any other. */
function printable({ topic, payload }: LocalMessage): MqttMessage {
  return { topicName: topic, payload };
}

/** Says when a subscription stands. Its failures are reported where they pass by. */
function sayStatus(filter: string, who: string, say: (text: string) => void): (status: SubscriptionStatus) => void {
  return status => {
    if (status.status !== 'active') return;
    const { resumedAfter: gap } = status;
    say(gap === undefined ? `subscribed to ${filter} as ${who}` : `subscribed to ${filter} again after ${Math.round(gap)} ms`);
  };
}
