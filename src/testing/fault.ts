import type { FaultMessage } from '../local/faults/faults.js';

/**
 * What can go wrong, by the words that stand in a diagram's table of faults.
 *
 * The connection: `drop connection` (and the nucleus takes the next), `kill nucleus` and `start nucleus` (nobody listens in between; the
 * tokens stay), `restart nucleus` (with other tokens, as a device does: the component is refused for ever), `remove socket` and
 * `fill backlog` until `start nucleus`, `hang connect`, `drop before connect reply`, `refuse connect` (each the next one), `corrupt frame` and `cut frame` (the next
 * frame from the nucleus), `freeze nucleus` and `thaw nucleus` (in between it neither reads nor writes: what Lite does while another component
 * does not read).
 *
 * The device: `offline`, `online`, `broker down`, `broker up`, `spool full`, `spool free`, `withhold pubacks`, `release pubacks`.
 *
 * Operations: `hang publish` and `hang subscribe` (the next one is done and never answered), `drop before publish reply`,
 * `drop before subscribe reply`, `withhold publish` (its answers, until `release publish`) and `withhold subscribe`, `deny subscription` (the next one, by the cloud's own policy),
 * `unauthorized` (from here on every new operation) and `authorized`.
 *
 * Subscriptions: `lose subscriptions` (silently; those made later live) and `find subscriptions`, `end subscriptions` (the nucleus ends
 * them), `message before reply` (the answer to the next subscribe waits for its first message).
 *
 * `all well` undoes whatever is still armed.
 */
export type FaultName =
  | 'drop connection'
  | 'kill nucleus'
  | 'start nucleus'
  | 'restart nucleus'
  | 'remove socket'
  | 'fill backlog'
  | 'hang connect'
  | 'drop before connect reply'
  | 'refuse connect'
  | 'corrupt frame'
  | 'cut frame'
  | 'freeze nucleus'
  | 'thaw nucleus'
  | 'offline'
  | 'online'
  | 'broker down'
  | 'broker up'
  | 'spool full'
  | 'spool free'
  | 'withhold pubacks'
  | 'release pubacks'
  | 'hang publish'
  | 'hang subscribe'
  | 'drop before publish reply'
  | 'drop before subscribe reply'
  | 'withhold publish'
  | 'release publish'
  | 'withhold subscribe'
  | 'release subscribe'
  | 'deny subscription'
  | 'unauthorized'
  | 'authorized'
  | 'lose subscriptions'
  | 'find subscriptions'
  | 'end subscriptions'
  | 'message before reply'
  | 'old nucleus'
  | 'all well';

/** A fault with something to it. */
export type FaultWithDetails =
  /** This message comes before the answer to the next subscribe. */
  | { readonly messageBeforeReply: FaultMessage }
  /** Right after the answer to the next subscribe come these, and then the nucleus ends it. */
  | { readonly burstThenEnd: readonly FaultMessage[] }
  /** The nucleus ends all subscriptions, after these messages. */
  | { readonly endSubscriptions: readonly FaultMessage[] }
  /** The connection breaks once this many messages more have been sent on it. */
  | { readonly dropAfterMessages: number }
  /** From here on bytes come in pieces of this size. */
  | { readonly splitFrames: number }
  /** From here on nothing comes until this many frames wait; then all of them at once. */
  | { readonly glueFrames: number };

/** What a symbol among the faults stands for. A function is called: for whatever has no name. */
export type Fault = FaultName | FaultWithDetails | (() => void);
