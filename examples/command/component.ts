import { type Codec, json, QOS, respond, topicTemplate } from 'greengrass-rx';
import { component } from 'greengrass-rx/component';
import { E, t } from 'greengrass-rx/fp';
import { delay, NEVER, of } from 'rxjs';

const COMMAND = topicTemplate('heater/{id}/commands');
const ANSWER = topicTemplate('heater/{id}/answers');
interface Command {
  readonly id: string;
  readonly celsius: number;
}
const Command: Codec<Command> = json(t.type({ id: t.string, celsius: t.number }));

/** Sets a heater. Every command gets one answer that says which command it is for, whatever becomes of it. */
export default component({
  name: 'com.example.Heater',
  version: '1.0.0',
  config: t.type({ deadline: t.number }),
  defaults: { deadline: 5_000 },
  run: (proxy, { deadline }) => ({
    commands: proxy.subscribe({ topicName: COMMAND, qos: QOS.AT_LEAST_ONCE, codec: Command }).pipe(
      respond(proxy, {
        handle: ({ id, celsius }) => (celsius > 30 ? of(E.left({ _tag: 'TooHot' } as const)) : heat(celsius, id)),
        // Greengrass Lite carries no response topic, so that there the answer goes beside the command.
        replyTo: ({ responseTopic, params }) => responseTopic ?? ANSWER.build(params),
        onFailure: (failure, command) => JSON.stringify({ id: 'value' in command ? command.value.id : undefined, failed: failure._tag }),
        dedupe: { id: ({ value }) => value.id, commands: 1_000, ttl: 600_000 },
        deadline,
        publish: { topics: [ANSWER] },
      }),
    ),
  }),
});

/** Stands in for the device's driver. Below 5 °C its valve is stuck, and nothing comes of it. */
function heat(celsius: number, id: string) {
  if (celsius < 5) return NEVER;
  return of(JSON.stringify({ id, heatingTo: celsius })).pipe(delay(10));
}
