import { interval, map, takeUntil, Subject } from 'rxjs';
import { fixed, publishTo, QOS, type MqttProxy, type PublishRequest } from '../../src/index.js';
import type { LocalNucleus } from '../../src/local/index.js';

/** Publishes, by what became of them. */
export interface PublishAccount {
  accepted: number;
  refused: number;
  /** Sent, and the connection broke before the answer. */
  unknown: number;
  /** Of those unknown, as many the nucleus had taken. */
  unknownTaken: number;
  /** Values that `publishTo` tried until they were accepted. */
  retried: number;
  /** How often the nucleus took one of them once more. */
  duplicates: number;
}

type Outcome = 'accepted' | 'refused' | 'unknown' | 'retried';

const PUBLISHERS = 6;
const PAYLOAD = 'x'.repeat(100);

/** Publishes as fast as it goes, each to a topic of its own, and compares what it was told with what the nucleus saw. */
export class UpwardLoad {
  readonly account: PublishAccount = { accepted: 0, refused: 0, unknown: 0, unknownTaken: 0, retried: 0, duplicates: 0 };
  readonly #proxy: MqttProxy;
  readonly #problems: string[];
  readonly #taken = new Map<string, number>();
  readonly #outcomes = new Map<string, Outcome>();
  #next = 0;
  #running = false;
  readonly #stop = new Subject<void>();
  #ended: Promise<unknown> = Promise.resolve();

  constructor(proxy: MqttProxy, nucleus: LocalNucleus, problems: string[]) {
    this.#proxy = proxy;
    this.#problems = problems;
    nucleus.observe(event => {
      if (event.kind === 'published' && event.topicName.startsWith('up/'))
        this.#taken.set(event.topicName, (this.#taken.get(event.topicName) ?? 0) + 1);
    });
  }

  begin(): void {
    this.#running = true;
    this.#ended = Promise.all([...Array.from({ length: PUBLISHERS }, () => this.#publish()), this.#publishWithRetry()]);
  }

  /** Stops, and resolves when every publish has its outcome and all is accounted for. */
  async end(): Promise<void> {
    this.#running = false;
    this.#stop.next();
    await this.#ended;
    this.#settle();
  }

  async #publish(): Promise<void> {
    while (this.#running) {
      const { topicName, ...request } = this.#request();
      const outcome = await this.#proxy.publish({ topicName, ...request })();
      if (outcome._tag === 'Right') this.#outcomes.set(topicName, 'accepted');
      else this.#outcomes.set(topicName, 'sent' in outcome.left && outcome.left.sent ? 'unknown' : 'refused');
    }
  }

  /** None of these may be lost, for good or for a while: at least once. */
  #publishWithRetry(): Promise<void> {
    const outcomes$ = interval(1).pipe(
      takeUntil(this.#stop),
      map(() => this.#request()),
      publishTo(this.#proxy, request => request, { inFlight: 4, retry: fixed(2), buffer: { messages: 100_000, onFull: 'fail' } }),
    );
    return new Promise((resolve, reject) => {
      outcomes$.subscribe({
        next: outcome => {
          if (outcome._tag === 'Right') this.#outcomes.set(outcome.right.value.topicName, 'retried');
          else this.#problems.push(`publishTo gave up: ${outcome.left.message}`);
        },
        error: reject,
        complete: resolve,
      });
    });
  }

  #request(): PublishRequest {
    return { topicName: `up/${this.#next++}`, payload: PAYLOAD, qos: QOS.AT_LEAST_ONCE };
  }

  #settle(): void {
    for (const [topicName, outcome] of this.#outcomes) {
      const taken = this.#taken.get(topicName) ?? 0;
      this.#taken.delete(topicName);
      this.account[outcome]++;
      if (outcome === 'unknown') this.account.unknownTaken += taken;
      if (outcome === 'retried') this.account.duplicates += taken - 1;
      if (!POSSIBLE[outcome](taken)) this.#problems.push(`${topicName} is ${outcome}, and the nucleus took it ${taken} times`);
    }
    this.#outcomes.clear();
    for (const [topicName, taken] of this.#taken)
      this.#problems.push(`${topicName} has no outcome, and the nucleus took it ${taken} times`);
    this.#taken.clear();
  }
}

/** How often the nucleus can have taken a message with this outcome. */
const POSSIBLE: Record<Outcome, (taken: number) => boolean> = {
  accepted: taken => taken === 1,
  refused: taken => taken === 0,
  unknown: taken => taken <= 1,
  retried: taken => taken >= 1,
};
