import type { BrokerMessage } from '../broker/broker.js';

/**
 * What can go wrong, by the words that stand in a diagram's table of faults and in scripts of `dev --chaos`. `a` … `b`: from the first word
 * to the second. What strikes the next of something strikes once.
 *
 * The connection:
 * - `drop connection`: the connections there are break, and the nucleus takes the next.
 * - `kill nucleus` … `start nucleus`: nobody listens; the tokens stay.
 * - `remove socket` … `start nucleus`, `fill backlog` … `start nucleus`: nobody can connect; who is connected stays.
 * - `restart nucleus`: with other tokens, as a device does, so that the component is refused for ever. It listens, whatever was before.
 * - `hang connect`, `drop before connect reply`, `refuse connect`: the next connect.
 * - `corrupt frame`, `cut frame`: the next frame from the nucleus.
 * - `freeze nucleus` … `thaw nucleus`: it neither reads nor writes, which is what Lite does while another component does not read.
 * - `old nucleus` … `all well`: a server of before mid-2025, or a Lite of before 2.3.0, on which a late terminate costs the connection.
 *
 * The device: `offline` … `online`, `broker down` … `broker up`, `spool full` … `spool free`, `withhold pubacks` … `release pubacks`.
 *
 * Operations. `publish` and `subscribe` are the MQTT proxy's:
 * - `hang publish`, `hang subscribe`, `hang local publish`, `hang local subscribe`, `hang configuration`, `hang lifecycle`: the next one is
 *   done and never answered.
 * - `drop before publish reply` and so on for the same six: the next one is done, and the connection breaks instead of an answer.
 * - `withhold publish` … `release publish` and so on, but for `lifecycle`: answers wait.
 * - `deny subscription`: the cloud's own policy denies the next one.
 * - `unauthorized` … `authorized`: every new operation is refused.
 *
 * Greengrass Lite:
 * - `stop configuration daemon` … `start configuration daemon`: it has no configuration, and refuses as unauthorized what its policies
 *   allow; afterwards nobody who followed a configuration is told of changes.
 * - `stop pubsub daemon` … `start pubsub daemon`: local topics fail; afterwards the subscriptions of before are dead.
 * - `hang mqtt daemon` … `restart mqtt daemon`, which is what churn on a busy topic does: nothing arrives, publishes and subscribes fail
 *   after ten seconds; afterwards the subscriptions of before are dead.
 *
 * Subscriptions to the MQTT proxy, and to local topics with `local` in the word:
 * - `lose subscriptions` … `find subscriptions`, `lose local subscriptions` … `find local subscriptions`: those there are get nothing,
 *   without a word; those made later do.
 * - `end subscriptions`: the nucleus ends them.
 * - `message before reply`, `local message before reply`: the answer to the next subscribe waits for its first message.
 *
 * `all well` undoes whatever is still armed.
 */
export type FaultName = BeginningWord | EndingWord | 'all well';

/** The words that something goes wrong with. */
export type BeginningWord =
  | 'drop connection'
  | 'kill nucleus'
  | 'remove socket'
  | 'fill backlog'
  | 'restart nucleus'
  | 'hang connect'
  | 'drop before connect reply'
  | 'refuse connect'
  | 'corrupt frame'
  | 'cut frame'
  | 'freeze nucleus'
  | 'offline'
  | 'broker down'
  | 'spool full'
  | 'withhold pubacks'
  | 'hang publish'
  | 'hang subscribe'
  | 'drop before publish reply'
  | 'drop before subscribe reply'
  | 'withhold publish'
  | 'withhold subscribe'
  | 'hang local publish'
  | 'hang local subscribe'
  | 'hang configuration'
  | 'hang lifecycle'
  | 'drop before local publish reply'
  | 'drop before local subscribe reply'
  | 'drop before configuration reply'
  | 'drop before lifecycle reply'
  | 'withhold local publish'
  | 'withhold local subscribe'
  | 'withhold configuration'
  | 'deny subscription'
  | 'unauthorized'
  | 'stop configuration daemon'
  | 'hang mqtt daemon'
  | 'stop pubsub daemon'
  | 'lose local subscriptions'
  | 'lose subscriptions'
  | 'end subscriptions'
  | 'message before reply'
  | 'local message before reply'
  | 'old nucleus';

/** The words that end what lasts, each the opposite of another. */
export type EndingWord =
  | 'start nucleus'
  | 'thaw nucleus'
  | 'broker up'
  | 'spool free'
  | 'release pubacks'
  | 'release publish'
  | 'release subscribe'
  | 'release local publish'
  | 'release local subscribe'
  | 'release configuration'
  | 'authorized'
  | 'start configuration daemon'
  | 'restart mqtt daemon'
  | 'start pubsub daemon'
  | 'find local subscriptions'
  | 'find subscriptions'
  | 'online';

/** A message of a fault; a text payload is sent as UTF-8. */
export interface FaultMessage extends Omit<BrokerMessage, 'payload' | 'qos'> {
  readonly payload: Uint8Array | string;
}

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

/** The names of the faults with details. */
export type DetailedWord = FaultWithDetails extends infer F ? (F extends unknown ? keyof F : never) : never;
