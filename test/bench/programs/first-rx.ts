/** The smallest program with this library that gets a message. */
import { connect, QOS } from 'greengrass-rx';
import { answerFor, tellFirst } from './told.js';

answerFor(() => 0);
connect()
  .subscribe({ topicName: 'sensors/+/reading', qos: QOS.AT_MOST_ONCE })
  .subscribe(message => {
    if (message._tag === 'Right') tellFirst();
  });
