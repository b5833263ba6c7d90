import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Sqlite } from '../../src/outbox/sqlite/database.js';
import { readMessageJson } from '../../src/cli/messages/message-text.js';
import { reading } from '../../src/outbox/sqlite/read-file.js';
import { QOS } from '../../src/shared/qos.js';
import { inProcess } from '../kit/process/cli-in-process.js';
import { runCli } from '../kit/process/run-cli.js';
import { InProcess } from '../outbox/in-process.js';
import { at } from '../outbox/samples.js';
import { ownFolder } from '../outbox/stores.js';

const outbox = (...args: readonly string[]) => inProcess(['outbox', ...args]);

/** A file with these texts in it, of which the first so many were set aside, as it lies there when its component has ended. */
const filed = async (
  texts: readonly string[],
  setAside = 0,
  { epoch = 'epoch', topicName = 'a', members = '', reason = 'Too odd.' } = {},
): Promise<string> => {
  const path = join(ownFolder(), 'outbox.sqlite');
  const store = new InProcess(path);
  await store.open(epoch);
  await store.put(texts, at(0), { topicName, members });
  const { places } = await store.takeAll();
  await store.settle(places.map((place, i) => (i < setAside ? { place, fate: 'setAside', reason } : { place, fate: 'handedBack' })));
  await store.close();
  return path;
};

/** The commands that docs/cli.md shows, each with what it prints. */
const shown = (): readonly { readonly args: readonly string[]; readonly prints: string }[] => {
  const docs = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
  const block = docs.slice(docs.indexOf('<!-- test: outbox -->')).split('```')[1] ?? '';
  return block
    .split('\n$ greengrass-rx ')
    .slice(1)
    .map(text => {
      const [line = '', ...prints] = text.trimEnd().split('\n');
      return { args: line.split(' ').map(word => word.replaceAll("'", '')), prints: `${prints.join('\n')}\n` };
    });
};

/** What the component finds when it starts again. */
const started = async (path: string) => {
  const store = new InProcess(path);
  const { lostToDamage } = await store.open('unused', at(1));
  const { texts, counts } = await store.takeAll(at(1));
  await store.close();
  return { texts, counts, lostToDamage };
};

const parsed = (lines: string): readonly unknown[] =>
  lines
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as unknown);

describe('docs/cli.md', () => {
  it('shows what the commands print, one after the other', async () => {
    const path = await filed(['{"kWh":1.4}', '{"kWh":1.5}', '{"kWh":1.6}', '{"kWh":1.7}'], 1, { epoch: '3f0c2d0e', topicName: 'meters/7' });
    const commands = shown();
    expect(commands).toHaveLength(7);
    for (const { args, prints } of commands) {
      const { stdout } = await inProcess(args.map(arg => (arg === 'outbox.sqlite' ? path : arg)));
      expect(
        stdout
          .replaceAll(path, '/greengrass/v2/work/com.example.Meter/outbox.sqlite')
          .replace(/[\d.]+ kB/, '49.2 kB')
          .replace(/, [^,]* ago/, ', 3 d ago'),
      ).toBe(prints);
    }
  });
});

