import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { filter, firstValueFrom, from, map, take, toArray } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect, QOS, type MqttProxy } from '../../src/index.js';
import { type LocalNucleus, startLocalNucleus } from '../../src/local/index.js';
import { forwardFrom, markOf, openOutbox, type Outbox, type OutboxOptions, storeIn } from '../../src/outbox/index.js';
import { IS_WINDOWS } from '../kit/process/platform.js';
import { ownFolder } from './stores.js';

const ACCESS = { 'aws.greengrass.ipc.mqttproxy': { all: { operations: ['*'], resources: ['*'] } } };

const nucleusOf = async (profile: 'classic' | 'lite'): Promise<{ readonly nucleus: LocalNucleus; readonly proxy: MqttProxy }> => {
  const nucleus = await startLocalNucleus({ profile, components: [{ name: 'c', accessControl: ACCESS }] });
  onTestFinished(() => nucleus.stop());
  const proxy = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken('c') });
  onTestFinished(() => proxy.close());
  return { nucleus, proxy };
};

const onDisk = (path: string, options: OutboxOptions = {}): Outbox => {
  const outbox = openOutbox({ path, mark: 'wrap', commit: { messages: 10, within: 5 }, ...options });
  onTestFinished(() => outbox.close());
  return outbox;
};

const store = (outbox: Outbox, texts: readonly string[]): Promise<readonly string[]> =>
  firstValueFrom(
    from(texts).pipe(
      storeIn(outbox, text => ({ topicName: 'meters/7', payload: JSON.stringify(text), qos: QOS.AT_LEAST_ONCE })),
      map(outcome => (outcome._tag === 'Right' ? `${outcome.right.number}` : outcome.left.message)),
      toArray(),
    ),
  );

/** The marks and payloads of the next messages on a topic. */
const received = (proxy: MqttProxy, messages: number) =>
  firstValueFrom(
    proxy.subscribe({ topicName: 'meters/#', qos: QOS.AT_LEAST_ONCE }).pipe(
      map(element => (element._tag === 'Right' ? element.right : undefined)),
      filter(message => message !== undefined),
      take(messages),
      map(message => ({ mark: markOf(message), text: Buffer.from(message.payload).toString() })),
      toArray(),
    ),
  );

describe.each(['classic', 'lite'] as const)('an outbox in a file, with a %s nucleus', profile => {
  it('sends in the next process what was stored in the one before, marked as replayed', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    const before = onDisk(path);
    expect(await store(before, ['one', 'two'])).toEqual(['1', '2']);
    await before.close();
    const { proxy } = await nucleusOf(profile);
    const outbox = onDisk(path);
    const messages = received(proxy, 2);
    const running = forwardFrom(outbox, proxy, { messagesPerSecond: 1_000 }).subscribe();
    onTestFinished(() => running.unsubscribe());
    const [one, two] = await messages;
    expect([one?.mark, two?.mark]).toMatchObject([
      { stream: '', number: 1, replayed: true, lost: [] },
      { stream: '', number: 2, replayed: true, lost: [] },
    ]);
    expect(one?.mark?.epoch).toBe(two?.mark?.epoch);
    expect(two?.text.endsWith('"payload":"two"}')).toBe(true);
    await firstValueFrom(outbox.depth$.pipe(filter(({ counts }) => counts.forwarded === 2 && counts.inside === 0)));
  });

  it('deletes a message when it has come back from the cloud', async () => {
    const { proxy } = await nucleusOf(profile);
    const outbox = onDisk(join(ownFolder(), 'outbox.sqlite'), { deleteWhen: 'confirmed', topics: ['meters/+'] });
    const confirmed = firstValueFrom(forwardFrom(outbox, proxy, { messagesPerSecond: 1_000 }).pipe(take(3), toArray()));
    await store(outbox, ['one', 'two', 'three']);
    expect(await confirmed).toMatchObject([1, 2, 3].map(number => ({ _tag: 'Right', right: { by: 'cloud', number, attempt: 1 } })));
    await firstValueFrom(outbox.depth$.pipe(filter(({ messages, counts }) => messages === 0 && counts.forwarded === 3)));
  });
});

describe.each(['classic', 'lite'] as const)('an outbox whose messages are confirmed by samples, with a %s nucleus', profile => {
  it('deletes them when a sample that was sent after them has come back, whatever their mark is', async () => {
    const { proxy } = await nucleusOf(profile);
    const confirmed = { sample: 0.5, topicName: 'seen/7' };
    const outbox = onDisk(join(ownFolder(), 'outbox.sqlite'), { deleteWhen: { confirmed }, mark: 'members' });
    const outcomes = firstValueFrom(
      forwardFrom(outbox, proxy, { messagesPerSecond: 1_000, confirmWithin: 2_000 }).pipe(take(5), toArray()),
    );
    await store(outbox, ['one', 'two', 'three', 'four', 'five']);
    expect(await outcomes).toMatchObject([1, 2, 3, 4, 5].map(number => ({ _tag: 'Right', right: { by: 'cloud', number } })));
    await firstValueFrom(outbox.depth$.pipe(filter(({ messages, counts }) => messages === 0 && counts.forwarded === 5)));
  });
});

