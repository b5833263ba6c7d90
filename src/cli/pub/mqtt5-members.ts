import type { Mqtt5Members } from '../../ports/mqtt-message.js';
import { UsageError } from '../cli-error.js';

/** The members of a message as flags give them. */
export interface MemberFlags {
  readonly retain?: boolean | undefined;
  readonly contentType?: string | undefined;
  readonly responseTopic?: string | undefined;
  readonly correlationData?: string | undefined;
  /** Milliseconds. */
  readonly expiry?: number | undefined;
  /** Each `name=value`. */
  readonly userProperty: readonly string[];
}

export function membersOf(flags: MemberFlags): Mqtt5Members {
  const { retain, contentType, responseTopic, correlationData, expiry, userProperty } = flags;
  return {
    ...(retain === undefined ? {} : { retain }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(correlationData === undefined ? {} : { correlationData: Buffer.from(correlationData) }),
    // The protocol counts whole seconds.
    ...(expiry === undefined ? {} : { messageExpiryIntervalSeconds: Math.max(1, Math.round(expiry / 1_000)) }),
    ...(userProperty.length === 0 ? {} : { userProperties: userProperty.map(userPropertyOf) }),
  };
}

function userPropertyOf(text: string): { readonly key: string; readonly value: string } {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`${JSON.stringify(text)} is no user property.`, 'Write --user-property name=value.');
  return { key: text.slice(0, at), value: text.slice(at + 1) };
}