describe('outbox ls', () => {
  it('lists what is to be sent, and says how much more there is', async () => {
    const path = await filed(['{"kWh":1.5}', '\u001b[31mred', 'three']);
    const { code, stdout, stderr } = await outbox('ls', path, '-n', '2');
    expect(code).toBe(0);
    expect(stdout).toBe('     1 2023-11-14 22:13:20Z a {"kWh":1.5}\n     2 2023-11-14 22:13:20Z a <1b 5b 33 31 6d 72 65 64>\n');
    expect(stderr).toBe('1 more are inside; -n lists more\n');
  });

  it('lists what was set aside, with its reason, the places asked for, and topics', async () => {
    const path = await filed(['one', 'two', 'three', 'four'], 1);
    expect((await outbox('ls', path, '--aside')).stdout).toBe('     1 2023-11-14 22:13:20Z a one (Too odd.)\n');
    expect((await outbox('ls', path, '2', '4-9')).stdout).toMatch(/^ {5}2 .* two\n {5}4 .* four\n$/);
    expect((await outbox('ls', path, '--topic', 'b/#')).stdout).toBe('');
    expect(await outbox('ls', path, '--topic', 'b/#/c')).toMatchObject({ code: 2 });
    expect(await outbox('ls', path, 'two')).toMatchObject({ code: 2, stderr: expect.stringContaining('20-35') as string });
  });

  it('says how much more there is of what was asked for, and nothing where that is all', async () => {
    const path = await filed(['a 1', 'a 2', 'a 3'], 3);
    const store = new InProcess(path);
    await store.open('epoch');
    await store.put(['b 1', 'b 2', 'b 3'], at(0), { topicName: 'b' });
    await store.put(['c 1', 'c 2'], at(0), { topicName: 'c' });
    await store.close();
    const more = async (...args: readonly string[]): Promise<string> => (await outbox('ls', path, ...args)).stderr;
    expect(await more('-n', '1')).toBe('4 more are inside; -n lists more\n');
    expect(await more('-n', '1', '--topic', 'b')).toBe('2 more are inside; -n lists more\n');
    expect(await more('-n', '3', '--topic', 'b')).toBe('');
    expect(await more('-n', '1', '5-7')).toBe('2 more are inside; -n lists more\n');
    expect(await more('-n', '2', '--aside')).toBe('1 more were set aside; -n lists more\n');
    expect(await more('-n', '3', '--aside')).toBe('');
  });

  it('lists a message once, in the order of places, however often its place is named', async () => {
    const path = await filed(['one', 'two', 'three']);
    const lines = (await outbox('ls', path, '3', '2-3', '1-2', '2')).stdout.trimEnd().split('\n');
    expect(lines.map(line => line.split(' ').at(-1))).toEqual(['one', 'two', 'three']);
  });

  it('leaves no file beside one that was closed, and takes none away that was there', async () => {
    const path = await filed(['one']);
    const before = readdirSync(dirname(path));
    expect(before).not.toContain('outbox.sqlite-wal');
    for (const command of ['ls', 'show', 'verify', 'export']) expect(await outbox(command, path)).toMatchObject({ code: 0 });
    expect(readdirSync(dirname(path))).toEqual(before);

    // It can be removed: whoever would write to it cannot open the file before the reader has closed it.
    const { DatabaseSync } = createRequire(import.meta.url)('node:sqlite') as Sqlite;
    reading({ DatabaseSync }, path, () => {
      const component = new DatabaseSync(path);
      component.exec('PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE');
      expect(() => component.exec('BEGIN IMMEDIATE')).toThrow('database is locked');
      component.close();
    });
    expect(readdirSync(dirname(path))).toEqual(before);

    writeFileSync(`${path}-wal`, '');
    expect(await outbox('ls', path)).toMatchObject({ code: 0 });
    expect(readdirSync(dirname(path))).toContain('outbox.sqlite-wal');
  });

  it('--json has a line for each', async () => {
    const path = await filed(['one']);
    expect(parsed((await outbox('ls', path, '--json')).stdout)).toEqual([
      {
        epoch: 'epoch',
        stream: '',
        number: 1,
        place: 1,
        key: 'a',
        priority: 0,
        storedAt: at(0).timeOfDay,
        topicName: 'a',
        qos: '1',
        attempts: 0,
        state: 'waiting',
        bytes: 3,
      },
    ]);
  });

  it('reads a log that was not written back, changes nothing, and leaves no file behind', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    const store = new InProcess(path);
    await store.open('epoch');
    await store.put(['one', 'two']);
    const copy = join(ownFolder(), 'copy.sqlite');
    for (const suffix of ['', '-wal', '-mark']) copyFileSync(path + suffix, copy + suffix);
    await store.close();
    const before = ['', '-wal', '-mark'].map(suffix => readFileSync(copy + suffix));
    expect((await outbox('ls', copy)).stdout.split('\n')).toHaveLength(3);
    expect(await outbox('verify', copy)).toMatchObject({ code: 0 });
    expect(['', '-wal', '-mark'].map(suffix => readFileSync(copy + suffix))).toEqual(before);
    expect(existsSync(`${copy}-shm`)).toBe(false);
  });
});

