// A component that does what its environment says: throws as it is run or in its stream, waits for nobody's promise, or while it is loaded.
import { component } from 'greengrass-rx/component';
import { NEVER, takeUntil, throwError } from 'rxjs';

const { HOW } = process.env;
if (HOW === 'load') throw new Error('on load');
if (HOW === 'stray') setImmediate(() => void Promise.reject(new Error('stray')));

export default component({
  name: 'com.example.Broken',
  version: '1.0.0',
  run: proxy => {
    if (HOW === 'run') throw new Error('as it is run');
    return {
      steady: NEVER.pipe(takeUntil(proxy.draining$)),
      shaky: HOW === 'stream' ? throwError(() => new Error('in a stream')) : NEVER,
    };
  },
});
