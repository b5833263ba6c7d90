import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { left, type Right, right } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { concat, concatMap, defer, from, interval, map, NEVER, of, range, Subject, takeUntil, throwError } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  type Branches,
  component,
  deservesRestart,
  EXITS,
  type Health,
  jsonLog,
  mergeBranches,
  readConfiguration,
  runComponent,
  type RunOptions,
  silentLog,
} from '../../src/component/index.js';
import { ComponentRun } from '../../src/component/component-run.js';
import { exitReasonOf } from '../../src/component/exit-codes.js';
import { WholeFile } from '../../src/component/health.js';
import { ConnectionLost, OutboxUnavailable, Overflowed, ServiceFault, TokenRefused, Unauthorized } from '../../src/errors/errors.js';
import { Ledger, publishTo } from '../../src/flow/index.js';
import { QOS } from '../../src/shared/qos.js';
import { OwnOutboxes } from '../../src/outbox/open-outbox.js';
import { deadLetterFile, deadLetterTo } from '../../src/sinks/index.js';
import { connect } from '../../src/client/connect.js';
import { COMPONENT, start } from '../kit/nucleus/nuclei.js';
import { VirtualTime } from '../kit/time/virtual-time.js';
import { type Line, logLines } from '../kit/component/log-lines.js';

const run = async (branches: () => Branches, options: RunOptions = {}, more: object = {}) => {
  const lines: Line[] = [];
  const outcome = await runComponent(component({ name: 'com.example.Run', version: '1.0.0', run: branches, ...more }), {
    env: {},
    signals: false,
    log: logLines(lines),
    ...options,
  });
  return { outcome, lines, messages: lines.map(({ message }) => message) };
};

const unauthorized = new Unauthorized('terminal', 'aws.greengrass#SubscribeToIoTCore', 'a', '');

