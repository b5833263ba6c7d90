import { type Observable, Subject } from 'rxjs';
import type { TestScheduler } from 'rxjs/testing';
import type { ConnectOptions } from '../client/connect-options.js';
import type { Nucleus } from '../client/connect.js';
import type { MqttProxy } from '../ports/mqtt-proxy.js';
import { parseDiagram } from './diagram.js';
import type { DrawnFault } from './fault.js';
import type { VirtualDisk } from '../outbox/virtual-disk.js';
import type { Deferral, MarbleRun } from './lane.js';
import { MemoryNucleus, type MemoryNucleusOptions } from './memory-nucleus.js';
import { cloudMessage, localMessage } from './messages.js';
import type { Unheard } from './meanwhile.js';
import type { Recording } from './recording.js';
import { checkPositive } from '../shared/check-argument.js';

/** How the proxy of a marble test is made: as by `connect()`, without what says where the nucleus is. */
export type TestConnectOptions = Parameters<MemoryNucleus['connect']>[0] & Pick<ConnectOptions, 'reconnect'>;

/** The nucleus of a marble test: a {@link MemoryNucleus} whose messages and faults are drawn. */
export class KitNucleus extends MemoryNucleus {
  readonly #run: MarbleRun;
  readonly #connectOptions: TestConnectOptions;
  readonly #drawn: { readonly at: number; readonly happen: () => void }[] = [];
  readonly #proxies: MqttProxy[] = [];
  #ends: number | undefined;
  readonly #disk: VirtualDisk;
  /** @internal The component's streams, as one process: `end` unsubscribes from one that has not ended, and gives what begins it anew. */
  readonly processes: { readonly end: () => () => void }[] = [];
  /** @internal Messages that were drawn and went to no subscription. */
  readonly unheard: Unheard[] = [];
  readonly #drawnConfigurations = new Subject<unknown>();
  #proxy: MqttProxy | undefined;
  #services: Nucleus | undefined;

  constructor(run: MarbleRun, options: MemoryNucleusOptions, disk: VirtualDisk, connectOptions: TestConnectOptions = {}) {
    super(options);
    this.#disk = disk;
    this.#run = run;
    this.#connectOptions = connectOptions;
  }

  /** @internal Where checks go that can only be made when the run has ended. */
  get deferral(): Deferral {
    return this.#run;
  }

  /** @internal Whether a lane has an end, at which the component is told to stop. */
  get hasEnd(): boolean {
    return this.#ends !== undefined;
  }

  /** The component's proxy: that of {@link KitNucleus.services}. */
  get proxy(): MqttProxy {
    this.#proxy ??= this.services.mqtt;
    return this.#proxy;
  }

  /** All services of the nucleus, on the one connection of the component. Made when first asked for. */
  get services(): Nucleus {
    this.#services ??= this.connectNucleus(this.#connectOptions);
    return this.#services;
  }

  /** @internal The configurations that are drawn, from the time on at which each is. */
  get drawnConfigurations$(): Observable<unknown> {
    return this.#drawnConfigurations.asObservable();
  }

