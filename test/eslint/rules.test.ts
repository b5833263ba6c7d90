import { RuleTester } from 'eslint';
import { parser } from 'typescript-eslint';
import { describe, it } from 'vitest';
import { noDroppedFailures, noUnreadOutcome, noUnrunTask, noUnsubscribed } from '../../src/eslint/unread.js';
import { noHiddenQueue, noLostWork, noPushedSource } from '../../src/eslint/lost-messages.js';

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

const request = `{ topicName: 'a', payload: 'b', qos: '1' }`;
const kit = `import { startLocalNucleus, LocalNucleus } from 'greengrass-rx/local'; import { MarbleKit, marbles, MemoryNucleus } from 'greengrass-rx/testing';`;
const typed = { parser, parserOptions: { projectService: { allowDefaultProject: ['typed.ts'] }, tsconfigRootDir: import.meta.dirname } };

tester.run('no-unrun-task', noUnrunTask, {
  valid: [
    { name: 'allows a task that is run', code: `await proxy.publish({ topicName: 'a', payload, qos })()` },
    { name: 'allows a task that is kept', code: `const task = proxy.publish({ topicName: 'a', payload, qos })` },
    { name: 'allows publish() of something else', code: `emitter.publish('event')` },
    { name: 'allows ready() that is no task', code: `dom.ready(); await proxy.ready()()` },
    {
      name: 'allows the publish of a local nucleus, which is done at once',
      code: `${kit} const nucleus = await startLocalNucleus({ profile, components }); nucleus.publish(${request})`,
    },
    {
      name: 'allows it of one that is started later',
      code: `${kit} let nucleus; beforeAll(async () => { nucleus = await startLocalNucleus(o); }); test('a', () => { nucleus.publish(${request}); })`,
    },
    {
      name: 'allows it of a nucleus in memory, and of that of a marble test',
      code: `${kit} const made = new MemoryNucleus(o); made.publish(${request}); marbles(({ nucleus }) => { nucleus.publish(${request}); }); marbles(kit => kit.nucleus.publish(${request}))`,
    },
    {
      name: 'allows it of one that is known by its type',
      code: `${kit} function f(one: LocalNucleus, { nucleus }: MarbleKit) { one.publish(${request}); nucleus.publish(${request}); }`,
      languageOptions: { parser },
    },
    {
      name: "allows another library's",
      code: `import { mqtt5 } from 'aws-crt'; import fastify from 'fastify'; const client = new mqtt5.Mqtt5Client(c); await client.publish(${request}); const app = fastify(); await app.ready()`,
    },
    {
      name: 'goes by the types, where there are any',
      code: `export async function f(one: { publish: (message: object) => void; ready: () => Promise<void> }) { one.publish(${request}); await one.ready(); }`,
      filename: 'typed.ts',
      languageOptions: typed,
    },
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
    {
      name: 'points out those of a proxy, wherever that comes from',
      code: `import { connect, connectNucleus } from 'greengrass-rx'; import { firstValueFrom } from 'rxjs'; import { test } from 'vitest'; import { made } from './made.js'; ${kit} const proxy = connect(); proxy.publish(${request}); const nucleus = connectNucleus(); nucleus.mqtt.publish(${request}); const other = made(); other.publish(${request}); const twins = new MemoryNucleus(o).connect(); twins.publish(${request}); marbles(({ nucleus }) => { nucleus.proxy.publish(${request}); }); test('a', ({ fixture }) => { fixture.publish(${request}); }); const first = await firstValueFrom(proxy$); first.publish(${request})`,
      errors: Array.from({ length: 7 }, () => ({ messageId: 'unrun' })),
    },
    {
      name: 'goes by the types, where there are any',
      code: `export function f(one: { publish: (message: object) => () => Promise<void> }) { one.publish(${request}); }`,
      filename: 'typed.ts',
      languageOptions: typed,
      errors: [{ messageId: 'unrun' }],
    },
  ],
});

