import {
  asyncScheduler,
  combineLatest,
  defer,
  distinctUntilChanged,
  firstValueFrom,
  map,
  merge,
  NEVER,
  type SchedulerLike,
  Subscription,
  switchMap,
  take,
  takeUntil,
} from 'rxjs';
import { awaitedBy, type Nucleus } from '../client/connect.js';
import { onStopSignal } from '../client/drain.js';
import { type Ledger, ledger as ledgerOfAll } from '../flow/ledger.js';
import type { OwnOutboxes } from '../outbox/open-outbox.js';
import type { ConnectionState, DrainReport, MqttProxy, Profile } from '../ports/mqtt-proxy.js';
import { every, schedulerClock, waiting } from '../schedule/clock.js';
import { isEndInGoodOrder, tagOf } from '../stream/observable-either.js';
import { reportAtTimes, type Reporter } from '../stream/unhandled.js';
import { type BranchEvent, branchEvents } from './branches.js';
import type { Branch, Component } from './component.js';
import { LIFECYCLE_VARIABLE } from './configuration.js';
import { ended, type ExitReason, exitReasonOf, type RunOutcome } from './exit-codes.js';
import { ComponentHealth, inShort, WholeFile } from './health.js';
import { type Log, tellDeadLetters } from './log.js';
import { DRAIN_DEADLINE, HEALTH_FILE_PERIOD, HEALTH_PERIOD, type RunOptions } from './run-options.js';
import { messageOf, plural } from '../shared/visible.js';

/** How long subscriptions to the cloud hold up the report that the component runs, in milliseconds. */
const CLOUD_PATIENCE = 1_000;

/** Reports a state. If the nucleus does not receive it, or does not know such reports, the component cannot do anything about it. */
export async function reportState(nucleus: Nucleus, state: 'RUNNING' | 'ERRORED', log: Log): Promise<void> {
  const reported = await nucleus.lifecycle.report(state)();
  if (reported._tag === 'Left') log.debug(`not reported: ${state}`, { event: 'not-reported', state, error: reported.left });
}

/**
 * The part of the drain's time, a tenth and at most this many milliseconds, that is kept for the outcomes of what was not published: dead
 * letters have to be written. A disk has as long to store what was taken in. To write the health file it has what is left of the drain's
 * time, and at least this.
 */
const LAST_WORDS = 1_000;

/**
 * Milliseconds that a disk has to answer when an outbox is closed, also where nothing is left of the drain's time. All its times are less
 * than what `Shutdown` leaves behind the drain.
 */
const CLOSING = 2_000;

/** One run of a component's branches. */
export class ComponentRun {
  readonly #component: Pick<Component, 'whenBranchFails'>;
  readonly #branches: ReadonlyMap<string, Branch>;
  readonly #health: ComponentHealth;
  readonly #proxy: MqttProxy;
  readonly #nucleus: Nucleus | undefined;
  readonly #outboxes: OwnOutboxes;
  readonly #log: Log;
  readonly #deadline: number;
  readonly #period: number;
  readonly #signal: AbortSignal | undefined;
  readonly #handlesSignals: boolean;
  readonly #scheduler: SchedulerLike;
  readonly #ledger: Ledger;
  readonly #reporter: Reporter;
  readonly #env: NodeJS.ProcessEnv;
  readonly #pidFile: WholeFile | undefined;
  readonly #running = new Subscription();
  #profile: Profile | undefined;
  #draining: Promise<DrainReport> | undefined;
  /** Milliseconds until the drain's deadline. */
  #timeLeft: () => number = () => this.#deadline;
  /** Whether the nucleus would take an exit with 0 for a component that still runs. */
  readonly #isStartup: boolean;
  #isToldToStop = false;
  #failure: { readonly reason: ExitReason; readonly branch: string; readonly error: unknown } | undefined;

