import type { FaultName, FaultWithDetails } from '../local/faults/fault-words.js';

export type { FaultName, FaultWithDetails };

/**
 * What happens to the device, in a marble test alone.
 *
 * `power cut`: whatever is in memory only is gone at once, and the device starts again. All connections break, a spool and unanswered publishes of the
 * nucleus are lost, and the streams that the test was given are unsubscribed without a word and subscribed again, as in a process that is started anew.
 * An outbox has what it had committed; what it had handed out it hands out again, as sent perhaps.
 *
 * `disk full`: outboxes can store nothing, until `disk free`.
 */
export type DeviceFault = 'power cut' | 'disk full' | 'disk free';

/** What a symbol among the faults stands for. A function is called: for whatever has no name. */
export type Fault = FaultName | FaultWithDetails | (() => void);

/** What can be drawn: what happens to the nucleus, and what happens to the device. */
export type DrawnFault = Fault | DeviceFault;