describe('an outbox in a file', () => {
  it('does not take for lost what could not be confirmed on Greengrass Lite, says so, and keeps it', async () => {
    const { proxy } = await nucleusOf('lite');
    const outbox = onDisk(join(ownFolder(), 'outbox.sqlite'), { mark: 'members', deleteWhen: 'confirmed', topics: ['meters/+'] });
    await store(outbox, ['one', 'two']);
    expect(await firstValueFrom(forwardFrom(outbox, proxy, { confirmWithin: 20 }).pipe(take(2), toArray()))).toMatchObject([
      { _tag: 'Left', left: { _tag: 'InvalidRequest', kind: 'terminal', message: expect.stringContaining("mark: 'wrap'") as string } },
    ]);
    expect((await firstValueFrom(outbox.depth$)).counts).toMatchObject({ setAside: 0, inside: 2 });
  });

  it('sets aside, with the reason, what was stored before the nucleus was known and turns out to be too large for Greengrass Lite', async () => {
    const outbox = onDisk(join(ownFolder(), 'outbox.sqlite'));
    const large = 'x'.repeat(8_000);
    expect(await store(outbox, [large, 'small'])).toEqual(['1', '2']);
    const { proxy } = await nucleusOf('lite');
    const outcomes = await firstValueFrom(forwardFrom(outbox, proxy, { messagesPerSecond: 1_000 }).pipe(take(2), toArray()));
    expect(outcomes).toMatchObject([
      { _tag: 'Left', left: { _tag: 'SetAside', number: 1, message: expect.stringContaining('too large for a lite nucleus') as string } },
      { _tag: 'Right', right: { number: 2 } },
    ]);
    // Once it is known, or was named, it is refused when it is to be stored.
    const named = onDisk(join(ownFolder(), 'outbox.sqlite'), { profile: 'lite' });
    expect(await store(named, [large])).toEqual([expect.stringContaining('too large to be stored')]);
  });

  it('makes no file before it is used, and none but its three', async () => {
    const folder = ownFolder();
    const outbox = onDisk(join(folder, 'outbox.sqlite'));
    expect(readdirSync(folder)).toEqual([]);
    await store(outbox, ['one']);
    expect(readdirSync(folder).sort()).toEqual(['outbox.sqlite', 'outbox.sqlite-mark', 'outbox.sqlite-wal']);
    await outbox.close();
    expect(existsSync(join(folder, 'outbox.sqlite'))).toBe(true);
  });

  it('goes on numbering and counting where the process before left off', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    const before = onDisk(path);
    await store(before, ['one', 'two']);
    await before.close();
    const outbox = onDisk(path);
    expect(await store(outbox, ['three'])).toEqual(['3']);
    const { counts } = await firstValueFrom(outbox.depth$);
    expect(counts).toEqual({ stored: 3, forwarded: 0, expired: 0, dropped: 0, setAside: 0, damaged: 0, inside: 3 });
  });

  it('belongs to one outbox: another says so, and has it as soon as the first has closed it', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    const first = onDisk(path);
    // Used by nobody, it would be closed after a second, in which the other may not have come to the file.
    const using = first.use().subscribe();
    await store(first, ['one']);
    const second = onDisk(path);
    expect(await store(second, ['two'])).toEqual([expect.stringContaining('is open in another process or another outbox')]);
    const opened = firstValueFrom(second.use().pipe(filter(answer => answer._tag === 'Right')));
    await first.close();
    using.unsubscribe();
    await opened;
    expect(await store(second, ['two'])).toEqual(['2']);
  });

  it('says that it is closed, and starts nothing any more', async () => {
    const outbox = onDisk(join(ownFolder(), 'outbox.sqlite'));
    await store(outbox, ['one']);
    await outbox.close();
    expect(await store(outbox, ['two'])).toEqual([expect.stringContaining('has been closed')]);
  });

  // Nothing of Windows is like /proc.
  it.skipIf(IS_WINDOWS)('says so where it may not write', async () => {
    const outbox = onDisk('/proc/outbox.sqlite');
    const [told] = await store(outbox, ['one']);
    expect(told).toMatch(/^The outbox \/proc\/outbox.sqlite (may not be written|cannot be used)/);
  });
});
