/**
 * Runs a component that stores in one folder, on a disk that at some moment does not return from a sync any more, and prints how it ended
 * as JSON: the outcome of each value, and that of the component.
 *
 * Arguments: the folder, the file that is there while the disk hangs, and when that begins: `storing` or `closing`.
 */
import fs from 'node:fs';
import { from, mergeMap, Subject, tap } from 'rxjs';
import { component, runComponent, silentLog } from '../../src/component/index.js';
import { startLocalNucleus } from '../../src/local/index.js';
import { connect } from '../../src/client/connect.js';
import { storeIn } from '../../src/outbox/index.js';
import { QOS } from '../../src/shared/qos.js';
import { VirtualTime } from '../kit/time/virtual-time.js';

const [folder = '', hanging = '', when = 'storing'] = process.argv.slice(2);
const nucleus = await startLocalNucleus({ profile: 'classic', components: [{ name: 'c', accessControl: {} }] });
const stop = new AbortController();
const values = new Subject<number>();
const told: string[] = [];
// What a disk has to answer in passes only when the thread has come there: one that comes late would be ended before.
const time = new VirtualTime();
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));
const reached = async (): Promise<void> => {
  while (!fs.existsSync(`${hanging}.reached`)) await turn();
};
const hang = async (): Promise<void> => {
  fs.writeFileSync(hanging, '');
  if (when === 'storing') {
    values.next(2);
    await reached();
    stop.abort();
  } else {
    values.complete();
    stop.abort();
    await reached();
  }
  for (;;) {
    time.advance(100);
    await turn();
  }
};
const storing = component({
  name: 'c',
  version: '1.0.0',
  run: (_proxy, _config, { openOutbox }) => ({
    stored: values.pipe(
      storeIn(openOutbox({ commit: { messages: 1 }, scheduler: time }), n => ({ topicName: 'a', payload: `${n}`, qos: QOS.AT_LEAST_ONCE })),
      tap(outcome => {
        told.push(
          outcome._tag === 'Right' ? 'stored' : outcome.left._tag === 'OutboxUnavailable' ? outcome.left.reason : outcome.left._tag,
        );
        if (told.length === 1) void hang();
      }),
    ),
    first: from([1]).pipe(
      tap(n => values.next(n)),
      mergeMap(() => []),
    ),
  }),
});
const { reason } = await runComponent(storing, {
  env: { GREENGRASS_RX_WORK_FOLDER: folder },
  proxy: connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken('c') }),
  signals: false,
  log: silentLog,
  signal: stop.signal,
  drainDeadline: 50,
});
await nucleus.stop();
await new Promise<void>(written => void process.stdout.write(JSON.stringify({ told, reason }), () => written()));
process.exit(0);
