import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { PageMark, PageMessage } from '../src/cli/page/page-state.js';
import { messageOf } from './ask.js';
import { compact } from './diagram.js';
import { MAX_TIME, type ShownLane, type Store } from './store.js';

/** Seconds that the lanes show. */
const ZOOMS = [5, 15, 60, MAX_TIME] as const;
/** Pixels: the height of a lane, the radius of a marble, and how far beside it a click still is one on it. */
const LANE = 34;
const RADIUS = 6;
const NEAR = 14;
/** Pixels by which two marbles are apart at least. */
const OVERLAP = 3;

/** A message that somebody looks at. */
type Looked = { readonly mark: PageMark; readonly message: PageMessage | 'gone' | undefined } | undefined;

/** Topics as lanes, with a marble for each message, or for some where there are many. */
export function Lanes({ store }: { readonly store: Store }): JSX.Element {
  const [seconds, zoom] = useState<number>(15);
  const [stoppedAt, stop] = useState<number | undefined>(undefined);
  const [looked, look] = useState<Looked>(undefined);
  const list = useRef<HTMLUListElement>(null);
  const moving = useRef(new Map<HTMLCanvasElement, Animation>());
  const lanes = [...store.lanes].sort((one, other) => one.way.localeCompare(other.way) || one.topicName.localeCompare(other.topicName));
  const open = (mark: PageMark | undefined): void => {
    if (mark === undefined) return;
    look({ mark, message: undefined });
    void messageOf(mark.id).then(message => look({ mark, message: message ?? 'gone' }));
  };
  const shown = (): Shown => ({ now: stoppedAt ?? Date.now() - store.ahead, seconds, looked: looked?.mark.id });
  useEffect(() => {
    if (list.current !== null) drawLanes(list.current, lanes, shown(), stoppedAt === undefined, moving.current);
  });
  const click = (event: MouseEvent, lane: ShownLane): void => {
    const { left, width } = (event.currentTarget as Element).getBoundingClientRect();
    const now = shown();
    const near = (mark: PageMark): number => Math.abs(placeOf(mark, now, width) - (event.clientX - left));
    const nearest = lane.marks.reduce<PageMark | undefined>(
      (best, mark) => (best === undefined || near(mark) < near(best) ? mark : best),
      undefined,
    );
    if (nearest !== undefined && near(nearest) <= NEAR) open(nearest);
  };
  return (
    <>
      <div class="bar">
        <button type="button" aria-pressed={stoppedAt !== undefined} onClick={() => stop(stoppedAt === undefined ? store.at : undefined)}>
          {stoppedAt === undefined ? 'Pause' : 'Go on'}
        </button>
        <span class="group" role="group" aria-label="Zoom">
          {ZOOMS.map(each => (
            <button type="button" key={each} aria-pressed={each === seconds} onClick={() => zoom(each)}>
              {each < 60 ? `${String(each)} s` : `${String(each / 60)} min`}
            </button>
          ))}
        </span>
      </div>
      {lanes.length === 0 && <p class="empty">No message yet.</p>}
      <ul class="lanes" ref={list}>
        {lanes.map(lane => (
          <li key={lane.id}>
            <button type="button" class="lane" title="The latest message" onClick={() => open(lane.marks.at(-1))}>
              <span class={lane.way}>{lane.way === 'in' ? '←' : '→'}</span> <span class="topic">{lane.topicName}</span>
              {lane.isLocal && <span class="tag">local</span>} <span class="count">{compact(lane.messages)}</span>
            </button>
            <div class="marbles" onClick={event => click(event, lane)} aria-hidden="true">
              <canvas height={LANE} />
            </div>
          </li>
        ))}
      </ul>
      {looked !== undefined && <Message looked={looked} close={() => look(undefined)} />}
    </>
  );
}

/** What the lanes show: up to when, of how many seconds, and with which mark larger than the others. */
interface Shown {
  readonly now: number;
  readonly seconds: number;
  readonly looked: number | undefined;
}

/** Where on a lane that is so many pixels wide. */
function placeOf({ at }: PageMark, { now, seconds }: Shown, width: number): number {
  return width - 8 - ((now - at) / (seconds * 1_000)) * width;
}

/**
 * Draws the lanes that are on the screen, or near it. They are drawn a few times a second; in between the browser moves what is drawn,
 * which costs it next to nothing.
 */
function drawLanes(
  list: HTMLUListElement,
  lanes: readonly ShownLane[],
  shown: Shown,
  doesMove: boolean,
  moving: Map<HTMLCanvasElement, Animation>,
): void {
  const style = getComputedStyle(list);
  const colours = { in: style.getPropertyValue('--in'), out: style.getPropertyValue('--out') };
  // All questions first: an answer after a change is worked out anew.
  const canvases = [...list.querySelectorAll('canvas')].map((canvas, i) => {
    const { width, top } = canvas.parentElement?.getBoundingClientRect() ?? new DOMRect();
    return { canvas, lane: lanes[i], width, isSeen: top > -innerHeight && top < 2 * innerHeight };
  });
  for (const { canvas, lane, width, isSeen } of canvases) {
    if (lane === undefined || !isSeen) continue;
    drawMarbles(canvas, lane.marks, colours[lane.way], shown, width);
    moving.get(canvas)?.cancel();
    if (!doesMove || matchMedia('(prefers-reduced-motion: reduce)').matches) continue;
    const way = [{ transform: 'none' }, { transform: `translateX(${String(-width)}px)` }];
    moving.set(canvas, canvas.animate(way, { duration: shown.seconds * 1_000, fill: 'forwards' }));
  }
  for (const canvas of moving.keys()) if (!canvas.isConnected) moving.delete(canvas);
}

function drawMarbles(canvas: HTMLCanvasElement, marks: readonly PageMark[], colour: string, shown: Shown, width: number): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const ratio = devicePixelRatio;
  if (canvas.width !== Math.round(width * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(LANE * ratio);
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, LANE);
  context.fillStyle = colour;
  context.beginPath();
  let before = -Infinity;
  for (const mark of marks) {
    const x = placeOf(mark, shown, width);
    const isLooked = mark.id === shown.looked;
    // What lies on the one before cannot be told from it.
    if (x < -RADIUS || x > width + RADIUS || (x - before < OVERLAP && !isLooked)) continue;
    before = x;
    context.moveTo(x, LANE / 2);
    context.arc(x, LANE / 2, isLooked ? RADIUS + 3 : RADIUS, 0, Math.PI * 2);
  }
  context.fill();
}

function Message({ looked: { mark, message }, close }: { readonly looked: NonNullable<Looked>; readonly close: () => void }): JSX.Element {
  const isGone = message === 'gone';
  return (
    <section class="message" aria-label="Message" aria-live="polite">
      <button type="button" class="close" onClick={close}>
        Close
      </button>
      {message === undefined && <p>…</p>}
      {isGone && <p>This message is no longer kept: many have come since.</p>}
      {message !== undefined && !isGone && (
        <>
          <h3>{message.topicName}</h3>
          <p class="dim">
            {new Date(mark.at).toLocaleTimeString()} · {message.bytes} bytes · {message.encoding}
          </p>
          <pre tabIndex={0}>{pretty(message)}</pre>
        </>
      )}
    </section>
  );
}

function pretty({ encoding, payload }: PageMessage): string {
  if (encoding !== 'json') return payload;
  try {
    return JSON.stringify(JSON.parse(payload), undefined, 2);
  } catch {
    return payload;
  }
}
