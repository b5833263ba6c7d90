import type { LocalNucleus, NucleusEvent } from '../../src/local/index.js';
import type { Random } from './random.js';

/** How a connection is made to end. */
export type KillName = 'kill' | 'mid-frame' | 'checksum' | 'before reply' | 'after messages' | 'restart';

const KINDS: readonly [KillName, ...KillName[]] = [
  'kill',
  'kill',
  'kill',
  'kill',
  'kill',
  'mid-frame',
  'checksum',
  'before reply',
  'after messages',
  'restart',
];

/** Ends the connection of one component, again and again, at random moments. */
export class Killer {
  readonly #nucleus: LocalNucleus;
  readonly #component: string;
  readonly #random: Random;
  readonly #turns: number;
  /** Connections that have shown a token. aws-crt may abort the process when one that has not is closed. */
  #accepted = 0;

  /** @param turns how many turns of the event loop a connection may live at most. */
  constructor(nucleus: LocalNucleus, component: string, random: Random, turns: number) {
    this.#nucleus = nucleus;
    this.#component = component;
    this.#random = random;
    this.#turns = turns;
    nucleus.observe(event => {
      if (event.kind === 'connected') this.#accepted++;
      else if (event.kind === 'disconnected' && event.component !== undefined) this.#accepted--;
    });
  }

  /**
   * Waits for a connection, lets a random number of turns of the event loop pass, which end before the subscriptions are restored,
   * while they are, or in full flow, and ends it. Resolves when it is over at the nucleus.
   */
  async kill(): Promise<KillName> {
    const kind = this.#random.pick(KINDS);
    if (this.#accepted === 0) await this.#event(({ kind }) => kind === 'connected');
    // From the first turn on the ConnectAck is on its way: three that never came would be taken for a refused token.
    const turns = 1 + this.#random.below(this.#random.below(2) === 0 ? 10 : this.#turns);
    for (let turn = 0; turn < turns; turn++) await new Promise(resolve => setImmediate(resolve));
    const over = this.#event(({ kind }) => kind === 'disconnected');
    await Promise.all([over, this.#strike(kind)]);
    return kind;
  }

  #strike(kind: KillName): Promise<void> | undefined {
    const { faults, restart } = this.#nucleus;
    const component = this.#component;
    switch (kind) {
      case 'kill':
        faults.killConnections(component);
        return undefined;
      case 'mid-frame':
        faults.killMidFrame({ component });
        return undefined;
      case 'checksum':
        faults.corruptFrames({ component, times: 1 });
        return undefined;
      case 'before reply':
        faults.dropBeforeReply({ operation: 'publish', component, times: 1 });
        return undefined;
      case 'after messages':
        faults.killAfterMessages(1 + this.#random.below(this.#turns), { component });
        return undefined;
      case 'restart':
        return restart({ keepTokens: true });
    }
  }

  #event(fits: (event: NucleusEvent) => boolean): Promise<void> {
    return new Promise(resolve => {
      const stop = this.#nucleus.observe(event => {
        if (!fits(event)) return;
        stop();
        resolve();
      });
    });
  }
}
