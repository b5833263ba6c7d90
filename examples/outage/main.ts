/**
 * A meter on Greengrass Lite through an outage of a week, in a minute: `node build/examples/outage/main.js [seconds] [picture.svg]`. Needs
 * Node 22.13 or newer.
 *
 * The nucleus, the connection and the file are real, and so is the outage. Only time is not: the outbox is given a clock that passes twelve
 * days in a minute.
 */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { connect } from 'greengrass-rx';
import { dryRun } from 'greengrass-rx/dry-run';
import { E } from 'greengrass-rx/fp';
import { readRecipe, startLocalNucleus } from 'greengrass-rx/local';
import { openOutbox, type Forwarded, type ForwardPort } from 'greengrass-rx/outbox';
import { defer, finalize, Subject, VirtualTimeScheduler } from 'rxjs';
import component from './component.js';
import { meter, LINK, type Reading } from './meter.js';
import { picture, type Sample } from './picture.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const DAYS = 12;
/** From the end of the first day on. */
const OUTAGE = { from: DAY, to: 8 * DAY };
const EVERY = 5 * MINUTE;
const [, , seconds = '60', pictureFile] = process.argv;

if (!isBuiltin('node:sqlite')) {
  console.error(`This needs Node 22.13 or newer, which has node:sqlite, and not ${process.version}.`);
  process.exit(1);
}
const folder = await mkdtemp(join(tmpdir(), 'outage-'));
const path = join(folder, 'outbox.sqlite');
const recipe = orThrow(readRecipe(orThrow(await dryRun(component)).recipeText('json')));
const nucleus = await startLocalNucleus({ profile: 'lite', components: [{ recipe }] });
const proxy = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(component.name) });

/** A clock on which days pass in seconds: it stands still until it is moved on. */
const time = new VirtualTimeScheduler(undefined, 0);
const passTo = (then: number): void => {
  time.maxFrames = then;
  time.flush();
  time.frame = then;
};

const outbox = openOutbox({ path, mark: 'wrap', commit: { messages: 1 }, scheduler: time });
const reading$ = new Subject<Reading>();
let underWay = 0;
const port: ForwardPort = {
  state$: proxy.state$,
  publish$: request =>
    defer(() => {
      underWay++;
      return proxy.publish$(request).pipe(finalize(() => underWay--));
    }),
};
const streams = meter(reading$, outbox, port, { ...LINK, scheduler: time });
let stored = 0;
let depth = 0;
/** The delays, in milliseconds, of what was sent since the last sample. */
let delays: { readonly live: number[]; readonly replayed: number[] } = { live: [], replayed: [] };
const sent: Forwarded[] = [];
outbox.depth$.subscribe(({ messages }) => (depth = messages));
const running = streams.stored.subscribe(outcome => {
  stored++;
  if (outcome._tag === 'Left') console.log(outcome.left.message);
});
running.add(
  streams.forwarded.subscribe(outcome => {
    if (outcome._tag === 'Left') {
      console.log(outcome.left.message);
      return;
    }
    sent.push(outcome.right);
    delays[outcome.right.replayed ? 'replayed' : 'live'].push(time.now() - outcome.right.storedAt);
  }),
);
orThrow(await proxy.ready()());

const samples: Sample[] = [];
let outage: { undo: () => void } | undefined;
const pause = (Number(seconds) * 1_000) / ((DAYS * DAY) / EVERY);
for (let at = 0, readings = 0; at < DAYS * DAY; readings++) {
  if (at === OUTAGE.from) outage = nucleus.faults.offline();
  if (at === OUTAGE.to) outage?.undo();
  reading$.next({ kWh: readings / 10 });
  const next = at + EVERY;
  for (; at < next; at += MINUTE) {
    passTo(at + MINUTE);
    // What the disk and the nucleus do takes real time.
    while (underWay > 0) await setTimeout(1);
  }
  await setTimeout(pause);
  while (underWay > 0 || stored <= readings) await setTimeout(1);
  if (at % (DAY / 12) !== 0) continue;
  samples.push({ at, depth, live: Math.max(0, ...delays.live), replayed: delays.replayed.at(-1) ?? 0 });
  if (at % DAY === 0) tell(at / DAY, samples.slice(-12));
  delays = { live: [], replayed: [] };
}
// The last reading is sent a moment later.
while (depth > 0) {
  passTo(time.now() + MINUTE);
  await setTimeout(pause);
}
running.unsubscribe();
const numbers = sent.map(({ number }) => number);
console.log(`${stored} readings stored, ${new Set(numbers).size} sent, ${numbers.length - new Set(numbers).size} of them twice.`);
await outbox.close();
console.log(`The file has ${Math.round((await stat(path)).size / 1_024)} KiB.`);
if (pictureFile !== undefined) await writeFile(pictureFile, picture(samples, OUTAGE, DAY));
await proxy.close();
await nucleus.stop();
await rm(folder, { recursive: true });

function tell(day: number, hours: readonly Sample[]): void {
  const offline = day * DAY > OUTAGE.from && day * DAY <= OUTAGE.to;
  const late = (milliseconds: number): string =>
    milliseconds === 0 ? '-' : milliseconds < DAY / 24 ? '< 1 h' : `${(milliseconds / DAY).toFixed(1)} d`;
  const live = late(Math.max(...hours.map(({ live }) => live)));
  const replayed = late(hours.at(-1)?.replayed ?? 0);
  const bar = '█'.repeat(Math.round(depth / 100));
  console.log(
    `day ${String(day).padStart(2)} ${offline ? 'offline' : 'online '}  live late by ${live.padEnd(5)}  replayed late by ${replayed.padEnd(5)}  waiting ${bar}`.trimEnd(),
  );
}

function orThrow<A>(either: E.Either<Error, A>): A {
  if (E.isLeft(either)) throw either.left;
  return either.right;
}
