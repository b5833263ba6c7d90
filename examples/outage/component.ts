import { component } from 'greengrass-rx/component';
import { interval, map, takeUntil } from 'rxjs';
import { meter, TOPIC } from './meter.js';

const MINUTE = 60_000;

/** A meter that is read every five minutes, on a device that is offline for days. */
export default component({
  name: 'com.example.Meter',
  version: '1.0.0',
  run: (proxy, _config, { openOutbox }) => {
    const outbox = openOutbox({ topics: [TOPIC], mark: 'wrap', maxAge: 30 * 24 * 60 * MINUTE });
    return meter(
      interval(5 * MINUTE).pipe(
        map(n => ({ kWh: n / 10 })),
        takeUntil(proxy.draining$),
      ),
      outbox,
      proxy,
    );
  },
});
