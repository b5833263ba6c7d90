import { type SchedulerLike, Subscription } from 'rxjs';
import type { PublishError, SubscribeError } from '../errors/errors.js';
import { OFFLINE_AFTER } from '../flow/publish-job.js';
import { TokenBucket } from '../operators/rate-governor.js';
import type { MqttProxy } from '../ports/mqtt-proxy.js';
import { wait } from '../schedule/clock.js';
import { type RetrySeries, type Schedule, startSeries } from '../schedule/schedule.js';
import { QOS } from '../shared/qos.js';
import { isTerminalError } from '../stream/observable-either.js';
import { workOn } from '../stream/work-on.js';
import { type ForwardPort, publishedOnce } from './outcomes.js';
import { comingBack } from './seen-back.js';
import { CloudReachability, type ReachabilityListener } from './cloud-reachability.js';

/** What a forwarder's pace is made of. */
export interface PaceParts {
  readonly port: ForwardPort;
  /** Messages a second. */
  readonly rate: number;
  /** Whether what was sent is seen back by itself. */
  readonly isConfirmed: boolean;
  /** Messages that may be sent beyond the last that was seen back, while nobody says whether the device is online. */
  readonly unseen: number;
  /** The topic of messages that are sent to be seen back. */
  readonly canaryTopicName: string | undefined;
  readonly retry: Schedule;
  readonly random: () => number;
  readonly scheduler: SchedulerLike;
  readonly now: () => number;
}

/** Who hears whether the cloud can be reached, and what goes wrong with the canaries. */
export interface PaceListener extends ReachabilityListener {
  readonly onFailed: (error: PublishError | SubscribeError) => void;
  readonly onDefect: (error: unknown) => void;
}

/** Milliseconds between tries where a schedule has given up: what is stored is not. */
const MAX_PAUSE = 60_000;
/**
 * Messages a second, and at once, while nobody says whether the device is online: with what a bucket saves up never more than the 100 that
 * AWS IoT Core takes of a device.
 */
const WHILE_UNKNOWN = { rate: 90, atOnce: 10 } as const;

/**
 * Whether a refusal may pass. So may that of a nucleus which takes no message at all, since it has not been provisioned yet or does not
 * know the operation: it is no fault of the message.
 */
export function mayPass(error: PublishError): boolean {
  return (
    error.retryable || error._tag === 'UnsupportedOperation' || (error._tag === 'ServiceFault' && error.reason === 'ConfiguredOffline')
  );
}

/** When the next message may be sent. */
export class Pace {
  readonly #parts: PaceParts;
  readonly #cloud: CloudReachability;
  readonly #listener: PaceListener;
  readonly #bucket: TokenBucket;
  readonly #unknownBucket: TokenBucket;
  readonly #series: RetrySeries;
  readonly #canary: Canary | undefined;
  #pausedUntil = 0;
  #heldSince: number | undefined;
  /** That nothing at all is taken has been told. */
  #isTold = false;

