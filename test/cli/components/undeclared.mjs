// A component that does not say where it publishes.
import { onRights, publishTo, QOS } from '../../../dist/index.js';
import { component } from '../../../dist/component/index.js';

const qos = QOS.AT_LEAST_ONCE;

export default component({
  name: 'com.example.Undeclared',
  version: '1.0.0',
  run: proxy =>
    proxy
      .subscribe({ topicName: 'in', qos })
      .pipe(onRights(publishTo(proxy, ({ payload }) => ({ topicName: payload.toString(), payload, qos })))),
});