describe('outbox show', () => {
  it('says how full it is and what became of all it ever held', async () => {
    const path = await filed(['one', 'two', 'three'], 1);
    const { stdout } = await outbox('show', path);
    expect(stdout).toMatch(/^file +\S+outbox\.sqlite, 4[\d.]+ kB\nepoch +epoch\n/);
    expect(stdout).toMatch(/\ninside +2 messages of 10 bytes, the oldest stored 2023-11-14 22:13:20Z, \d+ d (\d+ h )?ago\n/);
    expect(stdout).toMatch(
      /\nstored +3 = 0 forwarded \+ 0 expired \+ 0 dropped \+ 1 set aside \+ 0 damaged \+ 2 inside\nstream +"" up to number 3\n$/,
    );
    expect(parsed((await outbox('show', path, '--json')).stdout)).toMatchObject([
      { counts: { stored: 3, inside: 2 }, depth: { messages: 2 } },
    ]);
  });

  it('shows messages with all that is known of them', async () => {
    const path = await filed(['one', 'two'], 1);
    const { stdout } = await outbox('show', path, '2');
    expect(stdout).toMatch(
      /^a\nplace +2\nid +epoch, stream "", number 2\nstored +2023-11-14 22:13:20Z, .*\nqos +1\npayload +3 bytes: two\n\n$/,
    );
    expect((await outbox('show', path, '--aside')).stdout).toMatch(/\nnotes +(1 attempt\n +)?Too odd\.\n/);
  });

  it.each(['show', 'ls', 'export'])('fails, as %s does, where none is in the places asked for', async command => {
    const path = await filed(['one', 'two'], 1);
    expect(await outbox(command, path, '1')).toMatchObject({ code: 1, stdout: '', stderr: 'No message to be sent is in this place.\n' });
    expect(await outbox(command, path, '2', '7-9', '--aside')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'No message that was set aside is in these places.\n',
    });
    expect(await outbox(command, path, '1-9')).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('outbox verify', () => {
  it('is content with what is sound', async () => {
    const path = await filed(['one', 'two']);
    expect(await outbox('verify', path)).toMatchObject({ code: 0, stdout: `✓ ${path} is sound: 2 messages inside\n` });
  });

  it('finds a message whose bytes have changed, and a log that was left behind', async () => {
    const path = await filed(['one message', 'another']);
    const bytes = readFileSync(path);
    bytes[bytes.indexOf('one message')] = 0x58;
    writeFileSync(path, bytes);
    expect(await outbox('verify', path)).toMatchObject({ code: 1, stdout: '✗ 1 message is not as it was stored.\n' });
    expect((await outbox('export', path)).stdout.split('\n')).toHaveLength(2);
    expect(await outbox('export', path)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not as stored, and left out') as string,
    });

    const store = new InProcess(path);
    await store.open('epoch');
    await store.put(['in the log']);
    const copy = join(ownFolder(), 'copy.sqlite');
    for (const suffix of ['', '-mark']) copyFileSync(path + suffix, copy + suffix);
    await store.close();
    const { code, stdout } = await outbox('verify', copy, '--json');
    expect(code).toBe(1);
    expect(stdout).toContain('Of those stored last 1 message is not there: the end of the log (-wal) is damaged, or was left behind.');
  });

  it.each([
    ['the members', '{"contentType'],
    ['the payload', 'odd one'],
    ['the reason', 'Too odd.'],
  ])('finds a flipped bit in %s of what was set aside; it is left out, and stays aside', async (_what, text) => {
    const path = await filed(['odd one', 'two'], 1, { members: '{"contentType":"text/plain"}' });
    const bytes = readFileSync(path);
    for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at)) bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    expect(await outbox('verify', path)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('Of what was set aside, 1 message') as string,
    });
    for (const command of [['ls', '--json'], ['show', '--json'], ['export'], ['export', '--mark', 'members']] as const) {
      const [name, ...options] = command;
      expect(await outbox(name, path, '--aside', ...options)).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining('not as stored, and left out') as string,
      });
    }
    expect(await outbox('requeue', path, '--all')).toMatchObject({ code: 1, stdout: '0 messages requeued\n' });
  });

  it('finds damage anywhere in the file that a start would find', async () => {
    const path = await filed(Array.from({ length: 50 }, (_, i) => `message ${i}`));
    const sound = readFileSync(path);
    const missed: number[] = [];
    for (let offset = 0; offset < sound.length; offset += 509) {
      const bytes = Buffer.from(sound);
      bytes[offset] = (bytes[offset] ?? 0) ^ 0x10;
      writeFileSync(path, bytes);
      const verified = await outbox('verify', path);
      const { lostToDamage, counts } = await started(path);
      if (verified.code === 0 && lostToDamage + counts.damaged > 0) missed.push(offset);
      for (const suffix of ['', '-mark', '-wal'])
        if (existsSync(path + suffix)) writeFileSync(path + suffix, suffix === '' ? sound : Buffer.alloc(0));
    }
    expect(missed).toEqual([]);
  });
});

