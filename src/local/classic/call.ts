import type { DeviceSubscriptions } from '../broker/device-subscriptions.js';
import type { MqttVersion } from '../local-nucleus-options.js';
import type { LocalTopics } from '../pubsub/local-topics.js';
import { Call } from '../server/call.js';
import type { ProfileContext } from '../server/protocol.js';
import { classicError, type ClassicErrorCode } from './replies.js';
import type { ClassicSpool, SpoolLimits } from './spool.js';

/** Limits of the classic nucleus that a device's configuration can change. */
export interface ClassicLimits {
  readonly spool: SpoolLimits;
  readonly mqttVersion: MqttVersion;
  /** The largest payload, in bytes: 128 KiB. */
  readonly maxPayload: number;
}

/** What the connections of a classic nucleus work with. */
export interface ClassicShared {
  readonly context: ProfileContext;
  readonly limits: ClassicLimits;
  readonly spool: ClassicSpool;
  readonly table: DeviceSubscriptions;
  readonly local: LocalTopics;
}

/** The members of a request. */
export type Members = Readonly<Record<string, unknown>>;

/** One operation being carried out on one stream of a classic nucleus. */
export class ClassicCall extends Call<ClassicShared> {
  /** The last frame of the stream. The client may end the stream first, while a fault keeps the frame back. */
  end(frame: () => Buffer): void {
    const { caller, streams, streamId } = this;
    streams.keep(streamId);
    this.answer(() => {
      if (streams.close(streamId)) caller.peer.send(frame(), false);
    });
  }

  /** The answer of a stream that stays open. Who calls this has kept the stream. */
  begin(frame: () => Buffer): void {
    const { caller, streams, streamId } = this;
    this.answer(() => {
      if (streams.has(streamId)) caller.peer.send(frame(), false);
    });
  }

  fail(code: ClassicErrorCode, message: string | undefined, resource?: string, context?: Members): void {
    this.caller.failed(this.operation, code, message ?? '', resource);
    this.end(() => classicError(this.streamId, code, message, context));
  }
}