describe('runComponent', () => {
  it('ends with 0 when all branches have completed', async () => {
    const { outcome, messages } = await run(() => ({ one: of(right(1)), two: of(right(2)) }));
    expect(outcome).toMatchObject({ code: 0, reason: 'done', branch: undefined });
    expect(messages).toEqual([
      'started',
      'one: completed',
      'two: completed',
      'draining: all branches have ended',
      expect.stringMatching(/^ended: /),
    ]);
  });

  it('ends with another code than 0 in a startup step, unless it is told to stop: 0 would leave it RUNNING without a process', async () => {
    const env = { GREENGRASS_RX_LIFECYCLE: 'startup' };
    expect((await run(() => of(right(1)), { env })).outcome).toMatchObject({ code: 72, reason: 'completed', restart: true });
    expect((await run(() => NEVER, { env, signal: AbortSignal.abort(), drainDeadline: 20 })).outcome).toMatchObject({
      code: 0,
      reason: 'done',
    });
    expect((await run(() => throwError(() => new Error('boom')), { env })).outcome).toMatchObject({ reason: 'defect' });
  });

  it('goes on though its log throws or rejects, and says so on stderr', async () => {
    const stderr = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    // Of one sort there is a line every ten seconds, and another test of this process may have had it.
    const now = performance.now.bind(performance);
    const later = vi.spyOn(performance, 'now').mockImplementation(() => now() + 10_000_000);
    onTestFinished(() => {
      stderr.mockRestore();
      later.mockRestore();
    });
    const broken = (): never => {
      throw new Error('no space left');
    };
    const rejecting = (): void => Promise.reject(new Error('no connection')) as never;
    const branches = (): Branches => ({
      lefts: of(left(new Overflowed('gap', 1, 0, 'dropOldest')), right(1)),
      failing: throwError(() => new Error('boom')),
    });
    const { outcome } = await run(branches, { log: { debug: broken, info: broken, warn: broken, error: broken } });
    expect(outcome).toMatchObject({ reason: 'defect', branch: 'failing' });
    expect(stderr.mock.calls).toEqual([[expect.stringMatching(/^greengrass-rx: the log threw: no space left( \(and \d+ more|$)/)]]);
    await run(() => of(right(1)), { log: { debug: rejecting, info: rejecting, warn: rejecting, error: rejecting } });
    expect(stderr.mock.calls.at(-1)).toEqual([expect.stringMatching(/^greengrass-rx: the log rejected: no connection( \(and \d+ more|$)/)]);
  });

  it('logs dead letters that are written, and of one kind the next after ten seconds or as long as it is told', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ggrx-run-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'letters.ndjson');
    const letters = (): Branches =>
      from(['a', 'b']).pipe(
        concatMap(original =>
          of({ at: 1, tag: 'InvalidRequest', reason: `No ${original}.`, attempts: 1, outcome: 'refused' as const, original }),
        ),
        deadLetterFile(path),
      );
    const said = async (env: NodeJS.ProcessEnv): Promise<readonly string[]> =>
      (await run(letters, { env })).messages.filter(message => message.startsWith('dead letter'));
    expect(await said({})).toEqual([
      `dead letter: InvalidRequest: No a. It is in ${path}`,
      'dead letter: InvalidRequest (1 more since the last such line)',
    ]);
    expect(await said({ GREENGRASS_RX_LOG_QUIET: '0' })).toEqual([
      `dead letter: InvalidRequest: No a. It is in ${path}`,
      `dead letter: InvalidRequest: No b. It is in ${path}`,
    ]);
  });

  it('tells what passes on the left of a branch each time, where it is told to', async () => {
    const lefts = (): Branches => from([left(new Overflowed('gap', 1, 0, 'dropOldest')), left(new Overflowed('gap', 1, 0, 'dropOldest'))]);
    const said = async (env: NodeJS.ProcessEnv): Promise<number> =>
      (await run(lefts, { env })).messages.filter(message => message === 'run: Overflowed').length;
    expect(await said({})).toBe(1);
    expect(await said({ GREENGRASS_RX_LOG_QUIET: '0' })).toBe(2);
    expect(await said({ GREENGRASS_RX_LOG_QUIET: 'never' })).toBe(1);
  });

  it('is not started with a configuration on which its codec throws', async () => {
    const throwing = { name: 'Throwing', decode: (): never => { throw new Error('boom'); } }; // prettier-ignore
    const { outcome } = await run(() => of(right(1)), {}, { config: throwing });
    expect(outcome).toMatchObject({ reason: 'configuration', error: { problems: [expect.stringContaining('codec failed: Error: boom')] } });
  });

  it('names the branch that failed, and lets the others end', async () => {
    const stop = new Subject<void>();
    const branches = () => ({
      steady: NEVER,
      shaky: from([right(1), left(unauthorized), right(2)]),
      never: concat(stop.pipe(map(() => right(1)))),
    });
    const { outcome, lines } = await run(branches, { drainDeadline: 20 });
    expect(outcome).toMatchObject({ code: 77, reason: 'unauthorized', branch: 'shaky', error: unauthorized });
    expect(lines.find(({ level }) => level === 'error')).toMatchObject({
      message: expect.stringMatching(/^shaky: The component may not call/) as string,
      fields: { branch: 'shaky' },
    });
    expect(stop.observed).toBe(false);
  });

  it('goes on without the branch where it is told to, says so in the health file, and ends with its code', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ggrx-run-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const healthFile = join(folder, 'health.json');
    const other = new Subject<ReturnType<typeof right>>();
    const running = run(
      () => ({ shaky: throwError(() => new Error('bug')), other: other }),
      { healthFile },
      { whenBranchFails: 'continue' },
    );
    await expect.poll(() => existsSync(healthFile) && (JSON.parse(readFileSync(healthFile, 'utf8')) as Health).status).toBe('degraded');
    expect(JSON.parse(readFileSync(healthFile, 'utf8'))).toMatchObject({
      component: 'com.example.Run',
      branches: { shaky: { status: 'failed', error: { tag: 'defect', message: 'bug' } }, other: { status: 'running' } },
    });
    other.complete();
    expect((await running).outcome).toMatchObject({ code: 70, branch: 'shaky' });
    expect(JSON.parse(readFileSync(healthFile, 'utf8'))).toMatchObject({ status: 'ended', branches: { other: { status: 'completed' } } });
  });

  it('takes a single stream, and what run throws is a bug', async () => {
    expect((await run(() => of(right(1)))).outcome.code).toBe(0);
    expect(
      (
        await run(() => {
          throw new Error('no');
        })
      ).outcome,
    ).toMatchObject({ code: 70, error: { message: 'no' } });
  });

  it('logs what passes on the left once per branch and tag, with the number of the others', async () => {
    const lost = new ConnectionLost('message', true);
    const { lines } = await run(() => ({ a: from([left(lost), left(lost), left(lost)]), b: of(left(lost)) }));
    expect(lines.filter(({ level }) => level === 'warn').map(({ message, fields }) => [message, fields?.['branch']])).toEqual([
      ['a: ConnectionLost', 'a'],
      ['b: ConnectionLost', 'b'],
      ['a: ConnectionLost (2 more since the last such line)', 'a'],
    ]);
  });

  it('is told to stop by a signal of its caller, and gives up at the deadline what does not end', async () => {
    const stop = new AbortController();
    const endless = interval(1).pipe(map(right));
    const running = run(() => ({ endless }), { signal: stop.signal, drainDeadline: 20 });
    stop.abort();
    const { outcome, messages } = await running;
    expect(outcome.code).toBe(0);
    expect(messages).toContain('draining: told to stop');
    expect(messages).toContain('not ended when the time was over: endless');
  });

  it('lets a branch finish, within the deadline, what its last messages have begun', async () => {
    const stop = new AbortController();
    const written: number[] = [];
    let write = (): void => undefined;
    const begun = new Promise<void>(resolve => {
      write = resolve;
    });
    const disk = (n: number) => defer(() => begun.then(() => right(written.push(n))));
    const running = run(() => ({ letters: of(1, 2).pipe(concatMap(disk)) }), { signal: stop.signal });
    stop.abort();
    // Of publishes there is nothing left to wait for.
    await Promise.resolve();
    write();
    expect((await running).messages).toContain('letters: completed');
    expect(written).toEqual([1, 2]);
  });

  it('tells its health on the clock it is given', async () => {
    const scheduler = new VirtualTime();
    const stop = new AbortController();
    const lines: Line[] = [];
    const ledger = new Ledger();
    const running = runComponent(component({ name: 'a', version: '1.0.0', run: () => NEVER }), {
      env: {},
      signals: false,
      signal: stop.signal,
      scheduler,
      ledger,
      healthPeriod: 1_000,
      log: logLines(lines),
    });
    scheduler.advance(3_000);
    expect(lines.filter(({ fields }) => fields?.['event'] === 'health')).toHaveLength(3);
    stop.abort();
    scheduler.advance(10_000);
    await running;
  });

  it.each([Infinity, 30 * 86_400_000])('gives up nothing before its deadline, also one that no timer can wait: %d', async drainDeadline => {
    const scheduler = new VirtualTime();
    const stop = new AbortController();
    const work = new Subject<Right<number>>();
    const running = run(() => ({ work }), { signal: stop.signal, scheduler, drainDeadline, healthPeriod: Infinity });
    stop.abort();
    // Of publishes there is nothing left to wait for.
    await Promise.resolve();
    scheduler.advance(Math.min(drainDeadline, 1e11) - 1);
    expect(work.observed).toBe(true);
    if (drainDeadline === Infinity) work.complete();
    else scheduler.advance(1);
    const { messages } = await running;
    expect(messages.includes('not ended when the time was over: work')).toBe(drainDeadline !== Infinity);
  });

  it('gives everything in a stage its outcome before the time is over, though the nucleus does not answer', async () => {
    await using nucleus = await start('classic');
    const time = new VirtualTime();
    const proxy = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(COMPONENT), scheduler: time });
    await proxy.ready()();
    // Not before: by the answer to a publish of its own the client tells which nucleus it is.
    using _withheld = nucleus.faults.withholdReply({ operation: 'publish' });
    const stop = new AbortController();
    const ledger = new Ledger();
    const letters: unknown[] = [];
    const message = (n: number) => ({ topicName: 'test/a', payload: String(n), qos: QOS.AT_LEAST_ONCE });
    const branch = () =>
      concat(range(1, 385), NEVER).pipe(
        takeUntil(proxy.draining$),
        publishTo(proxy, message, { inFlight: 10, ledger }),
        deadLetterTo(letters$ => letters$.pipe(map(({ original }) => right(letters.push(original))))),
      );
    const running = run(() => ({ out: branch() }), { proxy, signal: stop.signal, ledger, drainDeadline: 100, scheduler: time });
    stop.abort();
    // What has not ended by then is closed; nothing waits for the deadline itself.
    time.advance(90);
    const { outcome, messages, lines } = await running;
    expect(time.now()).toBe(90);
    expect(letters).toHaveLength(385);
    expect(messages).toContain('10 publishes had no answer and 1 stage was not done when the time was over');
    expect(messages).toContain('out: completed');
    expect(outcome).toMatchObject({ code: 0, reason: 'done' });
    expect(lines.at(-1)?.fields).toMatchObject({ stages: [{ kind: 'publishTo', received: 385, failed: 385 }] });
    expect(ledger.snapshot().stages[0]?.discarded.messages).toBe(0);
  });

  it('gives the disk to close an outbox what is left of the drain, and two seconds at least: a slow one is not given up', async () => {
    const closing: (number | undefined)[] = [];
    class Outboxes extends OwnOutboxes {
      override close(within?: number): Promise<void> {
        closing.push(within);
        return super.close(within);
      }
    }
    for (const takes of [1_000, 9_500]) {
      const work = new Subject<Right<number>>();
      const stop = new AbortController();
      const scheduler = new VirtualTime();
      const running = new ComponentRun(
        component({ name: 'com.example.Run', version: '1.0.0', run: () => work }),
        new Map([['work', work]]),
        { proxy: connect(), nucleus: undefined, outboxes: new Outboxes(undefined) },
        silentLog,
        { env: {}, signals: false, signal: stop.signal, scheduler },
      ).toEnd();
      stop.abort();
      scheduler.advance(takes);
      work.complete();
      await running;
    }
    expect(closing).toEqual([9_000, 2_000]);
  });

  /** A health file on a disk that does not answer before `read`. */
  const slowHealthFile = () => {
    const folder = mkdtempSync(join(tmpdir(), 'run-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const healthFile = join(folder, 'health.json');
    // What is written into it waits for somebody who reads it.
    const pipe = `${healthFile}.${process.pid}.tmp`;
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    return { healthFile, read: () => readFile(pipe) };
  };

  it.runIf(process.platform !== 'win32')('ends though the disk does not answer when its health is written', async () => {
    const { healthFile, read } = slowHealthFile();
    const scheduler = new VirtualTime();
    const ended = new AbortController();
    const running = run(() => ({ work: of(right(1)) }), { healthFile, scheduler }).finally(() => ended.abort());
    while (!ended.signal.aborted) {
      scheduler.advance(100);
      await new Promise(resolve => setImmediate(resolve));
    }
    expect((await running).outcome).toMatchObject({ code: 0, reason: 'done' });
    expect(existsSync(healthFile)).toBe(false);
    await read();
    // The pipe itself comes first, under the name of the file.
    await expect.poll(() => statSync(healthFile, { throwIfNoEntry: false })?.isFile()).toBe(true);
  });

  it.runIf(process.platform !== 'win32')(
    'gives the disk that writes its health what is left of the drain: a slow one is not given up',
    async () => {
      const { healthFile, read } = slowHealthFile();
      const scheduler = new VirtualTime();
      let hasEnded = false;
      const running = run(() => ({ work: of(right(1)) }), { healthFile, scheduler }).finally(() => (hasEnded = true));
      for (let turn = 0; turn < 90; turn++) {
        scheduler.advance(100);
        await new Promise(resolve => setImmediate(resolve));
      }
      const wasGivenUp = hasEnded;
      await read();
      expect(wasGivenUp).toBe(false);
      expect((await running).outcome).toMatchObject({ code: 0, reason: 'done' });
      expect(JSON.parse(readFileSync(healthFile, 'utf8'))).toMatchObject({ status: 'ended' });
    },
  );

  it('refuses times that are none', async () => {
    for (const times of [{ drainDeadline: 0 }, { drainDeadline: Number.NaN }, { healthPeriod: -1 }])
      await expect(run(() => NEVER, times)).rejects.toThrow(RangeError);
  });
});

