import { connectAsync, type MqttClient } from 'mqtt';
import { Subject as RxSubject } from 'rxjs';
import type { TransportName } from '../../src/shared/profile.js';
import { startLocalNucleus, type LocalNucleus } from '../../src/local/index.js';
import { connect } from '../../src/client/connect.js';
import type { Profile } from '../../src/ports/mqtt-proxy.js';
import { fixed } from '../../src/schedule/index.js';
import { record } from '../kit/streams/recorded.js';
import {
  ACCESS_CONTROL,
  type BreakingPoint,
  holds,
  type Outside,
  type OutsideMessage,
  type SubjectFaults,
  type SubjectKind,
} from './subject.js';

export const COMPONENT = 'com.example.Contract';

/** A local nucleus with one component that may use `test/#`. */
export function startNucleus(profile: Profile): Promise<LocalNucleus> {
  return startLocalNucleus({ profile, components: [{ name: COMPONENT, accessControl: ACCESS_CONTROL }] });
}

/** `connect()` over a transport, against a local nucleus of a profile, with mqtt.js as everyone else. */
export function nucleusSubject(transport: TransportName, profile: Profile): SubjectKind {
  return {
    name: `${transport} to a ${profile} nucleus`,
    profile,
    start: async () => {
      const nucleus = await startNucleus(profile);
      // Connects only when somebody is needed: a broker without clients is a good deal quicker.
      let client: Promise<MqttClient> | undefined;
      const events$ = new RxSubject<void>();
      let disconnections = 0;
      let publishes = 0;
      nucleus.observe(({ kind }) => {
        if (kind === 'disconnected') disconnections++;
        if (kind === 'published') publishes++;
        events$.next();
      });
      const proxy = connect({
        refusalPatience: 0,
        socketPath: nucleus.socketPath,
        authToken: nucleus.authToken(COMPONENT),
        transport,
        reconnect: fixed(1),
      });
      return {
        proxy,
        outside: outsideOf(() => (client ??= connectAsync(nucleus.mqttUrl, { reconnectPeriod: 0 }))),
        faults: faultsOf(nucleus),
        open: () => ({ connections: nucleus.connections, subscriptions: nucleus.subscriptions }),
        seen: () => ({ disconnections, publishes }),
        settled: fits => holds(fits, events$),
        stop: async () => {
          await proxy.close();
          await (await client)?.endAsync(true);
          await nucleus.stop();
        },
      };
    },
  };
}

function outsideOf(client: () => Promise<MqttClient>): Outside {
  return {
    publish: async (topicName, payload) => {
      await (await client()).publishAsync(topicName, typeof payload === 'string' ? payload : Buffer.from(payload), { qos: 1 });
    },
    subscribe: async topicFilter => {
      const messages$ = new RxSubject<OutsideMessage>();
      const subscriber = await client();
      subscriber.on('message', (topicName, payload) => messages$.next({ topicName, payload }));
      const messages = record(messages$);
      await subscriber.subscribeAsync(topicFilter, { qos: 1 });
      return messages;
    },
  };
}

function faultsOf({ faults }: LocalNucleus): SubjectFaults {
  const points: Record<BreakingPoint, () => void> = {
    'before the connection is accepted': () => faults.noConnectAck({ times: 1, onStrike: () => faults.killConnections() }),
    'instead of the answer to a publish': () => faults.dropBeforeReply({ operation: 'publish', times: 1 }),
    'within the answer to a publish': () => faults.killMidFrame({ times: 1 }),
    'instead of the answer to a subscribe': () => faults.dropBeforeReply({ operation: 'subscribe', times: 1 }),
    'within the answer to a subscribe': () => faults.killMidFrame({ times: 1 }),
  };
  return {
    breakOnceAt: point => points[point](),
    breakNow: () => faults.killConnections(),
    breakWithinNext: () => faults.killMidFrame({ times: 1 }),
    withhold: operation => {
      const fault = faults.withholdReply({ operation });
      return () => fault.undo();
    },
    messageBeforeReply: (topicName, payload) => faults.messageBeforeReply({ topicName, payload }, { times: 1 }),
  };
}