  /** Local topics, as other components of the device use them. */
  readonly local: {
    /**
     * Messages of another component on a local topic, or on the topics of a filter, drawn as {@link KitNucleus.messages} are. `values` says
     * what the symbols stand for: text or bytes, an object, which is sent as a JSON message, or a whole message `{ topic, payload }` or
     * `{ topic, json }`.
     */
    readonly messages: (
      lane: string,
      diagram: string,
      values?: Readonly<Record<string, unknown>>,
      faults?: Readonly<Record<string, DrawnFault>>,
    ) => void;
  } = {
    messages: (lane, diagram, values, faults = {}) => {
      this.#draw(lane, diagram, values, faults, value => {
        const message = localMessage(lane, value);
        return at => this.#hear({ at, topicName: message.topic, isLocal: true }, () => this.publishLocal(message));
      });
    },
  };

  /**
   * Configurations that a deployment gives the component: each symbol is one, in its table. The component's `config` member is it from then
   * on, for `nucleus.configuration.value$`; and the `config$` of a `context` has it as it is drawn.
   */
  configuration(diagram: string, values: Readonly<Record<string, unknown>>, faults: Readonly<Record<string, DrawnFault>> = {}): void {
    this.#draw('(configuration)', diagram, values, faults, value => () => {
      this.configure({ config: value });
      this.#drawnConfigurations.next(value);
    });
  }

  /** Updates that the nucleus announces: each symbol is the id of a deployment. The answers are among `events`, as `updateAnswered`. */
  updates(diagram: string): void {
    this.#draw('(updates)', diagram, undefined, {}, value => () => this.announceUpdate(String(value)));
  }

  override connect(options: TestConnectOptions = {}): MqttProxy {
    const proxy = super.connect(options);
    this.#proxies.push(proxy);
    return proxy;
  }

  override connectNucleus(options: TestConnectOptions = {}): Nucleus {
    const nucleus = super.connectNucleus(options);
    this.#proxies.push(nucleus.mqtt);
    return nucleus;
  }

  /**
   * Messages from the cloud on a topic, or on the topics of a filter. `values` says what the symbols stand for: a payload (text, bytes,
   * or a value sent as JSON) or a whole message `{ topicName, payload, … }`; without it each symbol is its own payload. `faults` says
   * which symbols are faults.
   *
   * `|` is the end of the component's life: when all lanes that have one have come to it, the proxy is drained, as on SIGTERM.
   * Subscriptions complete, and what hangs on them works off what it holds.
   */
  messages(
    lane: string,
    diagram: string,
    values?: Readonly<Record<string, unknown>>,
    faults: Readonly<Record<string, DrawnFault>> = {},
  ): void {
    this.#draw(lane, diagram, values, faults, value => {
      const message = cloudMessage(lane, value);
      return at => this.#hear({ at, topicName: message.topicName, isLocal: false }, () => this.publish(message));
    });
  }

  #draw(
    lane: string,
    diagram: string,
    values: Readonly<Record<string, unknown>> | undefined,
    faults: Readonly<Record<string, DrawnFault>>,
    happening: (value: unknown) => (at: number) => void,
  ): void {
    for (const drawn of parseDiagram(diagram)) {
      this.#run.reaches(drawn.at);
      if (drawn.kind === 'E')
        throw new TypeError(`The lane "${lane}" has a "#": a lane cannot fail. Draw a fault, and say which in the table of faults.`);
      if (drawn.kind === 'C') this.#ends = Math.max(this.#ends ?? 0, drawn.at);
      else {
        const happen = this.#meaningOf(lane, drawn.symbol, values, faults, happening);
        this.#drawn.push({ at: drawn.at, happen: () => happen(drawn.at) });
      }
    }
  }

  /** Publishes a message of a lane, and notes it where it went to nobody. */
  #hear(message: Unheard, publish: () => void): void {
    const before = this.events.length;
    publish();
    this.settle();
    const kind = message.isLocal ? 'localDelivered' : 'delivered';
    const isHeard = this.events.slice(before).some(event => event.kind === kind && event.topicName === message.topicName);
    if (!isHeard) this.unheard.push(message);
  }

  override inflict(fault: DrawnFault): void {
    if (fault === 'disk full' || fault === 'disk free') this.#disk.isFull = fault === 'disk full';
    else if (fault === 'power cut') this.#cutPower();
    else {
      if (fault === 'all well') this.#disk.isFull = false;
      super.inflict(fault);
    }
  }

  #cutPower(): void {
    // The disk comes first, so that outboxes do not hear of the end of the streams.
    this.#disk.cutPower();
    const begin = this.processes.map(({ end }) => end());
    super.inflict('kill nucleus');
    super.inflict('start nucleus');
    for (const beginAnew of begin) beginAnew();
  }

  /** Faults alone, where they belong to no lane of messages. */
  faults(diagram: string, faults: Readonly<Record<string, DrawnFault>>): void {
    this.messages('(faults)', diagram, {}, faults);
  }

  /** A recording, as it was or `speed` times as fast: its messages come from the cloud, its gaps are broken connections. */
  replay(recording: Recording, { speed = 1 }: { readonly speed?: number | undefined } = {}): void {
    checkPositive(speed, 'speed');
    for (const entry of recording.entries) {
      const at = entry.at / speed;
      this.#run.reaches(at);
      if ('error' in entry) {
        if (entry.error.kind === 'gap') this.#drawn.push({ at, happen: () => this.inflict('drop connection') });
        continue;
      }
      const { message } = entry;
      const unheard: Unheard = { at, topicName: message.topicName, isLocal: false };
      this.#drawn.push({ at, happen: () => this.#hear(unheard, () => this.publish(message)) });
    }
  }

  /** @internal Puts all that is drawn on the schedule. */
  begin(scheduler: TestScheduler, limit: number): void {
    for (const { at, happen } of this.#drawn) {
      scheduler.schedule(() => {
        happen();
        // All that follows at once happens before anything else at this frame.
        this.settle();
      }, at);
    }
    const ends = this.#ends;
    if (ends !== undefined) {
      scheduler.schedule(() => {
        for (const proxy of this.#proxies) void proxy.drain(limit - ends)();
        this.settle();
      }, ends);
    }
  }

  /** @internal Closes every proxy. */
  end(): void {
    for (const proxy of this.#proxies) void proxy.close();
    this.settle();
  }

  #meaningOf(
    lane: string,
    symbol: string,
    values: Readonly<Record<string, unknown>> | undefined,
    faults: Readonly<Record<string, DrawnFault>>,
    happening: (value: unknown) => (at: number) => void,
  ): (at: number) => void {
    const fault = Object.hasOwn(faults, symbol) ? faults[symbol] : undefined;
    const isValue = values !== undefined && Object.hasOwn(values, symbol);
    if (fault !== undefined && isValue) throw new TypeError(`The symbol "${symbol}" on the lane "${lane}" is both a value and a fault.`);
    if (fault !== undefined) return () => this.inflict(fault);
    if (values !== undefined && !isValue) throw new TypeError(`The symbol "${symbol}" on the lane "${lane}" is in no table.`);
    return happening(values === undefined ? symbol : values[symbol]);
  }
}
