import { connect, drainOnSignal, onRights, QOS, runToEnd, text } from 'greengrass-rx';
import { tap } from 'rxjs';

const proxy = connect();
drainOnSignal(proxy);
const messages$ = proxy.subscribe({ topicName: 'my/topic', qos: QOS.AT_MOST_ONCE, codec: text });
await runToEnd(messages$.pipe(onRights(tap(message => console.log(message.topicName, message.value)))));
