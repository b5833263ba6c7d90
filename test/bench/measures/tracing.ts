import type { SpanContext, TracerProvider } from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { right } from 'fp-ts/lib/Either.js';
import { map, of, range, Subscription } from 'rxjs';
import { connect } from '../../../src/client/connect.js';
import { portWith } from '../../../src/client/share-subscriptions.js';
import { offerDirect } from '../../../src/flow/publish-job.js';
import { publishTo } from '../../../src/flow/publish-to.js';
import type { Accepted, MqttProxy } from '../../../src/ports/mqtt-proxy.js';
import { QOS } from '../../../src/shared/qos.js';
import { traced } from '../../../src/tracing/traced.js';
import { median } from '../statistics.js';
import { cpuNanoseconds } from './stopwatch.js';

export interface TracingJob {
  readonly messages: number;
  readonly repeats: number;
}

export interface TracingResult {
  /** Nanoseconds of processor time for a publish of a port that accepts at once, medians. */
  readonly plain: number;
  /** Through `traced`, while nobody traces. */
  readonly idle: number;
  /** Through `traced`, with spans of the SDK that go nowhere. */
  readonly spans: number;
  /** The median of the ratios of neighbouring runs. */
  readonly ratio: number;
}

const ACCEPTED: Accepted = { by: 'spooler' };
const TRACE: SpanContext = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };

/** What `traced` costs a publish, next to the port by itself. No wire, no waiting. */
export function measureTracing({ messages, repeats }: TracingJob): Promise<TracingResult> {
  const port = accepting();
  const ports = { plain: port, idle: traced(port), spans: traced(port, { tracerProvider: provider() }) };
  const costs = { plain: [] as number[], idle: [] as number[], spans: [] as number[] };
  // The first runs of each are for the compiler.
  for (let run = -2; run < repeats; run++)
    for (const name of ['plain', 'idle', 'spans'] as const) {
      const cost = nanosecondsEach(messages, ports[name]);
      if (run >= 0) costs[name].push(cost);
    }
  const { plain, idle, spans } = costs;
  const ratio = median(idle.map((cost, i) => cost / (plain[i] ?? 0)));
  return Promise.resolve({ plain: median(plain), idle: median(idle), spans: median(spans), ratio });
}

function provider(): TracerProvider {
  return new BasicTracerProvider();
}

function accepting(): MqttProxy {
  const port = portWith(connect(), { publish$: () => of(right(ACCEPTED)) });
  const underWay = new Subscription();
  offerDirect(port, (_request, listener) => {
    listener.onAccepted(ACCEPTED);
    return underWay;
  });
  return port;
}

function nanosecondsEach(messages: number, port: Pick<MqttProxy, 'publish$' | 'state$'>): number {
  let accepted = 0;
  const nanoseconds = cpuNanoseconds(() => {
    range(messages)
      .pipe(
        map(n => ({ n, trace: TRACE })),
        publishTo(port, ({ n }) => ({ topicName: 'out', payload: String(n), qos: QOS.AT_LEAST_ONCE })),
      )
      .subscribe(() => accepted++);
  });
  if (accepted !== messages) throw new Error(`${accepted} of ${messages} were accepted.`);
  return nanoseconds / messages;
}
