import { isBuiltin } from 'node:module';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstValueFrom, of } from 'rxjs';
import { expect, it, onTestFinished } from 'vitest';
import { QOS } from '../../src/index.js';
import { openOutbox, storeIn } from '../../src/outbox/index.js';

it('greengrass-rx/outbox loads under any Node, and stores, or says which Node it needs', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'outbox-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const outbox = openOutbox({ path: join(folder, 'outbox.sqlite') });
  const outcome = await firstValueFrom(of('one').pipe(storeIn(outbox, payload => ({ topicName: 't', payload, qos: QOS.AT_LEAST_ONCE }))));
  await outbox.close();
  if (isBuiltin('node:sqlite')) expect(outcome).toMatchObject({ _tag: 'Right', right: { by: 'outbox', value: 'one', number: 1 } });
  else expect(outcome).toMatchObject({ _tag: 'Left', left: { _tag: 'OutboxUnavailable', reason: 'needs-newer-node', value: 'one' } });
});
