/**
 * The local nucleus in a process of its own, for the measurements of itself. `node nucleus-main.js PROFILE [BROKER URL]`, as a child with
 * an IPC channel: `{ flood }` publishes so many messages as the cloud does, as fast as the client takes them.
 */
import { type ComponentEnvironment, startLocalNucleus, type Profile } from '../../../src/local/index.js';
import { jsonPayload } from '../payload.js';
import { FLOOD_TOPIC } from '../topics.js';

/** What it tells its parent: where it listens and the variables of its component, and for every flood what a message cost it. */
export type NucleusNews =
  | {
      readonly socketPath: string;
      readonly authToken: string;
      readonly mqttUrl: string;
      readonly environment: ComponentEnvironment;
    }
  | { readonly cpuMicroseconds: number };
/** What it is asked: to publish a flood, or to tell its processor time since the last question over so many messages. */
export type NucleusQuestion = { readonly flood: number; readonly size: number } | { readonly costOf: number };

const COMPONENT = 'com.example.Bench';
const operations = ['aws.greengrass#PublishToIoTCore', 'aws.greengrass#SubscribeToIoTCore'];
/** Bytes waiting for the client above which the flood waits. */
const AHEAD = 1024 * 1024;
/** Messages published in one turn of the event loop. */
const HELPING = 256;

const profile: Profile = process.argv[2] === 'lite' ? 'lite' : 'classic';
const url = process.argv[3];
const accessControl = {
  'aws.greengrass.ipc.mqttproxy': {
    'bench:1': { operations, resources: ['bench/#', 'other/topic', 'third/+/topic', 'sensors/#', 'results/#'] },
  },
};
const nucleus = await startLocalNucleus({
  profile,
  components: [{ name: COMPONENT, accessControl }],
  broker: url === undefined ? 'embedded' : { url },
});
const tell = (news: NucleusNews): unknown => process.send?.(news);
let before = process.cpuUsage();

process.on('message', (question: NucleusQuestion) => {
  if ('costOf' in question) {
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    tell({ cpuMicroseconds: (user + system) / question.costOf });
    return;
  }
  const payload = jsonPayload(question.size);
  let left = question.flood;
  const helping = (): void => {
    for (let i = 0; i < HELPING && left > 0 && nucleus.queuedBytes < AHEAD; i++, left--)
      nucleus.publish({ topicName: FLOOD_TOPIC, payload });
    if (left > 0) setImmediate(helping);
  };
  helping();
});
process.on('disconnect', () => process.exit());
const { socketPath, mqttUrl } = nucleus;
const begin = (): void =>
  void tell({ socketPath, mqttUrl, authToken: nucleus.authToken(COMPONENT), environment: nucleus.environment(COMPONENT) });
// Offline, it would have nothing for its component.
if (url === undefined) begin();
else
  nucleus.observe(event => {
    if (event.kind === 'broker' && event.state === 'connected') begin();
  });
