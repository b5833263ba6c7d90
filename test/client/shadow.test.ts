import { isRight, right, type Either } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { from, lastValueFrom, map, toArray } from 'rxjs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/client/connect.js';
import { shadow, type Shadow } from '../../src/client/shadow.js';
import { publishTo } from '../../src/flow/index.js';
import type { LocalNucleus } from '../../src/local/index.js';
import type { MqttProxy } from '../../src/ports/mqtt-proxy.js';
import { marbles } from '../../src/testing/index.js';
import { COMPONENT, allow, PROFILES, start } from '../kit/nucleus/nuclei.js';
import { record } from '../kit/streams/recorded.js';

const Heater = t.intersection([t.type({ celsius: t.number }), t.partial({ limits: t.type({ low: t.number, high: t.number }) })]);
type Heater = t.TypeOf<typeof Heater>;
const PREFIX = '$aws/things/oven-7/shadow/name/heater';

async function begin(
  profile: 'classic' | 'lite',
  resources: readonly string[] = ['#'],
): Promise<{ local: LocalNucleus; proxy: MqttProxy; heater: Shadow<Heater> }> {
  const local = await start(profile, { shadows: true, components: [{ name: COMPONENT, accessControl: allow(...resources) }] });
  const proxy = connect({ socketPath: local.socketPath, authToken: local.authToken(COMPONENT), refusalPatience: 0 });
  onTestFinished(async () => {
    await proxy.close();
    await local.stop();
  });
  return { local, proxy, heater: shadow(proxy, { thingName: 'oven-7', name: 'heater', codec: Heater }) };
}

const desire = (local: LocalNucleus, desired: object | null): void =>
  local.publish({ topicName: `${PREFIX}/update`, payload: JSON.stringify({ state: { desired } }) });

describe.each(PROFILES)('%s', profile => {
  test('desired, delta and reported follow the shadow, from none at all to what is reported', async () => {
    const { local, heater } = await begin(profile);
    const [desired, delta, reported] = [record(heater.desired$), record(heater.delta$), record(heater.reported$)];
    expect(await desired.take(1)).toEqual([right({ value: undefined, version: 0 })]);
    expect(await reported.take(1)).toEqual([right({ value: undefined, version: 0 })]);
    desire(local, { celsius: 80 });
    expect(await delta.take(1)).toEqual([right({ value: { celsius: 80 }, version: 1 })]);
    expect(await desired.take(2)).toEqual([expect.anything(), right({ value: { celsius: 80 }, version: 1 })]);
    expect(await heater.report({ celsius: 80, limits: { low: 1, high: 2 } })()).toEqual(right({ by: 'shadow', version: 2 }));
    desire(local, { limits: { low: 5, high: 2 } });
    // Only what differs, at any depth.
    expect(await delta.take(2)).toEqual([expect.anything(), right({ value: { limits: { low: 5 } }, version: 3 })]);
    // A change of the other section was no news.
    expect((await desired.take(3))[2]).toEqual(right({ value: { celsius: 80, limits: { low: 5, high: 2 } }, version: 3 }));
    expect(reported.values.slice(1)).toEqual([right({ value: { celsius: 80, limits: { low: 1, high: 2 } }, version: 2 })]);
  });

  test('who comes later is told what there is, and what does not decode passes by', async () => {
    const { local, heater } = await begin(profile);
    desire(local, { celsius: 'hot' });
    const desired = record(heater.desired$);
    expect(await desired.take(1)).toMatchObject([
      { left: { _tag: 'DecodeFailed', kind: 'message', problems: ['celsius: expected number, got "hot"'] } },
    ]);
    desire(local, { celsius: 60 });
    expect((await desired.take(2))[1]).toEqual(right({ value: { celsius: 60 }, version: 2 }));
    expect(await record(heater.delta$).take(1)).toEqual([right({ value: { celsius: 60 }, version: 2 })]);
  });

  test('what is desired again after it was reported is told again, and what still differs is not', async () => {
    const { local, heater } = await begin(profile);
    const delta = record(heater.delta$);
    desire(local, { celsius: 80 });
    await delta.take(1);
    // It still differs: no news.
    await heater.report({ limits: { low: 1, high: 2 } })();
    await heater.report({ celsius: 80 })();
    // By hand, at the device; nobody has desired anything else meanwhile.
    await heater.report({ celsius: 75 })();
    desire(local, { celsius: 60 });
    const tells = (celsius: number, version: number): unknown => right({ value: { celsius }, version });
    expect(await delta.take(3)).toEqual([tells(80, 1), tells(80, 4), tells(60, 5)]);
  });

  test('a shadow that is deleted is told, and one that is made anew long afterwards begins at version 1', async () => {
    const { local, heater } = await begin(profile);
    desire(local, { celsius: 70 });
    desire(local, { celsius: 80 });
    const desired = record(heater.desired$);
    await desired.take(1);
    local.publish({ topicName: `${PREFIX}/delete`, payload: '' });
    await desired.take(2);
    // After 48 hours the service has forgotten the version.
    const document = { state: { desired: { celsius: 60 } }, version: 1 };
    local.publish({ topicName: `${PREFIX}/update/documents`, payload: JSON.stringify({ previous: null, current: document }) });
    expect(await desired.take(3)).toEqual([
      right({ value: { celsius: 80 }, version: 2 }),
      right({ value: undefined, version: 0 }),
      right({ value: { celsius: 60 }, version: 1 }),
    ]);
  });

  test('what is reported by a stage has its outcome from the shadow, refusals typed', async () => {
    const { heater } = await begin(profile);
    const outcomes$ = from([
      { state: { celsius: 1 } },
      { state: { celsius: 2 }, version: 7 },
      { state: { limits: null } },
      { state: null },
      { state: { celsius: 3, note: 'x'.repeat(8_192) } as { celsius: number } },
    ]).pipe(
      publishTo(heater.reported, report => report),
      toArray(),
    );
    expect(await lastValueFrom(outcomes$)).toMatchObject([
      { left: { _tag: 'InvalidRequest', foundBy: 'client', value: { state: { celsius: 3 } } } },
      { right: { by: 'shadow', attempts: 1, value: { state: { celsius: 1 } } } },
      { left: { _tag: 'ServiceFault', reason: 'ShadowConflict', serverCode: '409', outcome: 'refused', retryable: false } },
      { right: { by: 'shadow' } },
      { right: { by: 'shadow' } },
    ]);
    // JSON would make null of it, and that takes the member out.
    expect(await heater.report({ celsius: NaN })()).toMatchObject({ left: { _tag: 'InvalidRequest', foundBy: 'client' } });
    // It would have removed all that is reported.
    const none = await heater.report(undefined as never)();
    expect(none._tag === 'Left' && none.left.message).toBe('The report must be an object, not undefined.');
    const conflict = await heater.report({ celsius: 2 }, 7)();
    expect(conflict._tag === 'Left' && conflict.left.message).toBe(
      `The shadow service answered aws.greengrass#PublishToIoTCore on "${PREFIX}/update" with 409: Version conflict. The shadow has another version by now: read it, and decide again.`,
    );
  });

  test('a break is one gap, after which the shadow is asked for again, and nothing old comes', async () => {
    const { local, heater } = await begin(profile);
    desire(local, { celsius: 1 });
    const desired = record(heater.desired$);
    await desired.take(1);
    local.faults.killConnections();
    await desired.take(2);
    desire(local, { celsius: 2 });
    await desired.take(3);
    expect(desired.values).toMatchObject([
      { right: { value: { celsius: 1 }, version: 1 } },
      { left: { _tag: 'Interrupted', kind: 'gap' } },
      { right: { value: { celsius: 2 }, version: 2 } },
    ]);
  });

  test('a policy that allows less is a typed refusal of the stream and of the report', async () => {
    const { heater } = await begin(profile, [`${PREFIX}/get`, `${PREFIX}/get/+`, `${PREFIX}/delete/+`, `${PREFIX}/update`]);
    const unauthorized = { left: { _tag: 'Unauthorized', topicName: `${PREFIX}/update/documents`, kind: 'terminal' } };
    expect(await record(heater.desired$).all()).toMatchObject([unauthorized]);
    expect(await heater.report({ celsius: 1 })()).toMatchObject({ left: { _tag: 'Unauthorized', kind: 'message' } });
  });

  test('a drain ends the streams, and a report is then what the nucleus says of it', async () => {
    const { proxy, heater } = await begin(profile);
    const desired = record(heater.desired$);
    await desired.take(1);
    const draining = proxy.drain(300_000)();
    expect(await heater.report({ celsius: 1 })()).toEqual(
      right({ by: profile === 'classic' ? 'spooler' : 'mqtt-socket', version: undefined }),
    );
    await draining;
    await desired.all();
  });
});

