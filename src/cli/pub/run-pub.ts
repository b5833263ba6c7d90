import type { Either } from 'fp-ts/lib/Either.js';
import { asyncScheduler, interval, type Observable, takeUntil, tap } from 'rxjs';
import { connectNucleus } from '../../client/connect.js';
import type { LocalPublishRequest } from '../../client/local-message.js';
import type { Overflowed } from '../../errors/errors.js';
import type { AcceptedBy, Published, PublishFailure } from '../../flow/publish-outcome.js';
import { publishTo } from '../../flow/publish-to.js';
import { pullThrough } from '../../flow/pull-through.js';
import type { PublishRequest } from '../../ports/mqtt-message.js';
import { isJsonObject } from '../../shared/check-argument.js';
import { visible } from '../../shared/visible.js';
import { runToEnd } from '../../stream/run-to-end.js';
import { EXIT, UsageError } from '../cli-error.js';
import { aborted, type Cli, stopOnSignals } from '../cli.js';
import { asCliError, findNucleus, type ReachOptions } from '../reach/reach.js';
import { messageSource, type SourceFlags } from './payload-source.js';

/** How often a line of progress is drawn, in milliseconds. */
const EVERY = 200;

/**
 * One line on a terminal's stderr, drawn anew while long work goes on. Elsewhere nothing is drawn. Work that is shorter than a
 * moment shows none. The result ends it and leaves no trace of it.
 */
function showProgress({ err }: Cli, line: () => string): () => void {
  if (!err.isTerminal) return () => undefined;
  const drawing = interval(EVERY).subscribe(() => err.redraw(err.style('dim', line().slice(0, err.width - 1))));
  return () => {
    drawing.unsubscribe();
    err.redraw();
  };
}

export interface PubOptions extends ReachOptions, SourceFlags {
  readonly inFlight?: number | undefined;
  readonly timeout: number;
  /** To local topics, those between the components of the device. */
  readonly local?: boolean | undefined;
  /** With `local`: the payload is a JSON message, and not bytes. */
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
}

/** Failures that are told in full: of a thousand that are alike, nobody reads the rest. */
const FAILURES_TOLD = 5;

const LOCAL_HAS_NONE = ['retain', 'contentType', 'responseTopic', 'correlationData', 'expiry'] as const;

function checkLocal(options: PubOptions): void {
  if (options.json === true && options.local !== true) throw new UsageError('--json is the form of a local message.', 'Give --local, too.');
  const other = LOCAL_HAS_NONE.find(name => options[name] !== undefined);
  if (options.local === true && (other !== undefined || options.userProperty.length > 0))
    throw new UsageError('A local message has a payload, and nothing of MQTT 5.', 'Leave those options out.');
}

function localRequest({ topicName, payload }: PublishRequest, isJson: boolean): LocalPublishRequest {
  if (!isJson) return { topic: topicName, payload };
  try {
    const json: unknown = JSON.parse(typeof payload === 'string' ? payload : Buffer.from(payload).toString());
    if (isJsonObject(json)) return { topic: topicName, json };
  } catch {
    // Said below.
  }
  throw new UsageError('A local message of JSON is a JSON object.', 'Leave --json out to publish a text or bytes.');
}

/** Publishes, no faster than the nucleus accepts, and says how many it took. */
export async function runPub(cli: Cli, topic: string | undefined, payload: string | undefined, options: PubOptions): Promise<void> {
  const { err } = cli;
  checkLocal(options);
  const { messages, total } = await messageSource(topic, payload, options);
  const address = findNucleus(options, cli.env);
  using stopping = stopOnSignals(cli);
  await using nucleus = connectNucleus({ ...address, transport: options.transport, publishTimeout: options.timeout, refusalPatience: 0 });
  const started = asyncScheduler.now();
  let accepted = 0;
  let failed = 0;
  const summary = (): string => {
    const seconds = (asyncScheduler.now() - started) / 1_000;
    const rate = accepted > 1 && seconds > 0 ? `, ${String(Math.round(accepted / seconds))}/s` : '';
    return `${String(accepted)}${total === undefined ? '' : ` of ${String(total)}`} accepted${failed === 0 ? '' : `, ${String(failed)} failed`}${rate}`;
  };
  const endProgress = showProgress(cli, summary);
  const take = (outcome: Either<PublishFailure<PublishRequest> | Overflowed, Published<PublishRequest, AcceptedBy>>): void => {
    if (outcome._tag === 'Right') accepted++;
    else failed++;
  };
  const stage = { inFlight: options.inFlight, buffer: { messages: 1, onFull: 'dropOldest' } } as const;
  const outcomes: Observable<Either<PublishFailure<PublishRequest> | Overflowed, Published<PublishRequest, AcceptedBy>>> =
    options.local === true
      ? pullThrough(
          messages,
          publishTo(nucleus.local, (request: PublishRequest) => localRequest(request, options.json === true), stage),
        )
      : pullThrough(
          messages,
          publishTo(nucleus.mqtt, (request: PublishRequest) => request, stage),
        );
  const outcomes$ = outcomes.pipe(tap(take), takeUntil(aborted(stopping.signal)));
  let told = 0;
  try {
    await runToEnd(outcomes$, {
      onLeft: failure => {
        // The only message: its failure is that of the command.
        if (total === 1) throw failure;
        if (++told <= FAILURES_TOLD) err.line(err.style('red', visible(failure.message)));
      },
    });
  } catch (error) {
    throw asCliError(error);
  } finally {
    endProgress();
    if (options.quiet !== true && total !== 1) err.line(err.style('dim', summary()));
  }
  if (failed > 0 && cli.exitCode === EXIT.OK) cli.exitCode = EXIT.FAILED;
}
