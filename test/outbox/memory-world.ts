import { range, Subject, type Subscription } from 'rxjs';
import {
  forwardFrom,
  type ForwardOptions,
  type Mark,
  openOutbox,
  type Outbox,
  type OutboxOptions,
  storeIn,
} from '../../src/outbox/index.js';
import type { MqttProxy, PublishRequest } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { MemoryNucleus } from '../../src/testing/index.js';
import { VirtualTime } from '../../src/testing/virtual-time.js';

export interface World {
  readonly nucleus: MemoryNucleus;
  readonly proxy: MqttProxy;
  readonly outbox: Outbox;
  /** Stores so many messages now. */
  readonly store: (count: number) => void;
  readonly at: (milliseconds: number, what: () => void) => void;
  readonly forward: (options: ForwardOptions) => Subscription;
  readonly told: string[];
}

/** The number, `r` where it is replayed, and `x2` at the second try. */
const short = (message: PublishRequest, { replayed, number, attempt }: Mark): PublishRequest => ({
  ...message,
  payload: `${number}${replayed ? 'r' : ''}${attempt > 1 ? `x${attempt}` : ''}`,
});

/** A classic nucleus in virtual time that does not say whether the device is online. */
export const world = (until: number, live: (world: World) => void, options: OutboxOptions = {}): MemoryNucleus => {
  const time = new VirtualTime();
  const made: MemoryNucleus[] = [];
  time.run(({ flush }) => {
    const nucleus = new MemoryNucleus({ scheduler: time, profile: 'classic' });
    made.push(nucleus);
    const proxy = nucleus.connect();
    const mark = options.deleteWhen === 'confirmed' ? 'members' : short;
    const outbox = openOutbox({ path: ':memory:', topics: ['meters/+'], commit: { within: 0 }, mark, ...options });
    const values = new Subject<number>();
    const running = values.pipe(storeIn(outbox, n => ({ topicName: `meters/${n}`, payload: '', qos: QOS.AT_LEAST_ONCE }))).subscribe();
    const told: string[] = [];
    let stored = 0;
    live({
      nucleus,
      proxy,
      outbox,
      told,
      store: count => range(stored, count).subscribe({ next: n => values.next(n), complete: () => (stored += count) }),
      at: (milliseconds, what) => {
        time.schedule(what, milliseconds);
      },
      forward: options => {
        const forwarding = forwardFrom(outbox, proxy, { random: () => 0.5, ...options }).subscribe(outcome =>
          told.push(outcome._tag === 'Right' ? 'forwarded' : outcome.left._tag),
        );
        running.add(forwarding);
        return forwarding;
      },
    });
    time.schedule(() => {
      running.unsubscribe();
      void proxy.close();
    }, until);
    time.maxFrames = until + 1;
    flush();
  });
  const [nucleus] = made;
  if (nucleus === undefined) throw new Error('no world');
  return nucleus;
};

/** What was published of the meters, and when. */
export const metersOf = (messages: readonly { readonly topicName: string; readonly at: number; readonly payload: Uint8Array }[]) =>
  messages
    .filter(({ topicName }) => topicName.startsWith('meters/'))
    .map(({ at, payload }) => ({ at, text: Buffer.from(payload).toString() }));
