import { mergeBranches } from 'greengrass-rx/component';
import { marbles } from 'greengrass-rx/testing';
import { test } from 'vitest';
import component from '../src/component.js';

const config = { readings: 2, deadband: 0.5, limit: 60 };

const oven = (celsius: number) => ({ topic: 'sensors/oven/temperature', json: { celsius } });
const yard = (celsius: number) => ({ topic: 'sensors/yard/temperature', json: { celsius } });

test(
  'summarizes the readings of each sensor',
  marbles(({ nucleus, run, context, expectPublished, expectNothingDropped }) => {
    nucleus.local.messages('sensors/+/temperature', '-a-b-c-d--|', { a: oven(50), b: yard(10), c: oven(70), d: yard(12) });
    run(mergeBranches(component.run(nucleus.proxy, config, context(config))));

    expectPublished('summaries/oven').toBeMarble('-----o----|', { o: { n: 2, mean: 60, max: 70, hot: true } });
    expectPublished('summaries/yard').toBeMarble('-------y--|', { y: { n: 2, mean: 11, max: 12, hot: false } });
    expectNothingDropped();
  }),
);

test(
  'says nothing where nothing has changed, and at its end what it still had',
  marbles(({ nucleus, run, context, expectPublished }) => {
    nucleus.local.messages('sensors/+/temperature', '-aa-aa-b--|', { a: oven(50), b: oven(40) });
    run(mergeBranches(component.run(nucleus.proxy, config, context(config))));

    const fifty = { n: 2, mean: 50, max: 50, hot: false };
    expectPublished('summaries/+').toBeMarble('--s-------(t|)', { s: fifty, t: { n: 1, mean: 40, max: 40, hot: false } });
  }),
);

test(
  'takes a limit from a command, and refuses one that is too high',
  marbles(({ nucleus, run, context, expectPublished }) => {
    nucleus.messages('commands/+/limit', '-c--d-----|', {
      c: { topicName: 'commands/1/limit', payload: { limit: 40 } },
      d: { topicName: 'commands/2/limit', payload: { limit: 4000 } },
    });
    nucleus.local.messages('sensors/+/temperature', '------a-a-|', { a: oven(50) });
    run(mergeBranches(component.run(nucleus.proxy, config, context(config))));

    expectPublished('answers/1').toBeMarble('-c--------|', { c: { limit: 40 } });
    expectPublished('answers/2').toBeMarble('----d-----|', { d: { failed: 'LimitTooHigh' } });
    expectPublished('summaries/+').toBeMarble('--------s-|', { s: { n: 2, mean: 50, max: 50, hot: true } });
  }),
);

test(
  'goes on after a garbled message, and after the connection broke',
  marbles(({ nucleus, run, context, expectPublished }) => {
    nucleus.local.messages(
      'sensors/+/temperature',
      '-a-g-x---b|',
      { a: oven(50), g: { topic: 'sensors/oven/temperature', payload: 'garbled' }, b: oven(54) },
      {
        x: 'drop connection',
      },
    );
    run(mergeBranches(component.run(nucleus.proxy, config, context(config))));

    expectPublished('summaries/+').toBeMarble('---------s|', { s: { n: 2, mean: 52, max: 54, hot: false } });
  }),
);
