import { json, onRights, publishTo, QOS, respond, shadow, topicTemplate, type MqttProxy, type Shadow } from 'greengrass-rx';
import { component } from 'greengrass-rx/component';
import { E, t } from 'greengrass-rx/fp';
import { BehaviorSubject, filter, map, of, takeUntil, tap, withLatestFrom } from 'rxjs';

/** Commands of the cloud, and where their answers go; `{id}` stands for one level. */
const COMMANDS = topicTemplate('commands/{id}/switch');
const ANSWERS = topicTemplate('answers/{id}');

const Command = t.type({ on: t.boolean });

/** What the shadow has of the heater, desired and reported. */
const Heater = t.partial({ on: t.boolean, celsius: t.number });
type Heater = t.TypeOf<typeof Heater>;

/** What a deployment can set: the heater is set to no more than this, in °C. It is followed without a restart. */
const Config = t.type({ limit: t.number });

/** Commands in; an answer out to each. */
function commands(proxy: MqttProxy, isOn$: BehaviorSubject<boolean>) {
  return proxy.subscribe({ topicName: COMMANDS, qos: QOS.AT_LEAST_ONCE, codec: json(Command) }).pipe(
    respond(proxy, {
      name: 'commands',
      handle: ({ on }) => {
        if (on === isOn$.value) return of(E.left({ _tag: 'AlreadySo' } as const));
        isOn$.next(on);
        return of(E.right(JSON.stringify({ on })));
      },
      onFailure: failure => JSON.stringify({ failed: failure._tag }),
      replyTo: ({ params }) => ANSWERS.build(params),
      publish: { topics: [ANSWERS] },
    }),
  );
}

/** What is desired is done and reported. What is above the limit is not, and stays in the shadow's delta for whoever desired it. */
function desired(heater: Shadow<Heater>, limit$: BehaviorSubject<number>) {
  return heater.delta$.pipe(
    onRights(delta$ =>
      delta$.pipe(
        map(({ value: { celsius } }) => celsius),
        filter(celsius => celsius !== undefined),
        withLatestFrom(limit$),
        filter(([celsius, limit]) => celsius <= limit),
        publishTo(heater.reported, ([celsius]) => ({ state: { celsius } }), { name: 'desired' }),
      ),
    ),
  );
}

export default component({
  name: 'com.example.MyComponent',
  version: '1.0.0',
  description: 'Switches a heater by commands, and sets it to what its shadow says.',
  config: Config,
  defaults: { limit: 60 },
  run: (proxy, { limit }, { config$ }) => {
    const heater = shadow(proxy, { name: 'heater', codec: Heater });
    const isOn$ = new BehaviorSubject(false);
    const limit$ = new BehaviorSubject(limit);
    return {
      limit: config$.pipe(onRights(tap(config => limit$.next(config.limit)))),
      commands: commands(proxy, isOn$),
      desired: desired(heater, limit$),
      // It never completes by itself, so it has to be told when the component is to stop.
      switched: isOn$.pipe(
        takeUntil(proxy.draining$),
        publishTo(heater.reported, on => ({ state: { on } }), { name: 'switched' }),
      ),
    };
  },
});
