// A component that ends for no signal, and has started another process that does not either.
import { spawn } from 'node:child_process';

const ignoreAll =
  "for (const s of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(s, () => console.log('ignored', s)); setInterval(() => {}, 1e6);";
const grandchild = spawn(process.execPath, ['-e', ignoreAll + "console.log('grandchild ready');"], {
  stdio: ['ignore', 'inherit', 'inherit'],
});
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => console.log('ignored', signal));
setInterval(() => {}, 1e6);
console.log('pids', process.pid, grandchild.pid);
