import { json, onRights, publishTo, QOS } from 'greengrass-rx';
import { component, followConfig } from 'greengrass-rx/component';
import { t } from 'greengrass-rx/fp';
import { deadband } from 'greengrass-rx/operators';
import { takeUntil } from 'rxjs';

const Load = json(t.type({ cpu: t.number }));

/** Readings of another component come in on a local topic; what differs by more than a band from what was told last goes to the cloud. */
export default component({
  name: 'com.example.CpuFilter',
  version: '1.0.0',
  config: t.type({ band: t.number }),
  defaults: { band: 5 },
  run: (proxy, _config, { local, config$ }) =>
    followConfig(config$, ({ band }, ending$) =>
      local.subscribe({ topic: 'host/cpu', codec: Load }).pipe(
        takeUntil(ending$),
        onRights(loads$ =>
          loads$.pipe(
            deadband({ key: 'single', value: ({ value }) => value.cpu, absolute: band }),
            publishTo(proxy, ({ payload }) => ({ topicName: 'cpu/changes', payload, qos: QOS.AT_LEAST_ONCE }), { topics: ['cpu/changes'] }),
          ),
        ),
      ),
    ),
});
