import { Failure } from './failure.js';
import { plural } from '../shared/visible.js';

/**
 * A stored message that will never be sent: the nucleus refuses it for good, or each time it was sent the process ended. It is kept in the
 * file, with its reason.
 */
export class SetAside extends Failure<'SetAside', 'message'> {
  readonly _tag = 'SetAside';
  readonly code = 'GGRX_SET_ASIDE';
  readonly retryable = false;
  readonly topicName: string;
  readonly number: number;

  constructor(topicName: string, number: number, cause: Error) {
    super('message', `The stored message ${number} to ${JSON.stringify(topicName)} was set aside: ${cause.message}`, cause);
    this.topicName = topicName;
    this.number = number;
  }
}

/** Why stored messages are gone. */
export type StoredLostReason = 'dropped' | 'expired' | 'damaged' | 'setAside';

/** Stored messages that are gone without having been sent. The mark of the next message tells the receiver which numbers they had. */
export class StoredMessagesLost extends Failure<'StoredMessagesLost', 'gap'> {
  readonly _tag = 'StoredMessagesLost';
  readonly code = 'GGRX_STORED_MESSAGES_LOST';
  readonly retryable = false;
  readonly reason: StoredLostReason;
  readonly messages: number;

  constructor(reason: StoredLostReason, messages: number) {
    const were = plural(messages, 'stored message', ['was', 'were']);
    const why = {
      dropped: `${plural(messages, 'stored message')} gave way, since the outbox was full`,
      expired: `${were} too old`,
      damaged: `${were} damaged on the disk`,
      setAside: `${were} set aside: each time one was sent alone the process ended`,
    };
    super('gap', `${why[reason]}.`);
    this.reason = reason;
    this.messages = messages;
  }
}

/** Why an outbox cannot be used. */
export type OutboxUnavailableReason =
  'needs-newer-node' | 'disk-full' | 'read-only' | 'busy' | 'damaged' | 'unreadable' | 'sync-failed' | 'unusable' | 'closed' | 'forwarding';

const OUTBOX_REMEDY: Record<OutboxUnavailableReason, string> = {
  'needs-newer-node': 'needs Node 22.13 or newer, which has node:sqlite. Run the component with such a Node, or without an outbox.',
  'disk-full': 'has no room on the disk: nothing of this was stored. Free some space, or give the outbox a smaller maxBytes.',
  'read-only': 'may not be written. Give the component a folder that its user may write to; its own work folder is one.',
  busy: 'is open in another process or another outbox. One file belongs to one outbox at a time.',
  damaged: 'is damaged. What could be read has been kept.',
  unreadable:
    'cannot be read from the disk. Nothing of it is thrown away: check the disk, and start the process again. To begin with an empty one, move the file and those beside it away.',
  'sync-failed':
    'could not be synced to the disk. How much of it is there is not known, so nothing more is acknowledged from it. Check the disk, and start the process again.',
  unusable: 'cannot be used. The cause says what was reported.',
  closed: 'has been closed.',
  forwarding: 'has a forwarder already. One forwardFrom sends all that is stored; share its stream instead of subscribing to it twice.',
};

/** An outbox could not store a message, or could not hand out what it has stored. What was reported as stored stays stored. */
export class OutboxUnavailable<K extends 'message' | 'terminal' = 'message' | 'terminal'> extends Failure<'OutboxUnavailable', K> {
  readonly _tag = 'OutboxUnavailable';
  readonly code = 'GGRX_OUTBOX_UNAVAILABLE';
  readonly retryable: boolean;
  readonly path: string;
  readonly reason: OutboxUnavailableReason;

  constructor(kind: K, path: string, reason: OutboxUnavailableReason, cause?: unknown) {
    super(kind, `The outbox ${path} ${OUTBOX_REMEDY[reason]}`, cause);
    this.path = path;
    this.reason = reason;
    this.retryable = reason === 'disk-full' || reason === 'busy';
  }
}
