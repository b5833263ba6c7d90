import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { type LocalNucleus, startLocalNucleus } from '../../src/local/index.js';
import { requeueMessages } from '../../src/outbox/sqlite/amend-file.js';
import { readOutboxFile } from '../../src/outbox/sqlite/read-file.js';
import { ownFolder } from './stores.js';
import { timeLimit } from '../../scripts/time-limit.js';

/** Kills of each of the runs below; a long run has 250: `KILLS=250`. */
const KILLS = Number(process.env['KILLS'] ?? 3);
const ACCESS = { 'aws.greengrass.ipc.mqttproxy': { all: { operations: ['*'], resources: ['*'] } } };
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Pseudo-random numbers: the moments of the kills are the same in each run. */
const randomOf = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

interface Arrival {
  readonly value: number;
  readonly place: string;
  readonly replayed: boolean;
  readonly attempt: number;
  readonly number: number;
}

class Cloud {
  readonly arrivals: Arrival[] = [];

  hear(payload: Uint8Array): void {
    const {
      payload: value,
      number,
      replayed,
      attempt,
      epoch,
    } = JSON.parse(Buffer.from(payload).toString()) as {
      readonly payload: number;
      readonly epoch: string;
      readonly number: number;
      readonly replayed: boolean;
      readonly attempt: number;
    };
    this.arrivals.push({ value, place: `${epoch} ${number}`, number, replayed, attempt });
  }
}

const run = async (profile: 'classic' | 'lite', deleteWhen: 'accepted' | 'confirmed', live: 'share' | 'inTurn', diesToo: boolean) => {
  const file = join(ownFolder(), 'outbox.sqlite');
  const random = randomOf(profile.length + deleteWhen.length * 7 + live.length * 31);
  const cloud = new Cloud();
  const told: number[] = [];
  const start = async (): Promise<LocalNucleus> => {
    const nucleus = await startLocalNucleus({ profile, components: [{ name: 'c', accessControl: ACCESS }] });
    // What the nucleus has is enough where it lives; what the broker has, where it dies.
    const kind = diesToo ? 'delivered' : 'published';
    nucleus.observe(event => {
      if (event.kind === kind) cloud.hear(event.payload);
    });
    return nucleus;
  };
  let nucleus = await start();
  const component = (first: number, count: number, ends: string) =>
    spawn(
      process.execPath,
      [
        '--no-warnings',
        '--import',
        new URL('../kit/process/typescript-loader.mjs', import.meta.url).href,
        path('killed-component.ts'),
        ...[nucleus.socketPath, nucleus.authToken('c'), file, deleteWhen, live, `${first}`, `${count}`, ends],
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
  for (let kill = 0; kill < KILLS; kill++) {
    const child = component(kill * 1_000, 1_000, 'no');
    const closed = once(child, 'close');
    const at = 1 + Math.floor(random() * 150);
    let lines = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      told.push(Number(line));
      if (++lines !== at) continue;
      if (diesToo && kill % 2 === 1) {
        await nucleus.stop();
        child.kill('SIGKILL');
        nucleus = await start();
      } else child.kill('SIGKILL');
    }
    await closed;
  }
  // A message that was sent alone at two kills is held to be what ends the process. It is in the file, and whoever wants it sent says so.
  const requeue = (): readonly number[] => {
    const setAside = readOutboxFile(file, read =>
      Array.from(read.messages('setAside', {}), ({ payload }) => Number(Buffer.from(payload).toString())),
    );
    if (isLeft(setAside)) throw setAside.left;
    const requeued = requeueMessages(file, {});
    if (isLeft(requeued)) throw requeued.left;
    expect(requeued.right).toBe(setAside.right.length);
    return setAside.right;
  };
  const setAside = new Set(requeue());
  const codes: number[] = [];
  // The first start sets aside what was sent alone at the last kill, too; nothing kills it, and the second has nothing left to set aside.
  for (const start of [0, 1]) {
    const last = component((KILLS + start) * 1_000, 10, 'ends');
    last.stdout.resume();
    const [code] = (await once(last, 'close')) as [number];
    codes.push(code);
    if (start === 0) for (const value of requeue()) setAside.add(value);
  }
  await nucleus.stop();
  return { told, arrivals: cloud.arrivals, codes, setAside };
};

describe('a component that is killed again and again', () => {
  it.each([
    ['classic', 'accepted', 'share', false],
    ['lite', 'accepted', 'inTurn', false],
    ['classic', 'confirmed', 'inTurn', true],
    ['lite', 'confirmed', 'share', true],
  ] as const)(
    'on %s, deleting when %s, %s, has everything sent in the end that was told as stored (nucleus dies too: %s)',
    async (profile, deleteWhen, live, diesToo) => {
      const { told, arrivals, codes, setAside } = await run(profile, deleteWhen, live, diesToo);
      expect(codes).toEqual([0, 0]);
      expect(told.length).toBeGreaterThanOrEqual(KILLS);
      const arrived = new Set(arrivals.map(({ value }) => value));
      expect(told.filter(value => !arrived.has(value))).toEqual([]);
      // What comes again says so.
      const seen = new Set<string>();
      const unmarked = arrivals.filter(({ place, replayed, attempt }) => {
        const again = seen.has(place);
        seen.add(place);
        return again && !replayed && attempt === 1;
      });
      expect(unmarked).toEqual([]);
      // When it comes for the first time, nothing overtakes within its key: in turn nothing at all, else nothing of what is live and of the
      // backlog. What had been set aside comes when somebody wants it sent, which is after what was stored behind it.
      const first = new Map<number, Arrival>();
      for (const arrival of arrivals) if (!first.has(arrival.value)) first.set(arrival.value, arrival);
      const kinds: readonly ((arrival: Arrival) => boolean)[] =
        live === 'inTurn' ? [() => true] : [({ replayed }) => !replayed, ({ replayed, attempt }) => replayed && attempt === 1];
      for (const isKind of kinds)
        for (const key of [0, 1, 2]) {
          const ofKey = [...first.values()].filter(each => each.value % 3 === key && isKind(each) && !setAside.has(each.value));
          const numbers = ofKey.map(({ number }) => number);
          expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
        }
      if (process.env['KILLS'] !== undefined)
        console.log(
          `${KILLS} kills: ${told.length} told as stored, ${arrivals.length} arrived, ${arrivals.length - seen.size} of them again, ${setAside.size} had been set aside`,
        );
    },
    timeLimit(KILLS * 20_000),
  );
});