describe('exits', () => {
  it.each([
    [unauthorized, 77],
    [new TokenRefused(true), 76],
    [new Overflowed('terminal', 1, 0, 'fail'), 75],
    [new ConnectionLost('terminal', false), 75],
    [
      new ServiceFault('terminal', {
        operation: 'aws.greengrass#SubscribeToIoTCore',
        topicName: 'a',
        reason: 'SubscribeFailed',
        retryable: false,
        remedy: '',
        serverCode: '',
        serverText: '',
      }),
      69,
    ],
    [new OutboxUnavailable('terminal', 'outbox.sqlite', 'sync-failed'), 75],
    [new OutboxUnavailable('terminal', 'outbox.sqlite', 'unreadable'), 75],
    [new OutboxUnavailable('terminal', 'outbox.sqlite', 'read-only'), 69],
    [{ _tag: 'OfTheirOwn', kind: 'terminal', retryable: true }, 75],
    [{ _tag: 'OfTheirOwn', kind: 'terminal' }, 69],
  ])('%s', (error, code) => {
    expect(EXITS[exitReasonOf(error)].code).toBe(code);
  });

  it('have codes of their own, none of which a shell or a signal uses', () => {
    const codes = Object.values(EXITS).map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes.every(code => code === 0 || (code >= 64 && code <= 78))).toBe(true);
    expect([0, 69, 70, 75, 76, 77, 78, 1, null].map(deservesRestart)).toEqual([false, false, true, true, true, true, false, true, true]);
  });
});

