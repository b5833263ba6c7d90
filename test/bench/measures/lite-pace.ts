import { lastValueFrom, range, tap } from 'rxjs';
import { publishTo } from '../../../src/flow/publish-to.js';
import { connect } from '../../../src/index.js';
import { startLocalNucleus } from '../../../src/local/index.js';
import { QOS } from '../../../src/shared/qos.js';
import { OUT } from '../topics.js';

export interface LitePaceJob {
  readonly socketPath: string;
  /** What the broker behind the nucleus acknowledges in a second. */
  readonly pubacksPerSecond: number;
  readonly publishes: number;
}

export interface LitePaceResult {
  /** Publishes that the nucleus has taken, in a second; without the ten that it takes before any is acknowledged. */
  readonly perSecond: number;
  /** Tries for each. */
  readonly tries: number;
}

const COMPONENT = 'com.example.Bench';
/** What Greengrass Lite keeps until it is acknowledged. */
const KEPT = 10;

/** How `publishTo` gets on with a Lite nucleus whose broker is slow, and which refuses what it has no room for. */
export async function measureLitePace({ pubacksPerSecond, publishes }: LitePaceJob): Promise<LitePaceResult> {
  const accessControl = { 'aws.greengrass.ipc.mqttproxy': { 'bench:1': { operations: ['*'], resources: ['*'] } } };
  await using nucleus = await startLocalNucleus({
    profile: 'lite',
    components: [{ name: COMPONENT, accessControl }],
    limits: { pubacksPerSecond },
  });
  await using proxy = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(COMPONENT) });
  let tries = 0;
  const begun = performance.now();
  await lastValueFrom(
    range(0, publishes).pipe(
      publishTo(proxy, n => ({ topicName: OUT, payload: String(n), qos: QOS.AT_LEAST_ONCE }), { buffer: { messages: publishes } }),
      tap(outcome => {
        if (outcome._tag === 'Left') throw outcome.left;
        tries += outcome.right.attempts;
      }),
    ),
  );
  return { perSecond: ((publishes - KEPT) * 1_000) / (performance.now() - begun), tries: tries / publishes };
}
