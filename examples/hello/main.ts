/** The AWS pages' publisher and subscriber, with this package and with the official SDK: `node build/examples/hello/main.js`. */
import { readFile } from 'node:fs/promises';
import { startLocalNucleus, type LocalNucleus } from 'greengrass-rx/local';
import { startProgram } from '../program.js';

const COMPONENT = 'com.example.Hello';
const accessControl = { 'aws.greengrass.ipc.mqttproxy': { 'hello:1': { operations: ['*'], resources: ['my/topic'] } } };
await using nucleus = await startLocalNucleus({ profile: 'classic', components: [{ name: COMPONENT, accessControl }] });

for (const prefix of ['', 'sdk-']) {
  const [subscriber, publisher] = [`${prefix}subscriber`, `${prefix}publisher`];
  const subscribing = start(subscriber);
  await subscribed(nucleus);
  // Its connection breaks once, and is made anew.
  nucleus.faults.killConnections();
  await subscribed(nucleus);
  const code = await start(publisher).ended;
  await subscribing.spoke;
  subscribing.child.kill('SIGTERM');
  console.log(
    `${publisher} (${await linesOf(publisher)} lines) ended with ${code}, ${subscriber} (${await linesOf(subscriber)} lines) ` +
      `with ${await subscribing.ended}. It said: ${subscribing.output().trim()}`,
  );
}

function start(name: string) {
  return startProgram(new URL(`${name}.js`, import.meta.url).href, nucleus.environment(COMPONENT));
}

function subscribed({ observe }: LocalNucleus): Promise<void> {
  return new Promise(resolve => {
    const stop = observe(event => {
      if (event.kind !== 'subscribed') return;
      stop();
      resolve();
    });
  });
}

/** Lines of code, without empty ones and comments. */
async function linesOf(name: string): Promise<number> {
  const source = await readFile(`examples/hello/${name}.ts`, 'utf8');
  return source.split('\n').filter(line => !/^\s*($|\/\/|\/\*\*)/.test(line)).length;
}
