import { map, of, type Observable } from 'rxjs';
import { expectTypeOf, test } from 'vitest';
import { onRights, QOS, topicTemplate, type MqttMessage, type MqttProxy, type SubscribeError } from '../../src/index.js';
import { route } from '../../src/operators/index.js';
import type { Either } from 'fp-ts/lib/Either.js';

declare const proxy: MqttProxy;
declare const messages$: Observable<MqttMessage>;
const temperature = topicTemplate('plant/{line}/temperature');

test('each branch has the messages with the params of its template, and the results are united', () => {
  const routed$ = messages$.pipe(
    route(on => [
      on(temperature, readings$ =>
        readings$.pipe(
          map(reading => {
            expectTypeOf(reading).toEqualTypeOf<MqttMessage & { readonly params: { readonly line: string } }>();
            return { line: reading.params.line };
          }),
        ),
      ),
      on('plant/#', others$ => others$.pipe(map(({ payload }) => payload.length))),
    ]),
  );
  expectTypeOf(routed$).toEqualTypeOf<Observable<{ line: string } | number>>();
});

test('what no route takes has its own result', () => {
  const routed$ = messages$.pipe(
    route(on => [on(temperature, readings$ => readings$.pipe(map(({ params }) => params.line)))], { otherwise: () => of(1) }),
  );
  expectTypeOf(routed$).toEqualTypeOf<Observable<string | number>>();
});

test('goes inside onRights', () => {
  const routed$ = proxy
    .subscribe({ topicName: 'plant/#', qos: QOS.AT_LEAST_ONCE })
    .pipe(onRights(route(on => [on(temperature, readings$ => readings$.pipe(map(({ params }) => params.line)))])));
  expectTypeOf(routed$).toEqualTypeOf<Observable<Either<SubscribeError, string>>>();
});

test('takes only what is on a topic', () => {
  // @ts-expect-error -- a number has no topic
  of(1).pipe(route(on => [on('a', numbers$ => numbers$)]));
});
