import { mergeBranches } from 'greengrass-rx/component';
import { having, marbles } from 'greengrass-rx/testing';
import { test } from 'vitest';
import component from '../src/component.js';

const config = { limit: 60 };
const SHADOW = '$aws/things/local-thing/shadow/name/heater';

const command = (id: number, on: boolean) => ({ topicName: `commands/${id}/switch`, payload: { on } });
/** What the shadow service tells when desired and reported differ. */
const delta = (version: number, celsius: number) => ({ topicName: `${SHADOW}/update/delta`, payload: { version, state: { celsius } } });

test(
  'switches the heater, answers each command, and reports what it is',
  marbles(({ nucleus, run, context, expectPublished }) => {
    nucleus.messages('commands/+/switch', '-a--b--c--|', { a: command(1, true), b: command(2, true), c: command(3, false) });
    run(mergeBranches(component.run(nucleus.proxy, config, context(config))));

    expectPublished('answers/+').toBeMarble('-a--b--c--|', { a: { on: true }, b: { failed: 'AlreadySo' }, c: { on: false } });
  }),
);

test(
  'does what is desired, and reports it; not what is above its limit',
  marbles(({ nucleus, run, context, expectPublished }) => {
    nucleus.messages(`${SHADOW}/#`, '-a--b-----|', { a: delta(2, 55), b: delta(4, 70) });
    run(mergeBranches(component.run(nucleus.proxy, config, context(config))));

    expectPublished(`${SHADOW}/update`).toBeMarble('oa--------|', {
      o: having({ state: { reported: { on: false } } }),
      a: having({ state: { reported: { celsius: 55 } } }),
    });
  }),
);

test(
  'follows its limit without a restart',
  marbles(({ nucleus, run, context, expectPublished }) => {
    nucleus.configuration('---c', { c: { limit: 80 } });
    nucleus.messages(`${SHADOW}/#`, '-----b----|', { b: delta(4, 70) });
    run(mergeBranches(component.run(nucleus.proxy, config, context(config))));

    expectPublished(`${SHADOW}/update`).toBeMarble('o----b----|', {
      o: having({ state: { reported: { on: false } } }),
      b: having({ state: { reported: { celsius: 70 } } }),
    });
  }),
);
