import { RuleTester } from 'eslint';
import { describe, it } from 'vitest';
import { noDroppedFailures } from '../../src/eslint/no-dropped-failures.js';
import { noHiddenQueue } from '../../src/eslint/no-hidden-queue.js';
import { noUnrunTask } from '../../src/eslint/no-unrun-task.js';

RuleTester.describe = describe;
RuleTester.it = it;
RuleTester.itOnly = it.only;

const tester = new RuleTester({ languageOptions: { ecmaVersion: 2023, sourceType: 'module' } });
const imports = `import { connect, onRights, rights } from 'greengrass-rx'; import { map, mergeMap, concatMap as inTurn, delay } from 'rxjs';`;

tester.run('no-hidden-queue', noHiddenQueue, {
  valid: [
    { name: 'allows operators that keep nothing', code: `${imports} s$.pipe(onRights(m$ => m$.pipe(map(f))))` },
    { name: 'allows mergeMap on streams that are no messages', code: `${imports} files$.pipe(mergeMap(read))` },
    {
      name: 'allows functions of the same name from elsewhere',
      code: `import { onRights } from 'greengrass-rx'; import { delay } from './mine.js'; s$.pipe(onRights(m$ => m$.pipe(delay(1))))`,
    },
    {
      name: 'allows what it recommends: a delay within the work of a stage',
      code: `import { concurrently, onRights } from 'greengrass-rx'; import { delay, of } from 'rxjs'; s$.pipe(onRights(m$ => m$.pipe(concurrently(9, m => of(m).pipe(delay(5))))))`,
    },
    {
      name: 'knows the stage from the entry of its room too',
      code: `import { onRights } from 'greengrass-rx'; import { concurrently } from 'greengrass-rx/flow'; import { delay, of } from 'rxjs'; s$.pipe(onRights(m$ => m$.pipe(concurrently(9, m => of(m).pipe(delay(5))))))`,
    },
    { name: 'allows what follows a subscribe() that is no request', code: `${imports} store.subscribe(listener).pipe(mergeMap(f))` },
    { name: 'allows subscribe() of an Observable', code: `${imports} x$.pipe(mergeMap(f)).subscribe({ next: g })` },
  ],
  invalid: [
    {
      name: 'points from mergeMap inside onRights to concurrently',
      code: `${imports} s$.pipe(onRights(m$ => m$.pipe(map(f), mergeMap(g, 4))))`,
      errors: [
        {
          message:
            'mergeMap queues messages without a bound. Use concurrently(n, project, { ordered: false, buffer }), or (where arrays are taken apart) flattenIterable(project) from greengrass-rx.',
        },
      ],
    },
    {
      name: 'knows an operator under the name it is imported by',
      code: `${imports} s$.pipe(onRights(m$ => m$.pipe(inTurn(g))))`,
      errors: [
        {
          message:
            'concatMap queues messages without a bound. Use concurrently(1, project, { buffer }), or (where arrays are taken apart) flattenIterable(project) from greengrass-rx.',
        },
      ],
    },
    {
      name: 'sees a pipe right on a subscription',
      code: `${imports} proxy.subscribe({ topicName: 'a', qos }).pipe(map(f)).pipe(delay(10))`,
      errors: [{ messageId: 'hiddenQueue' }],
    },
    {
      name: 'sees rxjs/operators',
      code: `import { onRights } from 'greengrass-rx'; import { zipWith } from 'rxjs/operators'; s$.pipe(onRights(m$ => m$.pipe(zipWith(b$))))`,
      errors: [{ messageId: 'hiddenQueue' }],
    },
  ],
});

tester.run('no-dropped-failures', noDroppedFailures, {
  valid: [
    { name: 'allows onRights', code: `${imports} s$.pipe(onRights(f))` },
    { name: 'allows another rights()', code: `import { rights } from './law.js'; s$.pipe(rights())` },
  ],
  invalid: [{ name: 'points out rights()', code: `${imports} s$.pipe(rights(), map(f))`, errors: [{ messageId: 'dropped' }] }],
});

tester.run('no-unrun-task', noUnrunTask, {
  valid: [
    { name: 'allows a task that is run', code: `await proxy.publish({ topicName: 'a', payload, qos })()` },
    { name: 'allows a task that is kept', code: `const task = proxy.publish({ topicName: 'a', payload, qos })` },
    { name: 'allows publish() of something else', code: `emitter.publish('event')` },
    { name: 'allows ready() that is no task', code: `dom.ready(); await proxy.ready()()` },
  ],
  invalid: [
    {
      name: 'points out a publish that nobody runs',
      code: `proxy.publish({ topicName: 'a', payload, qos })`,
      errors: [{ message: 'publish(…) gives a task that does nothing until it is called: publish(…)().' }],
    },
    {
      name: 'points out one that is awaited without being run',
      code: `await proxy.publish({ topicName: 'a', qos })`,
      errors: [{ messageId: 'unrun' }],
    },
    { name: 'points out one that is voided', code: `void proxy.publish({ topicName: 'a', qos })`, errors: [{ messageId: 'unrun' }] },
    { name: 'points out a drain that is awaited without being run', code: `await proxy.drain(100)`, errors: [{ messageId: 'unrun' }] },
    { name: 'sees the value of an await', code: `const found = await proxy.ready()`, errors: [{ messageId: 'unrun' }] },
  ],
});
