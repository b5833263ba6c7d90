import * as t from 'io-ts';
import { from, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { gzipped, ndjson } from '../../src/codec/index.js';
import { publishTo } from '../../src/flow/index.js';
import { encodeBatches, flattenIterable } from '../../src/operators/index.js';
import { payloadLimit } from '../../src/client/mqtt-request.js';
import { QOS } from '../../src/shared/qos.js';
import { onRights, tapLeft } from '../../src/stream/index.js';
import { MemoryNucleus } from '../../src/testing/index.js';
import { topicTemplate } from '../../src/topic/index.js';

/** Of an MQTT packet that Greengrass Lite receives; larger ones are lost without a word. */
const LITE_INBOUND = 4_900;

describe('batches through a nucleus', () => {
  it.each([
    ['classic', false],
    ['classic', true],
    ['lite', false],
    ['lite', true],
  ] as const)('%s, gzip %s: every value arrives once, in order, with the params of its topic', async (profile, gzip) => {
    const scheduler = new VirtualTimeScheduler();
    const nucleus = new MemoryNucleus({ scheduler, profile });
    const proxy = nucleus.connect();
    const format = ndjson(t.type({ sensor: t.string, n: t.number }));
    const template = topicTemplate('plant/{line}/readings');
    const request = { topicName: template.build({ line: 7 }), qos: QOS.AT_LEAST_ONCE };
    const values = Array.from({ length: 3_000 }, (_, n) => ({ sensor: `s${n % 7}`, n }));
    const received: unknown[] = [];
    const failures: unknown[] = [];
    proxy
      .subscribe({ topicName: template, qos: QOS.AT_LEAST_ONCE, codec: gzip ? gzipped(format) : format })
      .pipe(
        tapLeft(failure => failures.push(failure)),
        onRights(messages$ => messages$.pipe(flattenIterable(({ params, value }) => value.map(each => ({ ...each, line: params.line }))))),
      )
      .subscribe(element => {
        if (element._tag === 'Right') received.push(element.right);
      });
    const bytes = Math.min(payloadLimit(profile, request), profile === 'lite' ? LITE_INBOUND : Infinity);
    scheduler.schedule(() => {
      from(values)
        .pipe(
          encodeBatches({ format, bytes, messages: 10_000, gzip, scheduler }),
          onRights(publishTo(proxy, ({ payload }) => ({ ...request, payload }), { inFlight: 1, scheduler })),
          tapLeft(failure => failures.push(failure)),
        )
        .subscribe();
    }, 10);
    scheduler.maxFrames = 60_000;
    scheduler.flush();
    expect(failures).toEqual([]);
    expect(received).toEqual(values.map(each => ({ ...each, line: '7' })));
    expect(nucleus.published.length).toBeLessThan(30);
    for (const { payload } of nucleus.published) expect(payload.byteLength).toBeLessThanOrEqual(bytes);
    const closed = proxy.close();
    scheduler.flush();
    await closed;
  });
});
