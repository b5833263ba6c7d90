/**
 * What the examples have in common: a component on a local nucleus, with the rights of the recipe that is derived from it and no more,
 * and an MQTT client in the place of the cloud.
 */
import { CONFIG_VARIABLE, jsonLog, runComponent, type Component, type RunOutcome } from 'greengrass-rx/component';
import { dryRun } from 'greengrass-rx/dry-run';
import { E } from 'greengrass-rx/fp';
import { readRecipe, startLocalNucleus, type LocalNucleus, type LocalNucleusOptions, type NucleusEvent } from 'greengrass-rx/local';
import { connectAsync } from 'mqtt';
import { filter, firstValueFrom, Observable, ReplaySubject, take, timeout, toArray } from 'rxjs';

/** A message that has reached the cloud. */
export interface Arrived {
  readonly topicName: string;
  readonly payload: string;
}

/** How a {@link localDevice} is set up. */
export interface LocalDeviceOptions extends Partial<LocalNucleusOptions> {
  /** The component's configuration, over its defaults, as a deployment would set it. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /** Whether it gets its configuration from the nucleus and follows it, as on a device. Otherwise it keeps the one that is given here. */
  readonly follows?: boolean | undefined;
}

/** A device with one component. `await using` ends all of it. */
export interface LocalDevice extends AsyncDisposable {
  readonly nucleus: LocalNucleus;
  /** Runs the component as `greengrass-rx run` does. Resolves when its subscriptions are there. */
  readonly start: () => Promise<void>;
  /** Another configuration of the component, merged as a deployment does. */
  readonly configure: (config: Readonly<Record<string, unknown>>) => void;
  /** Resolves with how the component ended, whoever ended it. */
  readonly ended: () => Promise<RunOutcome>;
  /** Ends the component as SIGTERM does: what it has taken in goes out first. */
  readonly stop: () => Promise<RunOutcome>;
  /** Resolves with all that has reached the cloud when there are so many messages. */
  readonly arrived: (messages: number) => Promise<readonly Arrived[]>;
  /** Resolves with the next events of the nucleus that are of this kind. */
  readonly next: (kind: NucleusEvent['kind'], events?: number) => Promise<readonly NucleusEvent[]>;
}

/** The longest that anything in an example may take, in milliseconds. */
const PATIENCE = 120_000;

/** The profile on the command line: `node build/examples/alarm/main.js lite`. */
export const chosenProfile = (): 'classic' | 'lite' => (process.argv[2] === 'lite' ? 'lite' : 'classic');

export async function localDevice(component: Component, options: LocalDeviceOptions = {}): Promise<LocalDevice> {
  const { config = {}, follows = false, profile = 'classic', components = [], ...others } = options;
  const dry = orThrow(await dryRun(component, { config }));
  const recipe = orThrow(readRecipe(dry.recipeText('json')));
  const nucleus = await startLocalNucleus({ profile, components: [{ recipe }, ...components], ...others });
  const event$ = new Observable<NucleusEvent>(subscriber => nucleus.observe(event => subscriber.next(event)));

  const cloud = await connectAsync(nucleus.mqttUrl, { connectTimeout: PATIENCE });
  const arrived$ = new ReplaySubject<Arrived>();
  cloud.on('message', (topicName, payload) => arrived$.next({ topicName, payload: payload.toString() }));
  if (dry.access.publish.length > 0) await cloud.subscribeAsync([...dry.access.publish], { qos: 1 });

  const collected = <A>(source$: Observable<A>, count: number): Promise<readonly A[]> =>
    firstValueFrom(source$.pipe(take(count), toArray(), timeout(PATIENCE)));
  const next = (kind: NucleusEvent['kind'], events = 1): Promise<readonly NucleusEvent[]> =>
    collected(event$.pipe(filter(event => event.kind === kind)), events);

  let stopping = new AbortController();
  let run: Promise<RunOutcome> | undefined;
  const ended = (): Promise<RunOutcome> => run ?? Promise.reject(new Error('The component was never started.'));
  return {
    nucleus,
    next,
    arrived: messages => collected(arrived$, messages),
    ended,
    configure: merge => void nucleus.deploy({ recipe, configurationUpdate: { merge: { config: merge } } }),
    start: async () => {
      const subscribed = dry.access.subscribe.length === 0 ? [] : next('subscribed', dry.access.subscribe.length);
      stopping = new AbortController();
      run = runComponent(component, {
        // On a busy machine its nucleus, which is in this process, may take its time to answer.
        connect: { socketPath: nucleus.socketPath, authToken: nucleus.authToken(component.name), publishTimeout: PATIENCE },
        drainDeadline: PATIENCE,
        env: follows ? {} : { [CONFIG_VARIABLE]: JSON.stringify(config) },
        log: jsonLog(line => process.stderr.write(line), { level: 'error' }),
        signal: stopping.signal,
        // Ctrl-C ends the example, and not only its component.
        signals: false,
      });
      await subscribed;
    },
    stop: () => {
      stopping.abort();
      return ended();
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await run;
      await cloud.endAsync();
      await nucleus.stop();
    },
  };
}

function orThrow<A>(either: E.Either<Error, A>): A {
  if (E.isLeft(either)) throw either.left;
  return either.right;
}