describe('outbox export', () => {
  it('writes what pub --ndjson reads, byte for byte', async () => {
    const texts = ['{"big":12345678901234567890}', 'text', '\u0000\u0001', '"quoted"'];
    const path = await filed(texts);
    const { stdout } = await outbox('export', path);
    const read = stdout
      .trimEnd()
      .split('\n')
      .map(line => readMessageJson(line, { topicName: undefined, qos: QOS.AT_MOST_ONCE }));
    expect(read).toMatchObject(texts.map(text => ({ topicName: 'a', qos: QOS.AT_LEAST_ONCE, payload: Buffer.from(text) })));
  });

  it('--mark adds what the receiver would be told', async () => {
    const path = await filed(['1']);
    expect(parsed((await outbox('export', path, '--mark', 'wrap')).stdout)).toMatchObject([
      { topicName: 'a', encoding: 'json', payload: { epoch: 'epoch', number: 1, replayed: true, payload: 1 } },
    ]);
    expect((await outbox('export', path, '--mark', 'members')).stdout).toContain('{"key":"outbox-number","value":"1"}');
  });
});

describe('outbox requeue', () => {
  it('has messages sent after all, in their place, as ones that may have been sent before, and not told as lost', async () => {
    const path = await filed(['one', 'two', 'three', 'four'], 3);
    expect(await outbox('requeue', path, '2')).toMatchObject({ code: 0, stdout: '1 message requeued\n' });
    expect(parsed((await outbox('ls', path, '2', '--json')).stdout)).toMatchObject([{ number: 2, attempts: 1 }]);
    const { DatabaseSync } = createRequire(import.meta.url)('node:sqlite') as Sqlite;
    const database = new DatabaseSync(path, { readOnly: true });
    expect(database.prepare('SELECT first, last FROM loss ORDER BY first').all()).toMatchObject([
      { first: 1, last: 1 },
      { first: 3, last: 3 },
    ]);
    database.close();
    expect(await started(path)).toEqual({
      texts: ['two', 'four'],
      counts: { stored: 4, forwarded: 0, expired: 0, dropped: 0, setAside: 2, damaged: 0, inside: 2 },
      lostToDamage: 0,
    });
    expect(await outbox('requeue', path, '--all', '--json')).toMatchObject({ code: 0 });
    expect((await started(path)).texts).toEqual(['one', 'two', 'three', 'four']);
    expect(await outbox('verify', path)).toMatchObject({ code: 0 });
  });

  it('has sent after all what was set aside for a reason that was cut in the middle of a character', async () => {
    const path = await filed(['one'], 1, { reason: 'It says \ud83d' });
    expect(await outbox('verify', path)).toMatchObject({ code: 0 });
    expect(await outbox('requeue', path, '--all')).toMatchObject({ code: 0, stdout: '1 message requeued\n' });
  });

  it('wants to be told which, and fails when there is none', async () => {
    const path = await filed(['one']);
    expect(await outbox('requeue', path)).toMatchObject({ code: 2 });
    expect(await outbox('requeue', path, '--all', '1')).toMatchObject({ code: 2 });
    expect(await outbox('requeue', path, '--all')).toMatchObject({ code: 1, stdout: '0 messages requeued\n' });
  });
});

