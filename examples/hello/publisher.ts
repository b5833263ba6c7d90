import { connect, QOS } from 'greengrass-rx';
import { E } from 'greengrass-rx/fp';

await using proxy = connect();
const accepted = await proxy.publish({ topicName: 'my/topic', payload: 'Hello, World', qos: QOS.AT_LEAST_ONCE })();
if (E.isLeft(accepted)) throw accepted.left;
