import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { OTHER, start } from '../kit/nucleus/nuclei.js';
import { loadedBy } from '../kit/process/loaded-sources.js';
import { temporaryFolder } from '../kit/process/run-cli.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Folders that developers use and no device loads. */
const KIT = ['recipe', 'local', 'testing', 'dry-run', 'eslint', 'cli'];

/** A component as it runs on a device: it uses every entry that is for devices, connects, publishes, and ends. */
const COMPONENT = `
  import 'greengrass-rx/fp';
  import { publishTo, QOS } from 'greengrass-rx';
  import { component, runComponent } from 'greengrass-rx/component';
  import { countWindow, deadband } from 'greengrass-rx/operators';
  import { of } from 'rxjs';

  const echo = component({
    name: 'com.example.Other',
    version: '1.0.0',
    run: proxy => of(1, 2).pipe(
      deadband({ key: 'single', value: value => value, absolute: 0.5 }),
      publishTo(proxy, value => ({ topicName: 'out/1', payload: String(value), qos: QOS.AT_LEAST_ONCE })),
    ),
  });
  void countWindow;
  const { reason } = await runComponent(echo);
  process.stderr.write(reason);
`;

describe('what a component loads on a device', () => {
  test('is the runtime: no module of the kit, whatever it does', async () => {
    await using nucleus = await start('classic');
    const coverage = temporaryFolder();
    const env = {
      ...process.env,
      NODE_V8_COVERAGE: coverage,
      AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: nucleus.socketPath,
      SVCUID: nucleus.authToken(OTHER),
    };
    const { stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', COMPONENT], { cwd: ROOT, env });
    const { sources, packages } = loadedBy(coverage);

    expect(stderr).toBe('done');
    expect(sources).toEqual(expect.arrayContaining(['component/run-component.ts', 'ipc/socket/socket-transport.ts']));
    expect(sources.filter(file => KIT.some(folder => file.startsWith(`${folder}/`)))).toEqual([]);
    expect(sources.filter(file => file.startsWith('tracing/'))).toEqual([]);
    // Of the outbox only what `openOutbox` of its context is made of: no store on a disk, no forwarder.
    expect(sources.filter(file => file.startsWith('outbox/')).sort()).toEqual([
      'outbox/file-outbox.ts',
      'outbox/group-commit.ts',
      'outbox/memory-store.ts',
      'outbox/open-outbox.ts',
      'outbox/seen-back.ts',
      'outbox/store.ts',
      'outbox/virtual-disk.ts',
    ]);
    expect(Object.keys(packages).sort()).toEqual(['fp-ts', 'io-ts', 'rxjs']);
  });

  test('is of OpenTelemetry its API alone, and only where it imports the entry for tracing', async () => {
    const coverage = temporaryFolder();
    const program = "import { connect } from 'greengrass-rx'; import { traced } from 'greengrass-rx/tracing'; traced(connect());";
    const env = { PATH: process.env['PATH'], NODE_V8_COVERAGE: coverage };
    await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { cwd: ROOT, env });
    const { sources, packages } = loadedBy(coverage);

    expect(sources).toContain('tracing/traced.ts');
    expect(sources.filter(file => KIT.some(folder => file.startsWith(`${folder}/`)))).toEqual([]);
    expect(Object.keys(packages).sort()).toEqual(['@opentelemetry/api', 'fp-ts', 'io-ts', 'rxjs']);
  });
});
