import type { Subscription } from 'rxjs';
import { QOS, type MqttProxy } from '../../src/index.js';
import type { LocalNucleus } from '../../src/local/index.js';

/** Messages, by what became of them. */
export interface MessageAccount {
  sent: number;
  received: number;
  /** Interruptions that were told. */
  gaps: number;
  /** Messages that fell into them. */
  missing: number;
}

/** How long a subscription may take to show that it lives, in milliseconds, before it is taken for dead. */
const PATIENCE = 60_000;

/** Sends numbered messages to several subscriptions, and sees to it that none is missing but where a gap was told. */
export class DownwardLoad {
  readonly account: MessageAccount = { sent: 0, received: 0, gaps: 0, missing: 0 };
  readonly #nucleus: LocalNucleus;
  readonly #problems: string[];
  readonly #receivers: readonly Receiver[];
  #running = false;
  #turn = 0;

  constructor(proxy: MqttProxy, nucleus: LocalNucleus, subscriptions: number, problems: string[]) {
    this.#nucleus = nucleus;
    this.#problems = problems;
    this.#receivers = Array.from({ length: subscriptions }, (_, i) => new Receiver(proxy, `down/${i}`, this.account, problems));
  }

  begin(): void {
    this.#running = true;
    setImmediate(this.#send);
  }

  end(): void {
    this.#running = false;
  }

  /** Resolves when every subscription is active and has received what was sent to it then. */
  async allAlive(): Promise<void> {
    const alive = this.#receivers.map(async receiver => {
      await receiver.active();
      this.#sendTo(receiver);
      await receiver.upToDate();
    });
    let end: (word: 'dead' | 'alive') => void = () => undefined;
    const patience = new Promise<'dead' | 'alive'>(resolve => (end = resolve));
    const timer = setTimeout(end, PATIENCE, 'dead');
    void Promise.all(alive).then(() => {
      end('alive');
    });
    const word = await patience;
    clearTimeout(timer);
    if (word === 'alive') return;
    for (const { topicName, status } of this.#receivers) this.#problems.push(`a subscription is dead: ${topicName}, ${status}`);
    throw new Error(this.#problems.join('\n'));
  }

  /** After the proxy was closed. */
  check(): void {
    for (const { topicName, subscription } of this.#receivers)
      if (!subscription.closed) this.#problems.push(`${topicName} has not completed with its proxy`);
  }

  readonly #send = (): void => {
    if (!this.#running) return;
    const receiver = this.#receivers[this.#turn++ % this.#receivers.length];
    // What is sent before all are subscribed is lost for sure, and proves nothing.
    if (receiver !== undefined && this.#nucleus.subscriptions === this.#receivers.length) this.#sendTo(receiver);
    setImmediate(this.#send);
  };

  #sendTo(receiver: Receiver): void {
    this.account.sent++;
    this.#nucleus.publish({ topicName: receiver.topicName, payload: String(++receiver.sent) });
  }
}

/** One subscription and the numbers that came on it. */
class Receiver {
  readonly topicName: string;
  readonly subscription: Subscription;
  readonly #account: MessageAccount;
  readonly #problems: string[];
  status = 'subscribing';
  sent = 0;
  #last = 0;
  #inGap = false;
  #look: () => void = () => undefined;

  constructor(proxy: MqttProxy, topicName: string, account: MessageAccount, problems: string[]) {
    this.topicName = topicName;
    this.#account = account;
    this.#problems = problems;
    const messages$ = proxy.subscribe({
      topicName,
      qos: QOS.AT_LEAST_ONCE,
      onStatus: ({ status }) => {
        this.status = status;
        this.#look();
      },
    });
    this.subscription = messages$.subscribe(message => {
      if (message._tag === 'Right') this.#receive(Number(Buffer.from(message.right.payload).toString()));
      else if (message.left.kind === 'gap') this.#gap();
      else problems.push(`${topicName} ended: ${message.left.message}`);
      this.#look();
    });
  }

  active(): Promise<void> {
    return this.#until(() => this.status === 'active');
  }

  upToDate(): Promise<void> {
    return this.#until(() => this.#last === this.sent);
  }

  #receive(number: number): void {
    const missing = number - this.#last - 1;
    if (missing < 0) this.#problems.push(`${this.topicName}: ${number} came after ${this.#last}`);
    // Before the first message nothing had been promised.
    else if (missing > 0 && !this.#inGap && this.#last > 0)
      this.#problems.push(`${this.topicName}: untold gap from ${this.#last} to ${number}`);
    else if (this.#inGap) this.#account.missing += missing;
    this.#account.received++;
    this.#last = number;
    this.#inGap = false;
  }

  #gap(): void {
    this.#account.gaps++;
    this.#inGap = true;
  }

  #until(holds: () => boolean): Promise<void> {
    return new Promise(resolve => {
      this.#look = () => {
        if (holds()) resolve();
      };
      this.#look();
    });
  }
}
