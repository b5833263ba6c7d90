/** A name and value that travel with an MQTT 5 message. Names may repeat. */
export interface BrokerUserProperty {
  readonly key: string;
  readonly value: string;
}

/** A message between a device and its broker. */
export interface BrokerMessage {
  readonly topicName: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  readonly retain?: boolean | undefined;
  readonly userProperties?: readonly BrokerUserProperty[] | undefined;
  readonly messageExpiryIntervalSeconds?: number | undefined;
  readonly correlationData?: Uint8Array | undefined;
  readonly responseTopic?: string | undefined;
  /** `'0'` bytes, `'1'` UTF-8. */
  readonly payloadFormat?: '0' | '1' | undefined;
  readonly contentType?: string | undefined;
}