describe('in virtual time', () => {
  const value = (element: Either<unknown, unknown>): unknown =>
    isRight(element) ? element.right : (element.left as { _tag: string })._tag;
  const answer = (celsius: number, version: number): object => ({
    topicName: `${PREFIX}/get/accepted`,
    payload: { state: { desired: { celsius } }, version },
  });
  const change = (celsius: number, version: number): object => ({
    topicName: `${PREFIX}/update/documents`,
    payload: { previous: null, current: { state: { desired: { celsius } }, version } },
  });

  test(
    'a version that is not above the last is left out, be it an answer or a change',
    marbles(({ nucleus, expectStream }) => {
      const heater = shadow(nucleus.proxy, { thingName: 'oven-7', name: 'heater', codec: Heater });
      nucleus.messages(`${PREFIX}/#`, '-a-b-c-d-e|', {
        a: change(21, 5),
        b: answer(20, 4),
        c: change(19, 3),
        d: answer(22, 6),
        e: change(22, 6),
      });
      expectStream(heater.desired$.pipe(map(value))).toBeMarble('-a-----d--|', {
        a: { value: { celsius: 21 }, version: 5 },
        d: { value: { celsius: 22 }, version: 6 },
      });
    }),
  );

  test(
    'a question without an answer is told once and asked again, at growing distances',
    marbles(
      ({ nucleus, expectStream, expectPublished }) => {
        const heater = shadow(nucleus.proxy, { thingName: 'oven-7', name: 'heater', codec: Heater, timeout: 10 });
        expectStream(heater.desired$.pipe(map(value))).toBeMarble('----------t', { t: 'TimedOut' });
        expectPublished(`${PREFIX}/get`).toBeMarble('a 2009ms b 4009ms c', { a: TOKEN, b: TOKEN, c: TOKEN });
      },
      { until: 7_000 },
    ),
  );

  const TOKEN = { clientToken: expect.stringMatching(/^[\da-f-]{36}$/) as unknown };
});

test('names that no thing and no shadow can have are mistakes of the program', () => {
  const proxy = connect({ socketPath: '/nowhere', authToken: 'none' });
  expect(() => shadow(proxy, { thingName: 'a/b', codec: Heater })).toThrow(RangeError);
  expect(() => shadow(proxy, { thingName: 'a', name: 'b c', codec: Heater })).toThrow(RangeError);
});
