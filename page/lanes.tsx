import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { PageMark, PageMessage } from '../src/cli/page/page-state.js';
import { messageOf } from './ask.js';
import { compact } from './diagram.js';
import type { ShownLane, Store } from './store.js';

/** Seconds that the lanes show. */
const ZOOMS = [5, 15, 60, 240] as const;
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
  const lanes = [...store.lanes].sort((one, other) => one.way.localeCompare(other.way) || one.topicName.localeCompare(other.topicName));
  const open = (mark: PageMark | undefined): void => {
    if (mark === undefined) return;
    look({ mark, message: undefined });
    void messageOf(mark.id).then(message => look({ mark, message: message ?? 'gone' }));
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
      <ul class="lanes">
        {lanes.map(lane => (
          <li key={lane.id}>
            <button type="button" class="lane" title="The latest message" onClick={() => open(lane.marks.at(-1))}>
              <span class={lane.way}>{lane.way === 'in' ? '←' : '→'}</span> <span class="topic">{lane.topicName}</span>
              {lane.isLocal && <span class="tag">local</span>} <span class="count">{compact(lane.messages)}</span>
            </button>
            <Marbles store={store} lane={lane} seconds={seconds} stoppedAt={stoppedAt} looked={looked?.mark} open={open} />
          </li>
        ))}
      </ul>
      {looked !== undefined && <Message looked={looked} close={() => look(undefined)} />}
    </>
  );
}

interface MarblesProps {
  readonly store: Store;
  readonly lane: ShownLane;
  readonly seconds: number;
  readonly stoppedAt: number | undefined;
  readonly looked: PageMark | undefined;
  readonly open: (mark: PageMark | undefined) => void;
}

/** One lane, drawn anew with each frame of the screen, as far as it is on it. */
function Marbles({ store, lane, seconds, stoppedAt, looked, open }: MarblesProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const shown = useRef({ lane, seconds, stoppedAt, looked });
  shown.current = { lane, seconds, stoppedAt, looked };
  const placeOf = (at: number, width: number): number => {
    const now = shown.current.stoppedAt ?? Date.now() - store.ahead;
    return width - 8 - ((now - at) / (shown.current.seconds * 1_000)) * width;
  };
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (element === null || context === null || context === undefined) return;
    let frame = 0;
    let isSeen = true;
    let colours = coloursOf(element, lane.way);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const onScheme = (): void => {
      colours = coloursOf(element, lane.way);
    };
    dark.addEventListener('change', onScheme);
    const seen = new IntersectionObserver(([entry]) => {
      isSeen = entry?.isIntersecting ?? true;
    });
    seen.observe(element);
    const draw = (): void => {
      frame = requestAnimationFrame(draw);
      if (isSeen) drawMarbles(element, context, colours, shown.current, placeOf);
    };
    draw();
    return () => {
      cancelAnimationFrame(frame);
      dark.removeEventListener('change', onScheme);
      seen.disconnect();
    };
  }, []);
  const click = (event: MouseEvent): void => {
    const { width } = (event.currentTarget as Element).getBoundingClientRect();
    const near = (mark: PageMark): number => Math.abs(placeOf(mark.at, width) - event.offsetX);
    const nearest = lane.marks.reduce<PageMark | undefined>(
      (best, mark) => (best === undefined || near(mark) < near(best) ? mark : best),
      undefined,
    );
    if (nearest !== undefined && near(nearest) <= NEAR) open(nearest);
  };
  return <canvas ref={canvas} class="marbles" height={LANE} onClick={click} aria-hidden="true" />;
}

interface Colours {
  readonly line: string;
  readonly marble: string;
}

/** Asked for once: the browser works styles out anew for each question. */
function coloursOf(canvas: HTMLCanvasElement, way: 'in' | 'out'): Colours {
  const style = getComputedStyle(canvas);
  return { line: style.borderTopColor, marble: style.getPropertyValue(way === 'in' ? '--in' : '--out') };
}

function drawMarbles(
  canvas: HTMLCanvasElement,
  context: CanvasRenderingContext2D,
  colours: Colours,
  { lane, looked }: { readonly lane: ShownLane; readonly looked: PageMark | undefined },
  placeOf: (at: number, width: number) => number,
): void {
  const ratio = devicePixelRatio;
  const width = canvas.clientWidth;
  if (canvas.width !== Math.round(width * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(LANE * ratio);
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, LANE);
  context.strokeStyle = colours.line;
  context.beginPath();
  context.moveTo(0, LANE / 2);
  context.lineTo(width, LANE / 2);
  context.stroke();
  context.fillStyle = colours.marble;
  context.beginPath();
  let before = -Infinity;
  for (const mark of lane.marks) {
    const x = placeOf(mark.at, width);
    // What lies on the one before cannot be told from it.
    if (x < -RADIUS || x > width + RADIUS || (x - before < OVERLAP && mark.id !== looked?.id)) continue;
    before = x;
    context.moveTo(x, LANE / 2);
    context.arc(x, LANE / 2, mark.id === looked?.id ? RADIUS + 3 : RADIUS, 0, Math.PI * 2);
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
