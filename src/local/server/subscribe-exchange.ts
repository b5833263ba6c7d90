import type { BrokerMessage } from '../broker/broker.js';
import type { MessageStreamOperation } from '../faults/fault-switches.js';
import type { Call } from './call.js';
import { type EventFrames, type HeaderTemplate, terminateHeaders } from './frames.js';
import type { Subscription } from './subscriptions.js';

/** How a profile writes on a subscription's stream. */
export interface SubscribeForms {
  readonly reply: HeaderTemplate;
  readonly event: (message: BrokerMessage) => EventFrames;
  /** Classic drops, with a warning in its log, what comes before its answer has been sent; Lite sends it. */
  readonly dropsEarlyMessages: boolean;
  /** Whose faults strike. */
  readonly about: MessageStreamOperation;
}

/** What goes to a client on a subscription's stream: the answer and the events, in the order that profile and faults give them. */
export class SubscribeExchange implements Subscription {
  readonly component: string;
  readonly filter: string;
  readonly qos: 0 | 1;
  readonly streamId: number;
  readonly #call: Call;
  readonly #forms: SubscribeForms;
  #state: 'unanswered' | 'answers after a message' | 'answered' = 'unanswered';

  constructor(call: Call, filter: string, qos: 0 | 1, forms: SubscribeForms) {
    this.component = call.caller.component;
    this.filter = filter;
    this.qos = qos;
    this.streamId = call.streamId;
    this.#call = call;
    this.#forms = forms;
  }

  /** The subscription is active; its answer is due. */
  begin(): void {
    const { caller, shared } = this.#call;
    const early = shared.context.faults.messageBeforeReply[this.#forms.about].strike(caller.component);
    if (early === undefined) this.#answer();
    else if (early.parameter === undefined) this.#state = 'answers after a message';
    else {
      this.#send(this.#forms.event(early.parameter));
      this.#answer();
    }
  }

  deliver(frames: EventFrames): void {
    if (this.#state === 'unanswered' && this.#forms.dropsEarlyMessages) return;
    this.#send(frames);
    if (this.#state !== 'answers after a message') return;
    this.#state = 'unanswered';
    this.#answer();
  }

  terminate(): void {
    const { caller, streams, streamId } = this.#call;
    caller.peer.send(terminateHeaders.frame(streamId, ''), false);
    streams.close(streamId);
  }

  #answer(): void {
    const { caller, shared, streams, streamId } = this.#call;
    const { peer, component } = caller;
    const { faults } = shared.context;
    this.#call.answer(() => {
      // The client may have given up while the answer was withheld.
      if (!streams.has(streamId)) return;
      peer.send(this.#forms.reply.frame(streamId, '{}'), false);
      this.#state = 'answered';
      const burst = faults.burstThenTerminate[this.#forms.about].strike(component);
      if (burst === undefined) return;
      for (const message of burst.parameter) this.#send(this.#forms.event(message));
      this.terminate();
    });
  }

  #send(frames: EventFrames): void {
    this.#call.caller.peer.send(frames.for(this.streamId), true);
  }
}
