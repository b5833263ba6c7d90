// Follows its configuration, and says what it is; lets every update begin.
import { component } from '../../../dist/component/index.js';
import { t } from '../../../dist/fp.js';
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
