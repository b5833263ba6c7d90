import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMPONENT, PROFILES, start } from '../kit/nucleus/nuclei.js';
import { besideDev } from '../kit/process/beside-dev.js';
import { inProcess } from '../kit/process/cli-in-process.js';
import { IS_WINDOWS } from '../kit/process/platform.js';
import { recipeFile } from '../kit/process/recipes.js';
import { runCli, temporaryFolder, type RunOptions } from '../kit/process/run-cli.js';

interface Report {
  readonly ok: boolean;
  readonly findings: readonly { readonly check: string; readonly status: string; readonly message: string; readonly remedy?: string }[];
}

async function examine(args: readonly string[], options: RunOptions = {}): Promise<Report & { readonly code: number }> {
  const { code, stdout, stderr } = await inProcess(['doctor', '--json', ...args], options);
  expect(stderr).toBe('');
  return { code, ...(JSON.parse(stdout) as Report) };
}

/** What was found of one thing. */
const of = ({ findings }: Report, check: string): Report['findings'] => findings.filter(finding => finding.check === check);

describe.each(PROFILES)('the doctor beside a %s nucleus', profile => {
  test('finds that all is well, over both transports, and leaves no trace', async () => {
    await using nucleus = await start(profile);
    const done: string[] = [];
    nucleus.observe(({ kind }) => done.push(kind));
    const doctor = runCli(['doctor', '--json'], { env: nucleus.environment(COMPONENT) });
    expect(await doctor.ended).toEqual({ code: 0, signal: null });
    // Neither a stack, nor what a package that it loads has to say.
    expect(doctor.stderr()).toBe('');
    const report = JSON.parse(doctor.stdout()) as Report;
    expect(report.ok).toBe(true);
    expect(of(report, 'socket')).toMatchObject([{ status: 'ok', message: expect.stringContaining('mode 0600') as string }]);
    expect(of(report, 'transport socket')).toMatchObject([
      { status: 'ok', message: expect.stringContaining(`a ${profile} nucleus`) as string },
    ]);
    const hasCrt = of(report, 'aws-crt')[0]?.status === 'ok';
    expect(of(report, 'transport crt')).toMatchObject([{ status: hasCrt ? 'ok' : 'skipped' }]);
    expect(done.filter(kind => kind === 'published' || kind === 'subscribed')).toEqual([]);
    expect(report.findings.every(({ status, remedy }) => status !== 'ok' || remedy === undefined)).toBe(true);
  });

  test('finds a token that is refused', async () => {
    await using nucleus = await start(profile);
    const report = await examine([], { env: { ...nucleus.environment(COMPONENT), SVCUID: 'anything' } });
    expect(report).toMatchObject({ code: 1, ok: false });
    expect(of(report, 'transport socket')).toMatchObject([
      { status: 'error', message: expect.stringContaining('refused the authentication token') as string },
    ]);
  });
});

describe('the doctor', () => {
  test('looks at the nucleus that dev runs, as the component named', async () => {
    await using nucleus = await start('classic');
    const report = await examine(['--as', COMPONENT], { env: besideDev(nucleus) });
    expect(of(report, 'environment')).toMatchObject([
      { status: 'ok', message: expect.stringContaining(`${COMPONENT} at the classic nucleus of dev`) as string },
    ]);
  });

  test.each<[string, (folder: string) => NodeJS.ProcessEnv, string, RegExp]>([
    ['nothing that runs', () => ({}), 'environment', /no nucleus to talk to/],
    ['one variable without the other', () => ({ SVCUID: 'x' }), 'environment', /DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT is not set/],
    ['a path where nothing is', folder => ({ at: join(folder, 'x') }), 'socket', /There is no file/],
    [
      'a file that is no socket',
      folder => {
        const at = join(folder, 'file');
        writeFileSync(at, '');
        return { at };
      },
      'socket',
      /is not a socket/,
    ],
    ['a path that is too long', folder => ({ at: join(folder, 'x'.repeat(120)) }), 'socket', /a socket's address takes/],
  ])('finds %s, and says what to do', async (_what, prepare, check, says) => {
    const { at, ...env } = prepare(temporaryFolder());
    const socket = at === undefined ? {} : { SVCUID: 'x', AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: at };
    const report = await examine([], { env: { ...env, ...socket } });
    expect(report).toMatchObject({ code: 1, ok: false });
    expect(of(report, check)).toMatchObject([
      { status: 'error', message: expect.stringMatching(says) as string, remedy: expect.any(String) as string },
    ]);
  });

  test.skipIf(IS_WINDOWS || process.getuid?.() === 0)('finds a socket that this user may not open', async () => {
    await using nucleus = await start('classic');
    chmodSync(nucleus.socketPath, 0);
    const report = await examine([], { env: nucleus.environment(COMPONENT) });
    expect(of(report, 'socket')).toMatchObject([{ status: 'error', message: expect.stringContaining('may not open') as string }]);
  });

  test('looks at recipes: what is wrong in them, and what their policies allow beyond what they seem to', async () => {
    const folder = temporaryFolder();
    const policies = of(await examine(['--recipe', recipeFile(folder, 'B', "a/+', 'b/+', 'c/+")]), 'policy');
    // What is said of one + holds for all, and is one line.
    expect(policies.map(({ message }) => message)).toEqual([
      expect.stringMatching(/resources\/0 .*a\/#.* \(also at \S+\/resources\/1, \S+\/resources\/2\)$/) as string,
    ]);
    const broken = join(folder, 'broken.yaml');
    writeFileSync(broken, 'ComponentName: com.example.A\n');
    const report = await examine(['--recipe', recipeFile(folder, 'A', 'cmd/+'), '--recipe', broken]);
    expect(of(report, 'policy').map(({ message }) => message)).toEqual([expect.stringContaining('cmd/#') as string]);
    expect(of(report, 'recipe')).toMatchObject(
      expect.arrayContaining([
        {
          check: 'recipe',
          status: 'error',
          message: expect.stringContaining(`${broken}:1:1`) as string,
          remedy: expect.any(String) as string,
        },
      ]) as object,
    );
  });
});