describe('readConfiguration', () => {
  const configured = component({
    name: 'a',
    version: '1.0.0',
    config: t.type({ limits: t.type({ low: t.number, high: t.number }), tags: t.array(t.string) }),
    defaults: { limits: { low: 1, high: 2 }, tags: ['a', 'b'] },
    run: () => NEVER,
  });
  const read = (variable?: string) => readConfiguration(configured, { GREENGRASS_RX_CONFIG: variable });

  it('merges as Greengrass does: maps key by key, lists as a whole', () => {
    expect(read()).toEqual(right({ limits: { low: 1, high: 2 }, tags: ['a', 'b'] }));
    expect(read('{configuration:/config}')).toEqual(read());
    expect(read('{"limits":{"high":9},"tags":["c"]}')).toEqual(right({ limits: { low: 1, high: 9 }, tags: ['c'] }));
  });

  it.each([
    ['nonsense', '(root): expected JSON in GREENGRASS_RX_CONFIG, got "nonsense"'],
    ['[1]', '(root): expected an object in GREENGRASS_RX_CONFIG, got an array of 1'],
    ['{"id":9007199254740993}', 'id: expected a number that JavaScript can hold, got 9007199254740993'],
    ['{"__proto__":{"limits":1}}', '__proto__: expected no such key, got one that reaches for a prototype'],
    ['{"limits":{"low":"1"}}', 'limits.low: expected number, got "1"'],
  ])('says what is wrong with %s', (variable, problem) => {
    expect(read(variable)).toMatchObject({ left: { _tag: 'ConfigurationInvalid', problems: [problem] } });
  });
});

