import { mergeBranches } from 'greengrass-rx/component';
import { marbles } from 'greengrass-rx/testing';
import { test } from 'vitest';
import component from '../src/component.js';

const config = { period: 'second' } as const;

const reading = (of: string, value: number) => ({ topic: `sensors/${of}`, json: { value } });
const summary = (of: string, n: number, min: number, mean: number, max: number) => ({ of, n, min, mean, max });

test(
  'sends what the sensors have said in a second, in one message',
  marbles(({ nucleus, run, context, expectPublished, expectNothingDropped }) => {
    nucleus.local.messages('sensors/+/+', '-a-b-c 1500ms |', {
      a: reading('oven/celsius', 180),
      b: reading('yard/humidity', 60),
      c: reading('oven/celsius', 190),
    });
    run(mergeBranches(component.run(nucleus.proxy, config, context(config))));

    // The windows are over after a second, and what follows within 100 ms is in the same message.
    expectPublished('bridge/summaries').toBeMarble('1100ms s 405ms |', {
      s: [summary('yard/humidity', 1, 60, 60, 60), summary('oven/celsius', 2, 180, 185, 190)],
    });
    expectNothingDropped();
  }),
);

test(
  'follows a new period without a restart: what the old one has gathered goes out first',
  marbles(({ nucleus, run, context, expectPublished }) => {
    const hour = { period: 'hour' } as const;
    nucleus.local.messages('sensors/+/+', '-a 497ms -b 1500ms |', { a: reading('oven/celsius', 180), b: reading('oven/celsius', 190) });
    nucleus.configuration('--c', { c: config });
    run(mergeBranches(component.run(nucleus.proxy, hour, context(hour))));

    expectPublished('bridge/summaries').toBeMarble('--s 1097ms t 900ms |', {
      s: [summary('oven/celsius', 1, 180, 180, 180)],
      t: [summary('oven/celsius', 1, 190, 190, 190)],
    });
  }),
);

test(
  'goes on after a garbled message, and after the connection broke',
  marbles(({ nucleus, run, context, expectPublished }) => {
    nucleus.local.messages(
      'sensors/+/+',
      '-a-g-x---b|',
      { a: reading('oven/celsius', 50), g: { topic: 'sensors/oven/celsius', payload: 'garbled' }, b: reading('oven/celsius', 54) },
      { x: 'drop connection' },
    );
    run(mergeBranches(component.run(nucleus.proxy, config, context(config))));

    expectPublished('bridge/summaries').toBeMarble('----------(s|)', { s: [summary('oven/celsius', 2, 50, 52, 54)] });
  }),
);