tester.run('no-unread-outcome', noUnreadOutcome, {
  valid: [
    {
      name: 'allows an outcome that is read',
      code: `const outcome = await proxy.publish(${request})(); if (E.isLeft(outcome)) f(outcome.left)`,
    },
    { name: 'allows one that is of no interest, and says so', code: `void proxy.publish(${request})()` },
    { name: 'allows the promise form', code: `try { await publishOrThrow(proxy, ${request}) } catch (error) { f(error) }` },
    { name: 'allows publish() of something else', code: `await emitter.publish('event')()` },
  ],
  invalid: [
    { name: 'points out an outcome that nobody reads', code: `await proxy.publish(${request})()`, errors: [{ messageId: 'unread' }] },
    { name: 'that is not even waited for', code: `proxy.publish(${request})()`, errors: [{ messageId: 'unread' }] },
    {
      name: 'of local topics, too',
      code: `await nucleus.local.publish({ topic: 'a', json: {} })()`,
      errors: [{ messageId: 'unread' }],
    },
    {
      name: 'points out a catch that is never reached, and names the promise form',
      code: `try { if (x) { await proxy.publish(${request})() } } catch (error) { f(error) }`,
      errors: [
        {
          message:
            'publish(…)() never rejects, so this catch is never reached: its failure is a Left. Read the result, or use publishOrThrow(port, request), which rejects with it.',
        },
      ],
    },
    {
      name: 'a finally is no catch, nor is one around another function',
      code: `try { try { await proxy.publish(${request})() } finally { g() }; h(async () => { await proxy.publish(${request})() }) } catch (error) { f(error) }`,
      errors: [{ messageId: 'neverCaught' }, { messageId: 'unread' }],
    },
  ],
});

tester.run('no-unsubscribed', noUnsubscribed, {
  valid: [
    {
      name: 'allows a stream that is returned, kept or given away',
      code: `const m$ = proxy.subscribe(${request}); f(proxy.subscribe(${request}))`,
    },
    {
      name: 'allows one that is subscribed to',
      code: `proxy.subscribe(${request}).subscribe(f); proxy.publish$(${request}).pipe(map(f)).subscribe()`,
    },
    { name: 'allows subscribe() of an Observable', code: `m$.subscribe({ next: f })` },
    { name: 'allows a stream of Node', code: `file.pipe(response); lines.pipe(publishTo(proxy, f))` },
    {
      name: 'allows a stream of Node into publishWritable',
      code: `import { publishWritable } from 'greengrass-rx'; file.pipe(split()).pipe(publishWritable(proxy, f))`,
      languageOptions: { ecmaVersion: 2023, sourceType: 'module' },
    },
    {
      name: 'allows a pipeline with a stage that is subscribed to, returned or given away',
      code: `import { publishTo, pullThrough, runToEnd } from 'greengrass-rx'; from(list).pipe(publishTo(proxy, f)).subscribe(); await runToEnd(pullThrough(list, publishTo(proxy, f))); const a$ = from(list).pipe(publishTo(proxy, f))`,
      languageOptions: { ecmaVersion: 2023, sourceType: 'module' },
    },
  ],
  invalid: [
    {
      name: 'a pipeline with a stage, whatever it begins with',
      code: `import { publishTo } from 'greengrass-rx'; from([1, 2]).pipe(map(f), publishTo(proxy, g)).pipe(tap(h))`,
      errors: [
        {
          message:
            'Nobody subscribes to this: publishTo(…) gives an Observable that does nothing before. Return it as a branch of the component, or end it with runToEnd(…).',
        },
      ],
    },
    {
      name: 'a pipeline with any operator of the library, from any of its entries',
      code: `import { deadband, tumbling } from 'greengrass-rx/operators'; import { failFast } from 'greengrass-rx/sinks'; m$.pipe(deadband(f)); m$.pipe(map(f)).pipe(tumbling({ size })); m$.pipe(failFast())`,
      errors: [{ messageId: 'unsubscribed' }, { messageId: 'unsubscribed' }, { messageId: 'unsubscribed' }],
    },
    {
      name: 'one that is awaited, which subscribes to nothing',
      code: `import { onRights } from 'greengrass-rx'; await proxy.subscribe(${request}); await m$.pipe(onRights(map(f))); void proxy.publish$(${request})`,
      errors: [{ messageId: 'unsubscribed' }, { messageId: 'unsubscribed' }, { messageId: 'unsubscribed' }],
    },
    {
      name: 'what is pulled or forwarded',
      code: `import { publishTo, pullThrough } from 'greengrass-rx'; import { forwardFrom } from 'greengrass-rx/outbox'; pullThrough(list, publishTo(proxy, f)); forwardFrom(outbox, proxy).pipe(tap(f))`,
      errors: [{ messageId: 'unsubscribed' }, { messageId: 'unsubscribed' }],
    },
    {
      name: 'a publish as a stream, and its pipeline',
      code: `proxy.publish$(${request}).pipe(map(f))`,
      errors: [{ messageId: 'unsubscribed' }],
    },
    { name: 'points out a subscription', code: `proxy.subscribe(${request})`, errors: [{ messageId: 'unsubscribed' }] },
    {
      name: 'its pipeline',
      code: `local.subscribe({ topic: 'a', codec }).pipe(map(f)).pipe(tap(g))`,
      errors: [{ messageId: 'unsubscribed' }],
    },
    {
      name: 'a publish as a stream',
      code: `proxy.publish$(${request})`,
      errors: [
        {
          message:
            'Nobody subscribes to this: publish$(…) gives an Observable that does nothing before. Return it as a branch of the component, or end it with runToEnd(…).',
        },
      ],
    },
  ],
});

