// A component whose stage is never done, so that draining takes all of its deadline; it says when the second signal may come.
import { publishTo, QOS } from 'greengrass-rx';
import { component } from 'greengrass-rx/component';
import { delay, ignoreElements, merge, mergeMap, NEVER, of, tap } from 'rxjs';

export default component({
  name: 'com.example.EdgeAggregator',
  version: '1.0.0',
  run: (proxy, _config, { log }) => {
    const qos = QOS.AT_LEAST_ONCE;
    const stage$ = NEVER.pipe(publishTo(proxy, () => ({ topicName: 'never', payload: '', qos }), { topics: ['never'] }));
    const says$ = proxy.draining$.pipe(
      mergeMap(() => of(undefined).pipe(delay(600))),
      tap(() => log.info('still draining')),
      ignoreElements(),
    );
    return { stage: merge(stage$, says$), input: proxy.subscribe({ topicName: 'in', qos }) };
  },
});