describe('outbox drop', () => {
  it('takes messages out, counts them, and leaves their numbers to be told', async () => {
    const path = await filed(['one', 'two', 'three', 'four']);
    expect(await outbox('drop', path, '2-3')).toMatchObject({ code: 0, stdout: '2 messages dropped\n' });
    const { texts, counts, lostToDamage } = await started(path);
    expect({ texts, counts, lostToDamage }).toMatchObject({
      texts: ['one', 'four'],
      counts: { stored: 4, dropped: 2, inside: 2 },
      lostToDamage: 0,
    });
    expect(await outbox('verify', path)).toMatchObject({ code: 0 });
  });

  it('forgets what was set aside, which has been counted', async () => {
    const path = await filed(['one', 'two'], 1);
    expect(await outbox('drop', path, '--aside', '--topic', '#')).toMatchObject({ code: 0, stdout: '1 message forgotten\n' });
    expect((await started(path)).counts).toMatchObject({ stored: 2, setAside: 1, inside: 1 });
    expect((await outbox('ls', path, '--aside')).stdout).toBe('');
  });
});

describe('outbox, of a file that it cannot use,', () => {
  it('says so where Node has no node:sqlite', async () => {
    const run = runCli(['outbox', 'ls', await filed(['one'])], { env: { NODE_OPTIONS: '--no-experimental-sqlite' } });
    expect(await run.ended).toMatchObject({ code: 1 });
    expect(run.stderr().replace(/\s+/g, ' ')).toContain(
      'needs Node 22.13 or newer, which has node:sqlite. Run the component with such a Node',
    );
  });

  it('says so where a component has it open', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    const store = new InProcess(path);
    await store.open('epoch');
    for (const command of [['ls'], ['verify'], ['drop', '--all']] as const)
      expect(await outbox(command[0], path, ...command.slice(1))).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining(`${path} is open in another process.`) as string,
      });
    await store.close();
  });

  it('reads one whose log is empty where nothing can be written, and no other', async () => {
    const path = await filed(['one', 'two']);
    const { DatabaseSync } = createRequire(import.meta.url)('node:sqlite') as Sqlite;
    // What SQLite does on a medium that is read-only: it can make no file beside this one.
    const readOnlyMedium: Sqlite = {
      DatabaseSync: class extends DatabaseSync {
        constructor(where: string | URL, options?: { readonly readOnly?: boolean }) {
          if (typeof where === 'string') throw Object.assign(new Error('unable to open database file'), { errcode: 14 });
          super(where, options);
        }
      },
    };
    const inside = (): unknown => reading(readOnlyMedium, path, ({ statement }) => statement('SELECT inside FROM state').get()?.['inside']);
    expect(inside()).toBe(2);
    expect(readdirSync(dirname(path)).filter(name => name.endsWith('-shm'))).toEqual([]);
    writeFileSync(`${path}-wal`, 'something');
    expect(inside).toThrow('unable to open database file');
  });

  it('says so where there is none, or another, which it leaves as it is', async () => {
    const folder = ownFolder();
    expect(await outbox('ls', join(folder, 'none.sqlite'))).toMatchObject({ code: 2 });
    const text = join(folder, 'text');
    writeFileSync(text, 'no database '.repeat(100));
    expect(await outbox('verify', text)).toMatchObject({ code: 1, stderr: expect.stringContaining('is no outbox') as string });
    const other = join(folder, 'other.sqlite');
    const { DatabaseSync } = createRequire(import.meta.url)('node:sqlite') as Sqlite;
    const database = new DatabaseSync(other);
    database.exec('CREATE TABLE theirs(a)');
    database.close();
    const before = readFileSync(other);
    expect(await outbox('drop', other, '--all')).toMatchObject({ code: 1, stderr: expect.stringContaining('is no outbox') as string });
    expect(readFileSync(other)).toEqual(before);
    expect(existsSync(`${other}-mark`)).toBe(false);
  });
});
