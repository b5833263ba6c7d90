// A component that makes a proxy for each stage of its life, leaves everything pending, closes it there, and then must end
// by itself. Run by close.test.ts in a process of its own.
import { connect } from '../../src/client/connect.js';
import type { TransportName } from '../../src/shared/profile.js';
import type { MqttProxy } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';

const [socketPath, transport] = process.argv.slice(2);
const qos = QOS.AT_LEAST_ONCE;

const interrupted = (proxy: MqttProxy): Promise<string> =>
  new Promise(resolve => {
    proxy.state$.subscribe(({ status }) => {
      if (status === 'interrupted') resolve(status);
    });
  });

const stages: Record<string, (proxy: MqttProxy) => Promise<string>> = {
  idle: async () => 'nothing',
  connected: async proxy => (await proxy.ready()())._tag,
  published: async proxy => (await proxy.publish({ topicName: 'answered', qos, payload: '' })())._tag,
  interrupted,
};

for (const [stage, reach] of Object.entries(stages)) {
  // The server knows by the token what to do.
  const proxy = connect({ socketPath, authToken: stage, transport: transport as TransportName, profile: 'classic' });
  proxy.subscribe({ topicName: 'a', qos, silence: { maximum: 60_000 } }).subscribe();
  proxy.publish$({ topicName: 'pending', qos, payload: '' }).subscribe();
  console.log(stage, await reach(proxy));
  await proxy.close();
}
