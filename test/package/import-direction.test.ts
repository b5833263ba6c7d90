import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What the planted modules import, all of it in order. */
const GROUND: Readonly<Record<string, string>> = {
  'src/index.ts': "export * from './client/connect.js';\nexport * from './codec/index.js';",
  'src/fp.ts': "export { pipe } from 'fp-ts/lib/function.js';",
  'src/shared/qos.ts': 'export const QOS = 1;',
  'src/codec/index.ts': "export * from './codec.js';",
  'src/codec/codec.ts': 'export interface Codec { readonly name: string }',
  'src/errors/errors.ts': 'export class Failure extends Error {}',
  'src/topic/topic.ts': 'export const topic = 1;',
  'src/ipc/wire/frame.ts': "import { QOS } from '../../shared/qos.js';\nexport const frame = QOS;",
  'src/ipc/session.ts':
    "import type { Transport } from './socket/socket-transport.js';\nexport interface Session { readonly transport: Transport }",
  'src/ipc/socket/socket-transport.ts': "export { frame } from '../wire/frame.js';\nexport interface Transport { readonly name: string }",
  'src/ipc/wire/detour.ts': "export { frame } from '../socket/socket-transport.js';",
  'src/ipc/crt/crt-transport.ts':
    "import type { io } from 'aws-crt';\nexport const load = async (): Promise<typeof io> => (await import('aws-crt')).io;",
  'src/ports/mqtt-message.ts': 'export interface MqttMessage { readonly topicName: string }',
  'src/ports/mqtt-proxy.ts': "import type { Observable } from 'rxjs';\nexport interface MqttProxy { readonly state$: Observable<1> }",
  'src/client/connect.ts':
    "import '../ipc/session.js';\nimport '../errors/errors.js';\nexport type { MqttProxy } from '../ports/mqtt-proxy.js';",
  'src/client/mqtt-request.ts': 'export const publishProblem = 1;',
  'src/client/nucleus-link.ts': 'export const link = 1;',
  'src/ipc/exchange.ts': 'export const exchange = 1;',
  'src/outbox/store-in.ts': "import '../client/mqtt-request.js';",
  'src/flow/stage.ts': "import '../codec/codec.js';",
  'src/local/index.ts': "export * from './server.js';",
  'src/flow/publish-to.ts': "import type { MqttProxy } from '../ports/mqtt-proxy.js';\nexport type Target = MqttProxy;",
  'src/tracing/traced.ts': "import type { MqttProxy } from '../ports/mqtt-proxy.js';\nexport type Traced = MqttProxy;",
  'src/component/component.ts': "export type { MqttProxy } from '../ports/mqtt-proxy.js';",
  'src/operators/deadband.ts': "import '../flow/stage.js';",
  'src/dry-run/record.ts': "import '../testing/kit.js';\nimport '../recipe/policy/read.js';",
  'src/recipe/policy/read.ts': 'export const read = 1;',
  'src/testing/kit.ts': 'export const kit = 1;',
  'src/local/server.ts':
    "import { Aedes } from 'aedes';\nimport '../ipc/wire/frame.js';\nimport '../topic/topic.js';\nexport const server = Aedes;",
  'scripts/script.ts': 'export const script = 1;',
};

