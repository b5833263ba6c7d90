// Follows its configuration, and says what it is; lets every update begin.
import { component } from 'greengrass-rx/component';
import { t } from 'greengrass-rx/fp';
import { tap } from 'rxjs';

export default component({
  name: 'com.example.Follower',
  version: '1.0.0',
  config: t.type({ limit: t.number }),
  defaults: { limit: 3 },
  localSubscribes: ['plc/+'],
  run: (_, __, { config$, nucleus, log }) => ({
    values: config$.pipe(tap(({ right }) => log.info(`limit is ${right?.limit}`))),
    updates: nucleus.lifecycle.updates$,
  }),
});
