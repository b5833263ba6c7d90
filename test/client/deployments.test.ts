import * as t from 'io-ts';
import { asyncScheduler, BehaviorSubject } from 'rxjs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectNucleus, type Nucleus } from '../../src/client/connect.js';
import { type LocalNucleus, type NucleusEvent, startLocalNucleus } from '../../src/local/index.js';
import type { RecipeComponent } from '../../src/recipe/recipe.js';
import { recipeOf } from '../kit/component/recipe-of.js';
import { PROFILES } from '../kit/nucleus/nuclei.js';
import { record } from '../kit/streams/recorded.js';
import { HandClock } from '../kit/time/hand-clock.js';

const quiet = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

const NAME = 'com.example.Limits';
const Limits = t.type({ limit: t.number });

function deployed(merge?: object): RecipeComponent {
  const recipe = recipeOf(NAME, { config: { limit: 1, nested: { unit: 'C' }, list: [1, 2] } });
  return { recipe, configurationUpdate: merge === undefined ? undefined : { merge: { config: merge } } };
}

async function begin(
  profile: 'classic' | 'lite',
  clock?: HandClock,
): Promise<{ local: LocalNucleus; nucleus: Nucleus; next: (kind: NucleusEvent['kind']) => Promise<NucleusEvent> }> {
  const local = await startLocalNucleus({ profile, components: [deployed()], ...(clock === undefined ? {} : { clock }) });
  const nucleus = connectNucleus({ socketPath: local.socketPath, authToken: local.authToken(NAME) });
  onTestFinished(async () => {
    await nucleus.close();
    await local.stop();
  });
  const next = (kind: NucleusEvent['kind']): Promise<NucleusEvent> =>
    new Promise(resolve => {
      const stop = local.observe(event => {
        if (event.kind !== kind) return;
        stop();
        resolve(event);
      });
    });
  await nucleus.ready()();
  return { local, nucleus, next };
}

describe.each(PROFILES)('%s', profile => {
  test('what the component writes into its configuration is there, and followed; keys beside it stay', async () => {
    const { nucleus } = await begin(profile);
    const values = record(nucleus.configuration.value$(t.UnknownRecord, { keyPath: ['config'] }));
    await values.take(1);
    expect(await nucleus.configuration.update({ nested: { unit: 'K', since: 7 } }, { keyPath: ['config'] })()).toEqual({
      _tag: 'Right',
      right: undefined,
    });
    const written = await values.first(value => JSON.stringify(value).includes('since'));
    expect(written).toMatchObject({ right: { nested: { unit: 'K', since: 7 }, list: [1, 2] } });
    for (const limit of [2, 3, 4])
      expect(await nucleus.configuration.update({ limit }, { keyPath: ['config'] })()).toMatchObject({ _tag: 'Right' });
  });

  test('what a later time stands in the way of is a typed conflict, and what may not be written is not sent', async () => {
    const { local, nucleus } = await begin(profile);
    const ahead = connectNucleus({
      socketPath: local.socketPath,
      authToken: local.authToken(NAME),
      scheduler: Object.assign(Object.create(asyncScheduler) as typeof asyncScheduler, { now: () => asyncScheduler.now() + 1_000_000 }),
    });
    onTestFinished(() => ahead.close());
    expect(await ahead.configuration.update({ limit: 5 }, { keyPath: ['config'] })()).toMatchObject({ _tag: 'Right' });
    expect(await nucleus.configuration.update({ limit: 6 }, { keyPath: ['config'] })()).toMatchObject({
      left: { _tag: 'ServiceFault', reason: 'UpdateConditionFailed', kind: 'message' },
    });
    const invalid = { left: { _tag: 'InvalidRequest', foundBy: 'client' } };
    expect(await nucleus.configuration.update({ accessControl: {} })()).toMatchObject(invalid);
    expect(await nucleus.configuration.update({ x: 1 }, { keyPath: ['ACCESSCONTROL'] })()).toMatchObject(invalid);
    expect(await nucleus.configuration.update({ limit: 2 ** 53 }, { keyPath: ['config'] })()).toMatchObject(invalid);
  });
});

test('a deployment whose configuration the codec refuses fails with what is wrong, and changes nothing', async () => {
  const { local, nucleus, next } = await begin('classic');
  const verdicts = record(nucleus.configuration.validate(Limits, { keyPath: ['config'] }));
  // The answer to a request behind it: the nucleus has the validator.
  await nucleus.lifecycle.report('RUNNING')();
  const refused = await local.rollOut([deployed({ limit: 'two' })]);
  expect(refused).toMatchObject({
    status: 'FAILED_NO_STATE_CHANGE',
    reason: expect.stringContaining('limit: expected number, got "two"') as unknown,
  });
  const changed = next('configurationChanged');
  expect(await local.rollOut([deployed({ limit: 2 })])).toMatchObject({ status: 'SUCCEEDED' });
  await changed;
  expect(await verdicts.take(2)).toMatchObject([
    { right: { accepted: false, problems: ['limit: expected number, got "two"'] } },
    { right: { accepted: true, problems: [] } },
  ]);
});

test('a deployment is put off while the component is busy, and goes on when it is idle; each question has one answer', async () => {
  const clock = new HandClock();
  const { local, nucleus, next } = await begin('classic', clock);
  const busy$ = new BehaviorSubject(true);
  const updates = record(nucleus.lifecycle.deferWhile(busy$, 3_000));
  await nucleus.lifecycle.report('RUNNING')();
  const answers: unknown[] = [];
  local.observe(event => {
    if (event.kind === 'updateAnswered') answers.push(event.recheckAfter);
  });
  let answered = next('updateAnswered');
  const rollingOut = local.rollOut([deployed({ limit: 2 })], { notifyComponents: true });
  await answered;
  busy$.next(false);
  answered = next('updateAnswered');
  // Set once the answer has been taken, which is told before.
  await quiet();
  clock.advance(5_000);
  await answered;
  await quiet();
  clock.advance(5_000);
  expect(await rollingOut).toMatchObject({ status: 'SUCCEEDED' });
  expect(answers).toEqual([3_000, 0]);
  expect(await updates.take(3)).toMatchObject([
    { right: { phase: 'before' } },
    { right: { phase: 'before' } },
    { right: { phase: 'after' } },
  ]);
});

test('Greengrass Lite has neither validation nor updates: a typed lack, and an end', async () => {
  const { nucleus } = await begin('lite');
  const lack = { left: { _tag: 'UnsupportedOperation', kind: 'message' } };
  expect(await record(nucleus.configuration.validate(Limits)).all()).toMatchObject([lack]);
  expect(await record(nucleus.lifecycle.deferWhile(new BehaviorSubject(true))).all()).toMatchObject([lack]);
});