const stages = `import { concurrently, publishTo, pullThrough } from 'greengrass-rx'; import { from, map } from 'rxjs';`;

tester.run('no-pushed-source', noPushedSource, {
  valid: [
    { name: 'allows the pull form', code: `${stages} pullThrough(lines, publishTo(proxy, f))` },
    { name: 'allows a list that is written out', code: `${stages} from([1, 2, 3]).pipe(publishTo(proxy, f))` },
    { name: 'allows a subscription', code: `${stages} messages$.pipe(publishTo(proxy, f))` },
    { name: 'allows what makes no stage', code: `${stages} from(lines).pipe(map(f))` },
  ],
  invalid: [
    {
      name: 'points from a list in front of a stage to the pull form',
      code: `${stages} from(lines).pipe(publishTo(proxy, f))`,
      errors: [
        {
          message:
            'from(…) pushes all it has at once, and publishTo drops what its buffer does not hold. Pull it: pullThrough(source, publishTo(…)).',
        },
      ],
    },
    {
      name: 'knows storeIn, and other sources',
      code: `import { storeIn } from 'greengrass-rx/outbox'; import { range } from 'rxjs'; range(1, n).pipe(storeIn(outbox, f))`,
      errors: [{ messageId: 'pushed' }],
    },
  ],
});

const work = `import { concurrently, onRights } from 'greengrass-rx'; import { exhaustMap, filter, map, switchMap } from 'rxjs';`;

tester.run('no-lost-work', noLostWork, {
  valid: [
    { name: 'allows async work in a stage', code: `${work} s$.pipe(onRights(m$ => m$.pipe(concurrently(4, async m => f(m)))))` },
    { name: 'allows switchMap on what is no message', code: `${work} config$.pipe(switchMap(make))` },
    { name: 'allows map of an array', code: `${work} list.map(async x => f(x))` },
  ],
  invalid: [
    {
      name: 'points out async in an operator that does not wait for it',
      code: `${work} s$.pipe(onRights(m$ => m$.pipe(map(async m => f(m)))))`,
      errors: [
        {
          message:
            "map does not wait for an async function: a promise goes on in the place of its result, and its errors are nobody's. Use concurrently(n, async value => …) from greengrass-rx.",
        },
      ],
    },
    {
      name: 'in front of any stream',
      code: `${work} x$.pipe(filter(async function (x) { return f(x) }))`,
      errors: [{ messageId: 'notAwaited' }],
    },
    {
      name: 'points out switchMap and exhaustMap on messages',
      code: `${work} s$.pipe(onRights(m$ => m$.pipe(switchMap(f)))); local.subscribe({ topic: 'a' }).pipe(exhaustMap(f))`,
      errors: [
        {
          message:
            'switchMap gives up the work on a message when the next one comes. Use concurrently(n, project, { buffer }) from greengrass-rx, which works on each; or, where the latest alone counts, say so in a comment that disables this rule.',
        },
        { messageId: 'givenUp' },
      ],
    },
  ],
});
