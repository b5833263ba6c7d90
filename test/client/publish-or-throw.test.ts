import * as t from 'io-ts';
import { expect, onTestFinished, test } from 'vitest';
import { connectNucleus } from '../../src/client/connect.js';
import { shadow } from '../../src/client/shadow.js';
import { isFailure } from '../../src/errors/errors.js';
import { publishOrThrow } from '../../src/flow/index.js';
import { QOS } from '../../src/shared/qos.js';
import { allow, allowLocal, COMPONENT, PROFILES, start } from '../kit/nucleus/nuclei.js';

test.each(PROFILES)('%s: publishOrThrow resolves with who took it, and rejects with the typed error, through every port', async profile => {
  const local = await start(profile, {
    shadows: true,
    components: [{ name: COMPONENT, accessControl: { ...allow('ok', '$aws/#'), ...allowLocal('ok') } }],
  });
  const nucleus = connectNucleus({ socketPath: local.socketPath, authToken: local.authToken(COMPONENT), refusalPatience: 0 });
  onTestFinished(async () => {
    await nucleus.close();
    await local.stop();
  });
  const to = (topicName: string) => ({ topicName, payload: '', qos: QOS.AT_LEAST_ONCE });
  const { mqtt } = nucleus;
  expect(await publishOrThrow(mqtt, to('ok'))).toEqual({ by: profile === 'classic' ? 'spooler' : 'mqtt-socket' });
  expect(await publishOrThrow(nucleus.local, { topic: 'ok', json: {} })).toEqual({ by: 'local-topics' });
  const heater = shadow(mqtt, { codec: t.partial({ celsius: t.number }) });
  expect(await publishOrThrow(heater.reported, { state: { celsius: 1 } })).toEqual({ by: 'shadow', version: 1 });

  await expect(publishOrThrow(mqtt, to('no'))).rejects.toMatchObject({ _tag: 'Unauthorized', kind: 'message', topicName: 'no' });
  await expect(publishOrThrow(nucleus.local, { topic: 'no', payload: '' })).rejects.toMatchObject({ _tag: 'Unauthorized' });
  await expect(publishOrThrow(nucleus.local, { topic: 'a/+', payload: '' })).rejects.toMatchObject({ _tag: 'InvalidRequest' });
  const conflict: unknown = await publishOrThrow(heater.reported, { state: { celsius: 2 }, version: 7 }).catch((error: unknown) => error);
  expect(isFailure(conflict) && conflict).toMatchObject({ _tag: 'ServiceFault', reason: 'ShadowConflict' });
  expect(conflict).toBeInstanceOf(Error);
});
