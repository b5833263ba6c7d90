import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { defer, EMPTY, map, NEVER, type Observable, of, type SchedulerLike, asyncScheduler, timer } from 'rxjs';
import type { PublishError } from '../../../src/errors/errors.js';
import type { Accepted, Capabilities, ConnectionState, MqttProxy, PublishRequest } from '../../../src/ports/mqtt-proxy.js';
import { QOS } from '../../../src/shared/qos.js';

export type Answer = { readonly after: number } | { readonly after: number; readonly error: PublishError } | 'never' | 'at once';

export interface FakeProxy extends Pick<MqttProxy, 'publish$' | 'state$'> {
  readonly log: { readonly at: number; readonly payload: string }[];
  underWay: number;
  mostUnderWay: number;
}

/** A nucleus in virtual time that answers each publish as `answerTo` says: the kit's answers all of them after one latency. */
export const fakeProxy = (
  answerTo: (payload: string, nth: number) => Answer,
  state$: Observable<ConnectionState> = EMPTY,
  scheduler: SchedulerLike = asyncScheduler,
): FakeProxy => {
  const log: { at: number; payload: string }[] = [];
  const proxy: FakeProxy = {
    log,
    underWay: 0,
    mostUnderWay: 0,
    state$,
    publish$: request =>
      defer(() => {
        const payload = String(request.payload);
        log.push({ at: scheduler.now(), payload });
        proxy.underWay++;
        proxy.mostUnderWay = Math.max(proxy.mostUnderWay, proxy.underWay);
        return answer(answerTo(payload, log.length));
      }),
  };
  const ended = <A>(value: A): A => {
    proxy.underWay--;
    return value;
  };
  const answer = (how: Answer): Observable<Either<PublishError, Accepted>> => {
    const accepted = right<PublishError, Accepted>({ by: 'spooler' });
    if (how === 'never') return NEVER;
    if (how === 'at once') return of(accepted).pipe(map(ended));
    const result: Either<PublishError, Accepted> = 'error' in how ? left(how.error) : accepted;
    return timer(how.after, scheduler).pipe(map(() => ended(result)));
  };
  return proxy;
};

/** A message that carries the value as text. */
export const asText = (value: unknown): PublishRequest => ({ topicName: 'out', payload: String(value), qos: QOS.AT_LEAST_ONCE });

export const connected = (inFlight: number): ConnectionState => {
  const capabilities: Capabilities = { profile: 'lite', transport: 'socket', maxFrameBytes: 10_000, inFlight, mqtt5Members: false };
  return { status: 'connected', capabilities };
};
