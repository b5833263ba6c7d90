/**
 * One component written twice, with the official SDK and with this package, gets the same readings:
 * `node build/examples/migration/main.js`.
 */
import { readFile } from 'node:fs/promises';
import { startLocalNucleus, type NucleusEvent } from 'greengrass-rx/local';
import { startProgram } from '../program.js';

const COMPONENT = 'com.example.Means';
const SENSORS = ['oven', 'fridge', 'hall'];
const READINGS = 15;
/** Three means of each sensor. */
const MEANS = (SENSORS.length * READINGS) / 5;

const published = { before: await meansOf('before'), after: await meansOf('after') };
for (const [program, means] of Object.entries(published)) {
  const source = await readFile(`examples/migration/${program}.ts`, 'utf8');
  console.log(`${program}.ts, ${source.trimEnd().split('\n').length} lines, published\n  ${means.join('\n  ')}`);
}
const same = published.before.join('\n') === published.after.join('\n');
console.log(same ? 'The same.' : 'Not the same.');
if (!same) process.exitCode = 1;

/** What a program publishes, and the exit code it ends with at SIGTERM. */
async function meansOf(program: string): Promise<readonly string[]> {
  await using nucleus = await startLocalNucleus({
    profile: 'classic',
    components: [
      {
        name: COMPONENT,
        accessControl: {
          'aws.greengrass.ipc.mqttproxy': {
            'means:1': { operations: ['aws.greengrass#SubscribeToIoTCore'], resources: ['sensors/+/temperature'] },
            'means:2': { operations: ['aws.greengrass#PublishToIoTCore'], resources: ['means/+'] },
          },
        },
      },
    ],
  });
  const events: NucleusEvent[] = [];
  let wake = (): void => undefined;
  nucleus.observe(event => {
    events.push(event);
    wake();
  });
  const until = async (kind: NucleusEvent['kind'], count: number): Promise<void> => {
    while (events.filter(event => event.kind === kind).length < count) await new Promise<void>(resolve => (wake = resolve));
  };

  const running = startProgram(new URL(`${program}.js`, import.meta.url).href, nucleus.environment(COMPONENT));
  await until('subscribed', 1);
  for (let i = 0; i < READINGS; i++) {
    for (const [s, id] of SENSORS.entries()) {
      nucleus.publish({ topicName: `sensors/${id}/temperature`, payload: JSON.stringify({ celsius: s * 20 + i / 10 }), qos: 1 });
    }
  }
  nucleus.publish({ topicName: 'sensors/oven/temperature', payload: 'garbled', qos: 1 });
  await until('published', MEANS);
  running.child.kill('SIGTERM');
  const code = await running.ended;
  const means = events.flatMap(event =>
    event.kind === 'published' ? [`${event.topicName} ${Buffer.from(event.payload).toString()}`] : [],
  );
  return [...means, `exit code ${code}`];
}