/** One offence each: the rule, where, and the module's text. */
const PLANTED: readonly (readonly [rule: string, file: string, text: string])[] = [
  ['no-cycle', 'src/topic/ring-a.ts', "import './ring-b.js';"],
  ['ipc-stands-at-the-bottom', 'src/ipc/takes-a-type.ts', "import type { Codec } from '../codec/codec.js';\nexport type T = Codec;"],
  ['ipc-stands-at-the-bottom', 'src/ipc/takes-errors.ts', "import '../errors/errors.js';"],
  ['ipc-without-rxjs', 'src/ipc/takes-rxjs.ts', "import type { Observable } from 'rxjs';\nexport type T = Observable<1>;"],
  ['folders-in-order', 'src/stream/takes-flow.ts', "import '../flow/stage.js';"],
  ['folders-in-order', 'src/flow/takes-a-type.ts', "import type { MqttProxy } from '../client/connect.js';\nexport type T = MqttProxy;"],
  ['folders-in-order', 'src/shared/words.ts', "import '../topic/topic.js';"],
  ['folders-in-order', 'src/component/takes-the-kit.ts', "import '../testing/kit.js';"],
  ['folders-in-order', 'src/operators/takes-local.ts', "import '../local/server.js';"],
  ['folders-in-order', 'src/component/takes-a-dry-run.ts', "export const dryRun = (): Promise<unknown> => import('../dry-run/record.js');"],
  ['every-folder-has-its-place', 'src/some-new-folder/takes-words.ts', "import '../shared/qos.js';"],
  ['the-package-is-the-runtime', 'src/takes-the-kit.ts', "import './testing/kit.js';"],
  ['pure-knows-no-client', 'src/stream/takes-ipc.ts', "import '../ipc/wire/frame.js';"],
  ['pure-knows-no-client', 'src/operators/takes-the-client.ts', "import '../ipc/session.js';"],
  ['ports-are-types', 'src/ports/does-something.ts', "import { Observable } from 'rxjs';\nexport const T = Observable;"],
  ['client-stands-on-ipc', 'src/client/takes-an-operator.ts', "import '../operators/deadband.js';"],
  ['outbox-takes-its-proxy', 'src/outbox/makes-a-proxy.ts', "import '../client/connect.js';"],
  ['outbox-takes-its-proxy', 'src/outbox/takes-a-link.ts', "import '../client/nucleus-link.js';"],
  ['local-is-a-server', 'src/local/takes-port.ts', "import type { MqttProxy } from '../client/connect.js';\nexport type T = MqttProxy;"],
  ['local-without-the-client', 'src/local/takes-session.ts', "import type { Session } from '../ipc/session.js';\nexport type T = Session;"],
  ['local-without-the-client', 'src/local/takes-a-detour.ts', "import '../ipc/wire/detour.js';"],
  ['local-without-the-client', 'src/local/takes-an-exchange.ts', "import '../ipc/exchange.js';"],
  ['entries-are-for-users', 'src/stream/takes-entry.ts', "import '../fp.js';"],
  ['entries-are-for-users', 'src/stream/takes-a-room.ts', "import '../codec/index.js';"],
  ['entries-are-for-users', 'src/local/takes-entry.ts', "import './index.js';"],
  ['aws-crt-in-one-place', 'src/client/loads-crt.ts', "export const load = (): Promise<unknown> => import('aws-crt');"],
  ['aws-crt-only-when-asked-for', 'src/ipc/crt/crt-eager.ts', "import { io } from 'aws-crt';\nexport const T = io;"],
  ['opentelemetry-in-one-place', 'src/flow/takes-spans.ts', "import { trace } from '@opentelemetry/api';\nexport const T = trace;"],
  ['tracing-only-where-asked-for', 'src/component/takes-tracing.ts', "import '../tracing/traced.js';"],
  ['recipes-stand-alone', 'src/recipe/takes-the-kit.ts', "import '../testing/kit.js';"],
  ['dry-run-reads-policies-and-recipes', 'src/dry-run/takes-server.ts', "import '../local/server.js';"],
  ['nothing-from-outside-src', 'src/topic/takes-script.ts', "import '../../scripts/script.js';"],
  ['declared-dependencies-only', 'src/topic/takes-dev.ts', "import fc from 'fast-check';\nexport const T = fc;"],
  ['resolvable', 'src/topic/takes-absent.ts', "import './absent.js';"],
];

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

let folder = '';

function lay(files: Readonly<Record<string, string>>): void {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
}

/** The rules that fire, as `rule file`. */
function cruise(): Promise<ReadonlySet<string>> {
  const cli = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = [cli, '--config', join(ROOT, '.dependency-cruiser.cjs'), '--output-type', 'json', 'src'];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
      if (stdout === '') reject(new Error(stderr, { cause: error }));
      else {
        const { summary } = JSON.parse(stdout) as { readonly summary: { readonly violations: readonly Violation[] } };
        resolve(new Set(summary.violations.map(({ rule, from }) => `${rule.name} ${from}`)));
      }
    });
  });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'greengrass-rx-direction-'));
  for (const file of ['package.json', 'tsconfig.json']) cpSync(join(ROOT, file), join(folder, file));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  lay(GROUND);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the import direction check', () => {
  test('lets pass what points the right way, and fires at every planted offence', async () => {
    expect([...(await cruise())]).toEqual([]);

    lay(Object.fromEntries(PLANTED.map(([, file, text]) => [file, text])));
    lay({ 'src/topic/ring-b.ts': "import './ring-a.js';" });
    const fired = await cruise();

    expect(PLANTED.map(([rule, file]) => `${rule} ${file}`).filter(offence => !fired.has(offence))).toEqual([]);
  });

  test('has no rule that is not planted here', async () => {
    const { default: config } = (await import(join(ROOT, '.dependency-cruiser.cjs'))) as {
      readonly default: { readonly forbidden: readonly { readonly name: string }[] };
    };
    expect([...new Set(PLANTED.map(([rule]) => rule))].sort()).toEqual([...new Set(config.forbidden.map(({ name }) => name))].sort());
  });
});
