import { pullThrough, QOS, type MqttProxy } from 'greengrass-rx';
import { component } from 'greengrass-rx/component';
import type { Pullable } from 'greengrass-rx/flow';
import { E, t } from 'greengrass-rx/fp';
import { forwardFrom, storeIn, type Outbox } from 'greengrass-rx/outbox';
import { defer, finalize, tap } from 'rxjs';
import { Inbox, type Line } from './inbox.js';

/** Where lines go. */
const LINES = 'gateway/lines';

/**
 * Bytes on the disk for what waits. Half of them are for lines: what is read while the outbox is fuller than that would push out what is in
 * it.
 */
const OUTBOX_BYTES = 64 << 20;

/** What a deployment can set: a folder, in the component's work folder unless the path is a whole one. */
const Config = t.type({ folder: t.string });

/** What becomes of a file: all its lines are stored, or it has to be read again. */
type Files = Pick<Inbox, 'done' | 'again'>;

/** Stores lines as fast as the disk takes them, with no more than a few in memory, and says what became of their files. */
export function stored(lines: Pullable<Line>, outbox: Outbox, files: Files) {
  const failed = new Set<string>();
  const store = storeIn(outbox, ({ text }: Line) => ({ topicName: LINES, payload: text, qos: QOS.AT_LEAST_ONCE }), { name: 'lines' });
  return pullThrough(lines, store).pipe(
    tap(outcome => {
      const value = E.isRight(outcome) ? outcome.right.value : 'value' in outcome.left ? outcome.left.value : undefined;
      if (value === undefined) return;
      if (E.isLeft(outcome)) failed.add(value.file);
      if (!value.isLast) return;
      if (failed.delete(value.file)) files.again(value.file);
      else files.done(value.file);
    }),
  );
}

/** Reads until the component is told to stop. */
function upload(proxy: MqttProxy, outbox: Outbox, folder: string) {
  return defer(() => {
    const inbox = new Inbox(folder);
    const stop = new AbortController();
    let waiting = 0;
    const following = outbox.depth$.subscribe(({ bytes }) => (waiting = bytes));
    following.add(proxy.draining$.subscribe(() => stop.abort()));
    return stored(
      inbox.lines(stop.signal, () => waiting < OUTBOX_BYTES / 2),
      outbox,
      inbox,
    ).pipe(finalize(() => following.unsubscribe()));
  });
}

export default component({
  name: 'com.example.MyComponent',
  version: '1.0.0',
  description: 'Sends the lines of files that are put into a folder, through times without a connection.',
  config: Config,
  defaults: { folder: 'inbox' },
  run: (proxy, { folder }, { openOutbox }) => {
    // The envelope tells the receiver what was sent twice and what is late. Greengrass Lite carries no user properties.
    const outbox = openOutbox({ topics: [LINES], mark: 'wrap', maxBytes: OUTBOX_BYTES });
    return { stored: upload(proxy, outbox, folder), forwarded: forwardFrom(outbox, proxy) };
  },
});