  constructor(
    component: Component,
    branches: ReadonlyMap<string, Branch>,
    { proxy, nucleus, outboxes }: { readonly proxy: MqttProxy; readonly nucleus: Nucleus | undefined; readonly outboxes: OwnOutboxes },
    log: Log,
    options: RunOptions,
  ) {
    this.#nucleus = nucleus;
    this.#outboxes = outboxes;
    const {
      env = process.env,
      drainDeadline = DRAIN_DEADLINE,
      healthPeriod = HEALTH_PERIOD,
      scheduler = asyncScheduler,
      ledger = ledgerOfAll,
    } = options;
    this.#isStartup = env[LIFECYCLE_VARIABLE] === 'startup';
    this.#component = component;
    this.#branches = branches;
    this.#proxy = proxy;
    this.#log = log;
    this.#deadline = drainDeadline;
    this.#period = healthPeriod;
    this.#signal = options.signal;
    this.#handlesSignals = options.signals ?? true;
    this.#scheduler = scheduler;
    this.#ledger = ledger;
    this.#reporter = reportAtTimes(
      ({ key, error, withheld }) => {
        const more = withheld === 0 ? '' : ` (${error === undefined ? '' : 'and '}${withheld} more since the last such line)`;
        const [branch, tag] = key.split('\n');
        this.#log.warn(`${branch ?? key}: ${tag ?? ''}${more}`, { event: 'left', branch, error, withheld });
      },
      scheduler,
      env,
    );
    this.#env = env;
    this.#health = new ComponentHealth({
      component,
      branches: branches.keys(),
      ledger,
      log,
      file: this.#file(options.healthFile ?? env['GREENGRASS_RX_HEALTH_FILE'], 'health file'),
      scheduler,
    });
    this.#pidFile = this.#file(options.pidFile ?? env['GREENGRASS_RX_PID_FILE'], 'pid file');
  }

  async toEnd(): Promise<RunOutcome> {
    this.#log.info('started', { event: 'started', pid: process.pid, branches: [...this.#branches.keys()] });
    this.#pidFile?.write(`${process.pid}\n`);
    const tellHealth = every(this.#period, this.#scheduler).subscribe(() => this.#health.tell(true));
    const filePeriod = Number(this.#env[HEALTH_FILE_PERIOD]);
    if (filePeriod > 0) tellHealth.add(every(filePeriod, this.#scheduler).subscribe(() => this.#health.tell()));
    const state = this.#proxy.state$.subscribe({ next: next => this.#onState(next), error: () => undefined });
    const removeSignals = this.#listen();
    const endLetters = tellDeadLetters(this.#log, this.#scheduler, this.#env);
    await new Promise<void>(resolve => {
      this.#running.add(resolve);
      const events$ = merge(...[...this.#branches].map(([name, branch]) => branchEvents(name, branch)));
      this.#running.add(events$.subscribe({ next: event => this.#onEvent(event), complete: () => this.#running.unsubscribe() }));
      // Behind the branches: what they subscribe to is known now.
      if (this.#nucleus !== undefined) this.#running.add(this.#reportRunning(this.#nucleus));
    });
    // What a branch published directly is awaited, too.
    const report = await this.#drain('all branches have ended');
    removeSignals();
    tellHealth.unsubscribe();
    if (this.#failure !== undefined && this.#nucleus !== undefined && this.#health.connection === 'connected')
      await reportState(this.#nucleus, 'ERRORED', this.#log);
    await this.#outboxes.close(Math.max(CLOSING, this.#timeLeft()));
    await this.#proxy.close();
    state.unsubscribe();
    this.#reporter.end();
    endLetters();
    const files$ = defer(() => this.#endFiles());
    const within = Math.max(LAST_WORDS, this.#timeLeft());
    await firstValueFrom(files$.pipe(takeUntil(waiting(within, this.#scheduler))), { defaultValue: undefined });
    const inGoodOrder = this.#isStartup && !this.#isToldToStop ? 'completed' : 'done';
    const { reason = inGoodOrder, branch, error } = this.#failure ?? {};
    return ended(this.#log, reason, branch, error, { drained: report, stages: this.#ledger.snapshot().stages.map(inShort) }, this.#profile);
  }

  /** The one drain there is; who asks later gets what it found. */
  #drain(why: string): Promise<DrainReport> {
    this.#draining ??= this.#drainNow(why);
    return this.#draining;
  }

  async #drainNow(why: string): Promise<DrainReport> {
    this.#log.info(`draining: ${why}`, { event: 'draining', deadline: this.#deadline });
    const forPublishes = this.#deadline - Math.min(LAST_WORDS, this.#deadline / 10);
    const draining = this.#proxy.drain(forPublishes)();
    this.#health.draining();
    // When the proxy is closed, every value that is still inside a stage gets its outcome.
    const close = (): void => void draining.then(() => this.#proxy.close());
    const clock = schedulerClock(this.#scheduler);
    const deadline = clock.now() + this.#deadline;
    this.#timeLeft = () => deadline - clock.now();
    const cancelClose = clock.after(forPublishes, close);
    const cancelOverdue = clock.after(this.#deadline, () => void this.#giveUp());
    const report = await draining;
    const { unfinished, stagesUnfinished } = report;
    if (unfinished > 0 || stagesUnfinished > 0) {
      close();
      const stages = plural(stagesUnfinished, 'stage', ['was', 'were']);
      this.#log.warn(`${plural(unfinished, 'publish')} had no answer and ${stages} not done when the time was over`, {
        event: 'drained',
        ...report,
      });
    }
    // A drain knows publishes. What comes after them in a branch, such as a dead letter on its way to the disk, has the rest of the time.
    await new Promise<void>(resolve => this.#running.add(resolve));
    cancelClose();
    cancelOverdue();
    return report;
  }

  /**
   * A source that does not end with the drain must not keep the process; what it gave is stored. Nor must a disk that does not answer: what
   * is on its way there has its outcome.
   */
  async #giveUp(): Promise<void> {
    await this.#outboxes.commit(LAST_WORDS);
    const { running } = this.#health;
    if (running.length > 0)
      this.#log.warn(`not ended when the time was over: ${running.join(', ')}`, { event: 'given-up', branches: running });
    this.#running.unsubscribe();
  }

  async #endFiles(): Promise<void> {
    await this.#health.ended();
    await this.#pidFile?.remove();
  }

  #onEvent(event: BranchEvent): void {
    const { branch } = event;
    switch (event.kind) {
      case 'left':
        this.#health.left(branch);
        this.#reporter.left(`${branch}\n${tagOf(event.error) ?? 'Left'}`, event.error ?? 'a Left of nothing');
        return;
      case 'completed':
        this.#health.completed(branch);
        this.#log.info(`${branch}: completed`, { event: 'completed', branch });
        return;
      case 'failed':
        if (isEndInGoodOrder(event.error)) {
          this.#onEvent({ branch, kind: 'completed' });
          return;
        }
        this.#onFailure(branch, exitReasonOf(event.error), event.error);
        return;
      case 'defect':
        this.#onFailure(branch, 'defect', event.error);
    }
  }

  #onFailure(branch: string, reason: ExitReason, error: unknown): void {
    const message = messageOf(error);
    this.#health.failed(branch, error, message);
    this.#log.error(`${branch}: ${message}`, { event: reason === 'defect' ? 'defect' : 'failed', branch, error });
    this.#failure ??= { reason, branch, error };
    if (this.#component.whenBranchFails === 'drain') void this.#drain(`the branch "${branch}" has failed`);
    this.#health.tell();
  }

  #onState(state: ConnectionState): void {
    this.#health.connection = state.status;
    if (state.status === 'connected') {
      this.#profile = state.capabilities.profile;
      this.#log.info('connected', { event: 'connected', ...state.capabilities });
    }
    if (state.status === 'interrupted') this.#log.warn('the connection to the nucleus is down', { event: 'interrupted', ...state });
    if (state.status !== 'connecting') this.#health.tell();
  }

  /**
   * Once: when it is connected, no branch has failed, and each subscription is active. One that waits for the cloud alone may do so for
   * days: after a second, in which what is refused would have been, it does not count, since a device that starts offline has not failed.
   */
  #reportRunning(nucleus: Nucleus): Subscription {
    const wait$ = combineLatest([nucleus.state$, awaitedBy(nucleus)]).pipe(
      map(([{ status }, awaited]) => (status === 'connected' && awaited !== 'nucleus' ? awaited : 'more')),
      distinctUntilChanged(),
      switchMap(awaited => (awaited === 'more' ? NEVER : waiting(awaited === 'cloud' ? CLOUD_PATIENCE : 0, this.#scheduler))),
      take(1),
    );
    return wait$.subscribe(() => {
      if (this.#failure === undefined && this.#draining === undefined) void reportState(nucleus, 'RUNNING', this.#log);
    });
  }

  #listen(): () => void {
    const stop = (why: string): void => {
      this.#isToldToStop = true;
      void this.#drain(why);
    };
    const abort = (): void => stop('told to stop');
    if (this.#signal?.aborted === true) abort();
    this.#signal?.addEventListener('abort', abort, { once: true });
    const removeSignals = this.#handlesSignals ? onStopSignal(stop, this.#scheduler) : () => undefined;
    return () => {
      this.#signal?.removeEventListener('abort', abort);
      removeSignals();
    };
  }

  #file(path: string | undefined, what: string): WholeFile | undefined {
    if (path === undefined || path === '') return undefined;
    return new WholeFile(path, error => this.#reporter.left(`${what}\n${path}`, error));
  }
}