describe('jsonLog', () => {
  it('writes a line of JSON, whatever the fields are', () => {
    const lines: string[] = [];
    const log = jsonLog(line => lines.push(line), { fields: { component: 'a' }, level: 'info' });
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    log.debug('not written');
    log.info('many', {
      error: new TokenRefused(false),
      payload: Buffer.alloc(1_000),
      big: 1n,
      long: 'x'.repeat(10_000),
      then: new Error('a', { cause: new Error('b') }),
    });
    log.warn('cycle', { cycle });
    expect(lines.every(line => line.endsWith('\n') && line.indexOf('\n') === line.length - 1)).toBe(true);
    const [first, second] = lines.map(line => JSON.parse(line) as Record<string, unknown>);
    expect(first).toMatchObject({
      level: 'info',
      message: 'many',
      component: 'a',
      error: { tag: 'TokenRefused', code: 'GGRX_TOKEN_REFUSED', kind: 'terminal' },
      payload: '1000 bytes',
      big: '1',
      then: { message: 'a', cause: { message: 'b' } },
    });
    expect(String(first?.['long']).length).toBeLessThan(2_100);
    expect(second).toMatchObject({ level: 'warn', cycle: '(not JSON)' });
  });
});

describe('a component', () => {
  it.each(['', 'a b', 'x'.repeat(129)])('is not named %j', name => {
    expect(() => component({ name, version: '1.0.0', run: () => NEVER })).toThrow(RangeError);
  });
  it.each(['1', '1.0', '01.0.0', '1.0.0.0', 'v1.0.0', '1234567.0.0', '1.0.0-01', '1.0.0-a..b', '1.0.0+', `1.0.0-${'x'.repeat(59)}`])(
    'has not the version %j',
    version => {
      expect(() => component({ name: 'a', version, run: () => NEVER })).toThrow(RangeError);
    },
  );
  it.each(['999999.0.0', '1.0.0-rc.1+exp.5114f85', '1.0.0--', `1.0.0-${'x'.repeat(58)}`])('may have the version %j', version => {
    expect(component({ name: 'a', version, run: () => NEVER }).version).toBe(version);
  });
  it('gives its branches as one stream to a test', async () => {
    const seen: unknown[] = [];
    await mergeBranches({ a: of(right(1)), b: of(right(2)) }).forEach(element => void seen.push(element));
    expect(seen).toEqual([right(1), right(2)]);
  });
});

describe('a file that is replaced as a whole', () => {
  it('ends with the latest text, leaves no other file, and tells what fails', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ggrx-file-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const errors: unknown[] = [];
    const file = new WholeFile(join(folder, 'a'), error => errors.push(error));
    for (let i = 0; i < 50; i++) file.write(String(i));
    await file.settled();
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('49');
    await file.remove();
    expect(existsSync(join(folder, 'a'))).toBe(false);
    const nowhere = new WholeFile(join(folder, 'no', 'b'), error => errors.push(error));
    nowhere.write('x');
    await nowhere.settled();
    expect(errors).toMatchObject([{ code: 'ENOENT' }]);
  });
});
