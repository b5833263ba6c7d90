/** The whole pipeline with this library: readings of many sensors in, checked, a window of a second for each sensor, their summary out. */
import { connect, json, onRights, publishTo, type QOS } from 'greengrass-rx';
import { t } from 'greengrass-rx/fp';
import { aggregate, max, mean, tumbling } from 'greengrass-rx/operators';
import { map, tap } from 'rxjs';
import { answerFor, QOS_OF_PIPELINE, tellReady } from './told.js';

const qos: QOS = QOS_OF_PIPELINE;
const Shape = t.type({ sensor: t.string, celsius: t.number });
const Reading = json(Shape);
const celsius = (reading: t.TypeOf<typeof Shape>): number => reading.celsius;
const summary = aggregate({ mean: mean(celsius), max: max(celsius) });

let bad = 0;
answerFor(() => bad);
const proxy = connect();
const onStatus = ({ status }: { readonly status: string }): void => {
  if (status === 'active') tellReady();
};
proxy
  .subscribe({ topicName: 'sensors/+/reading', qos, codec: Reading, onStatus })
  .pipe(
    tap(message => {
      if (message._tag === 'Left' && message.left._tag === 'DecodeFailed') bad++;
    }),
    onRights(messages$ =>
      messages$.pipe(
        map(({ value }) => value),
        tumbling({ size: 1_000, key: ({ sensor }) => sensor, aggregate: summary }),
      ),
    ),
    onRights(
      publishTo(
        proxy,
        ({ key, count, value }) => ({ topicName: `results/${key}`, payload: JSON.stringify({ sensor: key, count, ...value }), qos }),
        { buffer: { messages: 10_000, onFull: 'fail' } },
      ),
    ),
  )
  .subscribe(outcome => {
    if (outcome._tag === 'Left' && outcome.left._tag !== 'DecodeFailed') throw outcome.left;
  });
