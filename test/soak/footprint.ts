import { setTimeout } from 'node:timers/promises';

/** What a process holds. */
export interface Footprint {
  /** Bytes of the JavaScript heap and of the buffers outside it, after a garbage collection. */
  readonly heap: number;
  readonly rss: number;
  /** Bytes that aws-crt has allocated, if it was loaded with AWS_CRT_MEMORY_TRACING. */
  readonly native: number;
  /** What keeps the event loop alive, such as timers and sockets. */
  readonly resources: readonly string[];
}

/** Needs `--expose-gc`. */
export async function measure(): Promise<Footprint> {
  // What was closed is freed in turns to come, and natively on a thread of its own.
  await setTimeout(500);
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.();
    await setTimeout(50);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, rss, native: await nativeMemory(), resources: process.getActiveResourcesInfo().sort() };
}

async function nativeMemory(): Promise<number> {
  const { crt } = (await import('aws-crt')) as { readonly crt?: { readonly native_memory?: () => number } };
  return crt?.native_memory?.() ?? 0;
}
