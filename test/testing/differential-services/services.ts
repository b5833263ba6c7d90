import { isLeft, type Either } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import type { Subscription } from 'rxjs';
import type { Nucleus } from '../../../src/client/connect.js';
import type { LocalMessage, LocalPublishRequest } from '../../../src/client/local-message.js';
import type { ComponentUpdate } from '../../../src/client/lifecycle.js';
import type { ReceiveMode } from '../../../src/ipc/wire/shapes.js';
import type { NucleusEvent } from '../../../src/local/index.js';
import { fixed } from '../../../src/schedule/index.js';
import type { FaultName } from '../../../src/testing/index.js';

/** One step of a script: something that a component, its neighbour or a deployment does, or a fault that begins or ends. */
export type Step =
  | { readonly do: 'neighbour publishes'; readonly request: LocalPublishRequest }
  | { readonly do: 'publish'; readonly request: LocalPublishRequest }
  | { readonly do: 'subscribe'; readonly topic: string; readonly receiveMode?: ReceiveMode | undefined }
  | { readonly do: 'follow'; readonly keyPath: readonly string[] }
  | { readonly do: 'deploy'; readonly config: Config }
  | { readonly do: 'update'; readonly value: Readonly<Record<string, unknown>>; readonly keyPath: readonly string[] }
  | { readonly do: 'report'; readonly state: 'RUNNING' | 'ERRORED' }
  | { readonly do: 'watch updates'; readonly recheckAfter?: number | undefined }
  | { readonly do: 'announce an update' }
  | { readonly do: 'unsubscribe' }
  | { readonly do: ScriptFault };

/** A deployment gives all of it, so that none takes a key away. */
export interface Config {
  readonly limit: number | string;
  readonly unit: string;
}

/** Faults that begin or end by themselves, and those that strike the next request of a kind. */
export type ScriptFault = (typeof SCRIPT_FAULTS)[number];
export const SCRIPT_FAULTS = [
  'drop connection',
  'kill nucleus',
  'start nucleus',
  'cut frame',
  'corrupt frame',
  'hang local publish',
  'hang local subscribe',
  'hang configuration',
  'hang lifecycle',
  'drop before local publish reply',
  'drop before local subscribe reply',
  'drop before configuration reply',
  'drop before lifecycle reply',
  'withhold local publish',
  'release local publish',
  'withhold local subscribe',
  'release local subscribe',
  'withhold configuration',
  'release configuration',
  'local message before reply',
  'lose local subscriptions',
  'find local subscriptions',
  'stop configuration daemon',
  'start configuration daemon',
  'stop pubsub daemon',
  'start pubsub daemon',
] as const satisfies readonly FaultName[];

/** A nucleus of either kind, as a script sees it. */
export interface World {
  readonly nucleus: Nucleus;
  /** What has happened at the nucleus since the last call. */
  readonly events: () => readonly NucleusEvent[];
  readonly neighbour: (request: LocalPublishRequest) => void | Promise<void>;
  readonly deploy: (config: Config) => void;
  readonly announce: () => void;
  readonly inflict: (fault: ScriptFault) => void | Promise<void>;
  /** Lets all happen that is under way, and this many milliseconds pass. */
  readonly pass: (milliseconds: number) => Promise<void>;
  readonly end: () => Promise<void>;
}

export const COMPONENT = 'com.example.Component';
export const ACCESS_CONTROL = {
  'aws.greengrass.ipc.pubsub': { 'differential:pubsub:1': { operations: ['*'], resources: ['t/*', 't/+', 't/#'] } },
};
export const CONFIG: Config = { limit: 1, unit: 'C' };
export const RECONNECT = fixed(500);
/** More than any request is waited for, so that each step ends before the next. */
const A_WHILE = 15_000;

const Followed = t.union([t.undefined, t.number, t.type({ limit: t.number })]);

