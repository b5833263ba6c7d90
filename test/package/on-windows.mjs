// Run by Node for Windows: a nucleus at a named pipe, and what talks to it. `npm run test:windows` does.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL, URL } from 'node:url';
import { join } from 'node:path';
import { tmpdir } from 'node:os';

if (process.platform !== 'win32') throw new Error(`This is ${process.platform}.`);
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const INDEX = new URL('../../dist/index.js', import.meta.url).href;

const folder = mkdtempSync(join(tmpdir(), 'on-windows-'));
const component = join(folder, 'component.mjs');
writeFileSync(
  component,
  `import { connect, QOS } from ${JSON.stringify(INDEX)};
const { AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: path } = process.env;
if (!path.startsWith('\\\\\\\\.\\\\pipe\\\\')) throw new Error(path);
connect().subscribe({ topicName: 'a/b', qos: QOS.AT_LEAST_ONCE }).subscribe(element =>
  console.log(element._tag === 'Right' ? 'got ' + Buffer.from(element.right.payload).toString() : element.left.message),
);
`,
);

/** Runs a command of greengrass-rx to its end. */
async function cli(...args) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (said += data));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`greengrass-rx ${args.join(' ')} ended with ${code}:\n${said}`);
  console.log(`ok    greengrass-rx ${args.join(' ')}`);
  return said;
}

const dev = spawn(process.execPath, [MAIN, 'dev', '--name', 'com.example.Windows', '--', process.execPath, component], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const lines = createInterface({ input: dev.stdout })[Symbol.asyncIterator]();

/** The next event of dev that is as wanted. */
async function event(kind, wanted = () => true) {
  for (;;) {
    const { value, done } = await lines.next();
    if (done) throw new Error(`dev ended without an event ${kind}.`);
    const next = JSON.parse(value);
    if (next.kind !== kind || !wanted(next)) continue;
    console.log(`ok    dev: ${kind}`);
    return next;
  }
}

/** A compiler is started by the shell, which on Windows is cmd.exe. */
async function compiling() {
  const compiler = join(folder, 'the compiler.mjs');
  writeFileSync(compiler, "console.log('Watching for file changes.'); setInterval(() => undefined, 1e6);");
  const program = ['--', process.execPath, '-e', "console.log('compiled'); setInterval(() => undefined, 1e6)"];
  const child = spawn(process.execPath, [MAIN, 'dev', '--compile', `"${process.execPath}" "${compiler}"`, ...program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let said = '';
    for await (const data of child.stdout) {
      said += data;
      if (/"text":"compiled"/.test(said)) break;
    }
    if (!/Watching[^]*"text":"compiled"/.test(said)) throw new Error(`dev --compile ended:\n${said}`);
    console.log('ok    dev --compile');
  } finally {
    child.kill();
  }
}

try {
  const { socketPath } = await event('listening');
  if (!/^\\\\\.\\pipe\\ggrx-/.test(socketPath)) throw new Error(`The nucleus listens at ${socketPath}.`);
  await event('subscribed');
  await cli('pub', 'a/b', 'hello');
  await event('output', ({ text }) => text === 'got hello');
  const { findings } = JSON.parse(await cli('doctor', '--json'));
  if (!findings.some(({ check, status }) => check === 'transport socket' && status === 'ok')) throw new Error(JSON.stringify(findings));
  const wrote = await cli('init', join(folder, 'new'));
  if (!wrote.includes('src/component.ts')) throw new Error(`init does not tell of the component:\n${wrote}`);
  await cli('restart');
  await event('started');
  await event('subscribed');
  // Wine does not run this to its end.
  if (process.env.WINEPREFIX === undefined) await compiling();
} finally {
  dev.kill();
  rmSync(folder, { recursive: true, force: true });
}
console.log(`ok    ${pathToFileURL(process.execPath).pathname}`);
process.exit(0);
