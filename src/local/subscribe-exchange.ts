import type { BrokerMessage } from './broker-message.js';
import type { EventFrames } from './event-frames.js';
import type { FaultSwitches } from './fault-switches.js';
import type { HeaderTemplate } from './header-template.js';
import type { Peer } from './protocol.js';
import { passReplyFaults, terminateHeaders } from './replies.js';

/** How a profile writes on a subscription's stream. */
export interface SubscribeForms {
  readonly reply: HeaderTemplate;
  readonly event: (message: BrokerMessage) => EventFrames;
  /** Classic drops, with a warning in its log, what comes before its answer has been sent; Lite sends it. */
  readonly dropsEarlyMessages: boolean;
}

/** The stream of a subscription. */
export interface SubscribeStream {
  readonly peer: Peer;
  readonly faults: FaultSwitches;
  readonly component: string;
  readonly streamId: number;
  readonly isOpen: () => boolean;
  readonly close: () => void;
}

/** What goes to a client on a subscription's stream: the answer and the events, in the order that profile and faults give them. */
export class SubscribeExchange {
  readonly #stream: SubscribeStream;
  readonly #forms: SubscribeForms;
  #state: 'unanswered' | 'answers after a message' | 'answered' = 'unanswered';

  constructor(stream: SubscribeStream, forms: SubscribeForms) {
    this.#stream = stream;
    this.#forms = forms;
  }

  /** The subscription is active; its answer is due. */
  begin(): void {
    const { faults, component } = this.#stream;
    const early = faults.messageBeforeReply.strike(component);
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
    const { peer, streamId, close } = this.#stream;
    peer.send(terminateHeaders.frame(streamId, ''), false);
    close();
  }

  #answer(): void {
    const { peer, faults, component, streamId, isOpen } = this.#stream;
    passReplyFaults(peer, faults, 'subscribe', component, () => {
      // The client may have given up while the answer was withheld.
      if (!isOpen()) return;
      peer.send(this.#forms.reply.frame(streamId, '{}'), false);
      this.#state = 'answered';
      const burst = faults.burstThenTerminate.strike(component);
      if (burst === undefined) return;
      for (const message of burst.parameter) this.#send(this.#forms.event(message));
      this.terminate();
    });
  }

  #send(frames: EventFrames): void {
    const { peer, streamId } = this.#stream;
    peer.send(frames.for(streamId), true);
  }
}
