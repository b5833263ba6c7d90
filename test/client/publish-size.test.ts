import fc from 'fast-check';
import { isRight } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { from } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ndjson } from '../../src/codec/index.js';
import { LITE_MAX_FRAME } from '../../src/ipc/wire/frame.js';
import { encodeRequest } from '../../src/ipc/wire/encode-request.js';
import { PUBLISH } from '../../src/shared/operations.js';
import { encodeBatches } from '../../src/operators/index.js';
import { capabilitiesOf } from '../../src/client/nucleus-profile.js';
import { encodePublish, frameProblem, payloadLimit, publishProblem } from '../../src/client/mqtt-request.js';
import { QOS } from '../../src/shared/qos.js';

const PROFILES = ['classic', 'lite'] as const;
const request = fc.record(
  {
    topicName: fc.stringMatching(/^[a-z"\\é/]{1,80}$/).filter(name => name.split('/').length <= 8),
    qos: fc.constantFrom(QOS.AT_MOST_ONCE, QOS.AT_LEAST_ONCE),
    userProperties: fc.array(fc.record({ key: fc.string({ maxLength: 20 }), value: fc.string({ unit: 'binary', maxLength: 40 }) }), {
      maxLength: 5,
    }),
    correlationData: fc.uint8Array({ maxLength: 50 }),
    contentType: fc.string({ maxLength: 20 }),
  },
  { requiredKeys: ['topicName', 'qos'] },
);

describe('payloadLimit', () => {
  it('is the largest payload that the proxy itself lets through, to the byte', () => {
    fc.assert(
      fc.property(request, fc.constantFrom(...PROFILES), (rest, profile) => {
        const capabilities = capabilitiesOf(profile, 'socket', undefined);
        const limit = payloadLimit(profile, rest);
        const problem = (bytes: number) => {
          const whole = { ...rest, payload: new Uint8Array(bytes) };
          return (
            publishProblem(whole) ?? frameProblem('aws.greengrass#PublishToIoTCore', rest.topicName, encodePublish(whole), capabilities)
          );
        };
        expect(problem(limit)).toBeUndefined();
        expect(problem(limit + 1)).toMatchObject({ _tag: 'InvalidRequest' });
        expect(payloadLimit(capabilities, rest)).toBe(limit);
      }),
    );
  });

  it('is 128 KiB on classic, and what a frame holds on Lite', () => {
    const rest = { topicName: 'plant/7/readings', qos: QOS.AT_LEAST_ONCE };
    expect(PROFILES.map(profile => payloadLimit(profile, rest))).toEqual([131_072, 7_380]);
    const frame = encodeRequest(PUBLISH, 1, encodePublish({ ...rest, payload: new Uint8Array(7_380) }));
    expect(frame.byteLength).toBeLessThanOrEqual(LITE_MAX_FRAME);
    expect(frame.byteLength).toBeGreaterThan(LITE_MAX_FRAME - 4);
    expect(payloadLimit('lite', { ...rest, userProperties: [{ key: 'k', value: 'v'.repeat(20_000) }] })).toBe(0);
  });

  it('bounds batches so that every one of them can be published', () => {
    const rest = { topicName: 'plant/7/readings', qos: QOS.AT_LEAST_ONCE };
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', maxLength: 3_000 }), { maxLength: 30 }),
        fc.constantFrom(...PROFILES),
        fc.boolean(),
        (values, profile, gzip) => {
          let batches = 0;
          from(values)
            .pipe(encodeBatches({ format: ndjson(t.string), bytes: payloadLimit(profile, rest), gzip }))
            .subscribe(each => {
              if (!isRight(each)) return;
              batches++;
              const whole = { ...rest, payload: each.right.payload };
              expect(publishProblem(whole)).toBeUndefined();
              expect(
                frameProblem(
                  'aws.greengrass#PublishToIoTCore',
                  rest.topicName,
                  encodePublish(whole),
                  capabilitiesOf(profile, 'socket', undefined),
                ),
              ).toBeUndefined();
            });
          expect(batches > 0 || values.length === 0).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });
});