/** What a component sees of a script, and what the nucleus says of it, in order. */
export async function play(world: World, script: readonly Step[]): Promise<readonly string[]> {
  const { local, configuration, lifecycle } = world.nucleus;
  const log: string[] = [];
  /**
   * What was read of the configuration in this step. A leaf that looks like a node is read twice, an update is read back, and all of it is
   * under way at once: who reads has an order, and between them there is none.
   */
  let readings: { readonly who: string; readonly line: string }[] = [];
  const streams: Subscription[] = [];
  let isDown = false;
  /** An update that is not known to be over: a real nucleus announces no other one meanwhile. */
  let isUpdating = false;
  const note = (line: string): unknown => log.push(`  ${line}`);
  const outcome =
    (what: string) =>
    (result: Either<{ readonly _tag: string }, unknown>): unknown =>
      note(`${what}: ${described(result)}`);
  const listen = <E extends { readonly _tag: string }, A>(
    stream$: Observe<E, A>,
    describedValue: (value: A) => string,
    tell: (who: string, what: string) => unknown = (who, what) => note(`${who} ${what}`),
  ): void => {
    const name = `${streams.length}`;
    streams.push(
      stream$.subscribe({
        next: element => tell(name, isLeft(element) ? failed(element.left) : describedValue(element.right)),
        complete: () => tell(name, 'complete'),
      }),
    );
  };

  const watchUpdates = (recheckAfter: number | undefined): void =>
    listen(lifecycle.updates$, (update: ComponentUpdate) => {
      if (update.phase === 'after') return 'an update is over';
      if (recheckAfter !== undefined) {
        isUpdating = true;
        void update.defer(recheckAfter)().then(outcome('defer'));
      }
      return 'an update begins';
    });

  for (const [i, step] of script.entries()) {
    log.push(`${i} ${step.do}`);
    switch (step.do) {
      case 'neighbour publishes':
        if (!isDown) await world.neighbour(step.request);
        break;
      case 'publish':
        local.publish$(step.request).subscribe(outcome('publish'));
        break;
      case 'subscribe':
        listen(local.subscribe({ topic: step.topic, receiveMode: step.receiveMode }), describedMessage);
        break;
      case 'follow':
        listen(
          configuration.value$(Followed, { keyPath: step.keyPath }),
          value => (value === undefined ? 'nothing' : JSON.stringify(value)),
          (who, what) => readings.push({ who, line: `  ${who} ${what}` }),
        );
        break;
      case 'deploy':
        world.deploy(step.config);
        break;
      case 'update':
        void configuration
          .update(step.value, { keyPath: step.keyPath })()
          .then(result => readings.push({ who: 'update', line: `  update: ${described(result)}` }));
        break;
      case 'report':
        void lifecycle.report(step.state)().then(outcome('report'));
        break;
      case 'watch updates':
        watchUpdates(step.recheckAfter);
        break;
      case 'announce an update':
        if (!isUpdating) world.announce();
        break;
      case 'unsubscribe':
        streams.find(({ closed }) => !closed)?.unsubscribe();
        break;
      default:
        if (step.do === 'kill nucleus') isDown = true;
        if (step.do === 'start nucleus') isDown = false;
        await world.inflict(step.do);
    }
    await world.pass(A_WHILE);
    log.push(...readings.sort((a, b) => a.who.localeCompare(b.who)).map(({ line }) => line));
    readings = [];
    const events = world.events();
    const count = (kind: NucleusEvent['kind']): number => events.filter(event => event.kind === kind).length;
    isUpdating ||= count('updateAnnounced') > count('updateAnswered');
    for (const event of events) {
      const line = told(event);
      if (line !== undefined) log.push(`  nucleus: ${line}`);
    }
  }
  for (const stream of streams) stream.unsubscribe();
  await world.end();
  return log;
}

interface Observe<E, A> {
  readonly subscribe: (observer: { readonly next: (element: Either<E, A>) => void; readonly complete: () => void }) => Subscription;
}

/** What of the nucleus' own account is compared. Its connections have other numbers, and the neighbour of a real one connects. */
function told(event: NucleusEvent): string | undefined {
  switch (event.kind) {
    case 'localPublished':
      return `${event.component} published ${event.isJson ? 'JSON' : 'bytes'} to ${event.topicName}`;
    case 'localDelivered':
      return `${event.topicName} went to ${event.components.join(' and ')}`;
    case 'configurationChanged':
      return `configuration changed at ${event.keyPath.join('/')}`;
    case 'stateReported':
      return `told to be ${event.state}`;
    case 'updateAnnounced':
      return 'announced an update';
    case 'updateAnswered':
      return `was answered with ${String(event.recheckAfter)}`;
    case 'failed':
      return `${event.operation} failed with ${event.code}`;
    default:
      return undefined;
  }
}

function described(result: Either<{ readonly _tag: string }, unknown>): string {
  return isLeft(result) ? failed(result.left) : 'done';
}

function failed(error: { readonly _tag: string }): string {
  return `Left ${error._tag}${'reason' in error ? ` ${String(error.reason)}` : ''}`;
}

function describedMessage({ topic, payload, format }: LocalMessage): string {
  return `${topic} ${format} ${Buffer.from(payload).toString().slice(0, 40)} ${payload.length}`;
}
