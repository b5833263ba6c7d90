import { TestScheduler } from 'rxjs/testing';

/** What a diagram says happens at a frame. */
export type Drawn = { readonly at: number } & (
  { readonly kind: 'N'; readonly symbol: string } | { readonly kind: 'C' } | { readonly kind: 'E' }
);

/** Reads a marble diagram: RxJS' syntax in full, one frame a millisecond. */
export function parseDiagram(diagram: string): readonly Drawn[] {
  return inMilliseconds(() =>
    TestScheduler.parseMarbles(diagram, undefined, undefined, false, true).map(({ frame: at, notification }): Drawn => {
      // Without a table of values each symbol is its own value.
      if (notification.kind === 'N') return { at, kind: 'N', symbol: String(notification.value) };
      return { at, kind: notification.kind };
    }),
  );
}

/** From when to when a subscription is open. `Infinity`: to the end. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Reads a subscription diagram: `^` and `!`. */
export function parseSpan(diagram: string): Span {
  return inMilliseconds(() => {
    const { subscribedFrame, unsubscribedFrame } = TestScheduler.parseMarblesAsSubscriptions(diagram, true);
    return { from: subscribedFrame, to: unsubscribedFrame };
  });
}

/** Frames are milliseconds only inside `TestScheduler.run`. */
function inMilliseconds<A>(parse: () => A): A {
  const [dash] = TestScheduler.parseMarbles('-a', undefined, undefined, false, true);
  return dash?.frame === 1 ? parse() : new TestScheduler(() => undefined).run(parse);
}

/** The last frame that a diagram speaks of. */
export function lengthOf(diagram: string): number {
  return parseDiagram(diagram).reduce((last, { at }) => Math.max(last, at), 0);
}
