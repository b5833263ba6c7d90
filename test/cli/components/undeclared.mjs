// A component that does not say where it publishes.
import { onRights, publishTo, QOS } from 'greengrass-rx';
import { component } from 'greengrass-rx/component';

const qos = QOS.AT_LEAST_ONCE;

export default component({
  name: 'com.example.Undeclared',
  version: '1.0.0',
  run: proxy =>
    proxy
      .subscribe({ topicName: 'in', qos })
      .pipe(onRights(publishTo(proxy, ({ payload }) => ({ topicName: payload.toString(), payload, qos })))),
});
