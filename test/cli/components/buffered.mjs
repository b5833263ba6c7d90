// A component that stores what comes on a local topic before it sends it.
import { component } from 'greengrass-rx/component';
import { onRights } from 'greengrass-rx';
import { forwardFrom, storeIn } from 'greengrass-rx/outbox';
import { map } from 'rxjs';

export default component({
  name: 'com.example.Component',
  version: '1.0.0',
  run: (proxy, _config, { nucleus, openOutbox }) => {
    const outbox = openOutbox({ topics: ['kept'] });
    const request = payload => ({ topicName: 'kept', payload, qos: 1 });
    return {
      stored: nucleus.local.subscribe({ topic: 'readings' }).pipe(
        onRights(reading$ =>
          reading$.pipe(
            map(({ payload }) => payload),
            storeIn(outbox, request),
          ),
        ),
      ),
      forwarded: forwardFrom(outbox, proxy),
    };
  },
});
