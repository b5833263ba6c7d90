// A component that publishes again what comes, byte for byte: from the cloud and from local topics, to both.
import { component } from 'greengrass-rx/component';
import { onRights, publishTo } from 'greengrass-rx';

export default component({
  name: 'com.example.Component',
  version: '1.0.0',
  run: (proxy, _config, { nucleus: { local } }) => ({
    cloud: proxy.subscribe({ topicName: 'in/#', qos: 1 }).pipe(
      onRights(
        publishTo(proxy, ({ topicName, payload }) => ({ topicName: `mirror/${topicName}`, payload, qos: 1 }), {
          name: 'cloud',
          topics: ['mirror/#'],
        }),
      ),
    ),
    local: local.subscribe({ topic: 'in/#' }).pipe(
      onRights(
        publishTo(local, ({ topic, payload }) => ({ topic: `mirror/${topic}`, payload }), {
          name: 'local',
          topics: ['mirror/#'],
        }),
      ),
    ),
  }),
});