  constructor(parts: PaceParts, listener: PaceListener) {
    this.#parts = parts;
    this.#listener = listener;
    this.#cloud = new CloudReachability(
      {
        ...listener,
        onConnected: profile => {
          listener.onConnected(profile);
          this.#canary?.connected();
        },
      },
      parts.now,
    );
    const { rate, retry, now, random, canaryTopicName, port } = parts;
    this.#bucket = new TokenBucket(rate, Math.max(1, rate / 10), now());
    this.#unknownBucket = new TokenBucket(WHILE_UNKNOWN.rate, WHILE_UNKNOWN.atOnce, now());
    this.#series = startSeries(retry, { now, random });
    const { subscribe } = port;
    if (canaryTopicName !== undefined && subscribe !== undefined)
      this.#canary = new Canary({ ...parts, canaryTopicName, subscribe: subscribe.bind(port) }, this.#cloud, listener);
  }

  /** Whether the cloud can be reached, as far as is known. */
  get isUp(): boolean {
    return this.#cloud.isUp;
  }

  /** Watches whether the cloud can be reached. */
  watch(): Subscription {
    const watching = new Subscription();
    watching.add(this.#canary?.watch());
    watching.add(this.#cloud.watch(this.#parts.port));
    return watching;
  }

  /**
   * Milliseconds until the next may be sent; 0: now. `Infinity`: not before something has changed.
   *
   * @param sending messages that have no answer yet.
   * @param unconfirmed messages that were taken and have not been seen back.
   */
  wait(sending: number, unconfirmed: number): number {
    const parts = this.#parts;
    const cloud = this.#cloud;
    const bucket = this.#bucket;
    const unknownBucket = this.#unknownBucket;
    const at = parts.now();
    if (this.#isHeld(at, sending, unconfirmed)) return Infinity;
    bucket.fill(at, 1);
    unknownBucket.fill(at, 1);
    return Math.max(0, this.#pausedUntil - at, cloud.knownBy - at, bucket.wait(1, 1), cloud.isUnknown ? unknownBucket.wait(1, 1) : 0);
  }

  /** One is being sent. */
  spend(): void {
    this.#bucket.spend(1);
    if (this.#cloud.isUnknown) this.#unknownBucket.spend(1);
  }

  /** One was taken by the nucleus. */
  taken(): void {
    this.#isTold = false;
    this.#series.succeeded();
    this.#cloud.taken();
    this.#canary?.sent();
  }

  /** One was refused, for a reason that may pass. Tells what does not pass by itself, once. */
  refused(error: PublishError): void {
    this.#cloud.refused();
    this.#pausedUntil = this.#parts.now() + (this.#series.next() ?? MAX_PAUSE);
    if (error.retryable || this.#isTold) return;
    this.#isTold = true;
    this.#listener.onFailed(error);
  }

  /** If nobody says whether the device is online, only what comes back shows it, and a bounded number may be sent beyond that. */
  #isHeld(at: number, sending: number, unconfirmed: number): boolean {
    const parts = this.#parts;
    const cloud = this.#cloud;
    const canary = this.#canary;
    const beyond = parts.isConfirmed ? unconfirmed : (canary?.beyond ?? -Infinity);
    if (cloud.isUnknown && beyond + sending >= parts.unseen) {
      this.#heldSince ??= at;
      return true;
    }
    const heldSince = this.#heldSince;
    this.#heldSince = undefined;
    if (heldSince !== undefined && at - heldSince >= OFFLINE_AFTER) this.#listener.onUp(false);
    return false;
  }
}

interface CanaryParts extends Pick<PaceParts, 'port' | 'unseen' | 'random' | 'scheduler'> {
  readonly canaryTopicName: string;
  readonly subscribe: MqttProxy['subscribe'];
}

/**
 * Milliseconds until a canary that did not come back is followed by another: at first, and at most, since a classic nucleus spools each of
 * them.
 */
const FIRST_PATIENCE = 30_000;
const MAX_PATIENCE = 3_600_000;

/** Canaries that are waited for at once. */
const MAX_OUT = 32;

/** Small messages to a topic of their own, which come back if the device is online. */
class Canary {
  readonly #parts: CanaryParts;
  readonly #cloud: CloudReachability;
  readonly #listener: PaceListener;
  readonly #id: string;
  readonly #watching = new Subscription();
  #isListening = false;
  #nth = 0;
  /** Messages sent in all, and how many of them were sent before the last canary that came back. */
  #count = 0;
  #seen = 0;
  /** By the number of each canary that is out, the messages sent before it. */
  readonly #out = new Map<number, number>();
  #patience = FIRST_PATIENCE;
  #timer: Subscription | undefined;

  constructor(parts: CanaryParts, cloud: CloudReachability, listener: PaceListener) {
    this.#parts = parts;
    this.#cloud = cloud;
    this.#listener = listener;
    this.#id = parts.random().toString(36).slice(2);
  }

  /** Messages sent beyond the last canary that came back. */
  get beyond(): number {
    return this.#count - this.#seen;
  }

  watch(): Subscription {
    const { canaryTopicName, subscribe } = this.#parts;
    const onStatus = ({ status }: { readonly status: string }): void => {
      this.#isListening = status === 'active';
      this.#sendIfDue();
    };
    this.#watching.add(
      comingBack(subscribe, canaryTopicName, onStatus, this.#parts).subscribe({
        next: element => {
          if (element._tag === 'Right') this.#cameBack(Buffer.from(element.right.payload).toString());
          else if (isTerminalError(element.left)) this.#listener.onFailed(element.left);
        },
        error: (error: unknown) => this.#listener.onDefect(error),
      }),
    );
    this.#watching.add(() => this.#timer?.unsubscribe());
    return this.#watching;
  }

  /** A message was sent. */
  sent(): void {
    this.#count++;
    this.#sendIfDue();
  }

  /** The connection was made anew: what was to come back will not. */
  connected(): void {
    this.#forget();
    this.#sendIfDue();
  }

  #sendIfDue(): void {
    if (this.#isListening && this.#cloud.isUp && this.#cloud.isUnknown && this.#out.size === 0 && this.beyond >= this.#parts.unseen / 2)
      this.#send();
  }

  #send(): void {
    const { port, canaryTopicName, scheduler } = this.#parts;
    const nth = ++this.#nth;
    this.#out.set(nth, this.#count);
    // The oldest of so many will hardly come any more, and says least.
    this.#out.delete(nth - MAX_OUT);
    this.#timer?.unsubscribe();
    this.#timer = wait(this.#patience, scheduler, () => {
      this.#patience = Math.min(MAX_PATIENCE, this.#patience * 2);
      if (this.#isListening && this.#cloud.isUp && this.#cloud.isUnknown) this.#send();
      else this.#forget();
    });
    const request = { topicName: canaryTopicName, payload: `${this.#id} ${nth}`, qos: QOS.AT_LEAST_ONCE };
    workOn(publishedOnce(port, request), this.#watching, {
      next: outcome => {
        if (outcome._tag === 'Left' && !outcome.left.retryable) this.#listener.onFailed(outcome.left);
      },
      error: error => this.#listener.onDefect(error),
      complete: () => undefined,
    });
  }

  #cameBack(payload: string): void {
    const [id, nth] = payload.split(' ');
    const before = this.#out.get(Number(nth));
    if (id !== this.#id || before === undefined) return;
    this.#seen = Math.max(this.#seen, before);
    // Those before it are of no use any more.
    for (const out of [...this.#out.keys()]) if (out <= Number(nth)) this.#out.delete(out);
    this.#patience = FIRST_PATIENCE;
    if (this.#out.size === 0) this.#forget();
    this.#sendIfDue();
    this.#listener.onChange();
  }

  #forget(): void {
    this.#out.clear();
    this.#timer?.unsubscribe();
    this.#timer = undefined;
  }
}
