// A component that ends when its connection has broken once.
import { connect, QOS } from 'greengrass-rx';

const proxy = connect();
proxy.subscribe({ topicName: 'sensors/#', qos: QOS.AT_LEAST_ONCE }).subscribe(element => {
  if (element._tag === 'Right') return;
  console.log(element.left._tag);
  void proxy.close();
});
