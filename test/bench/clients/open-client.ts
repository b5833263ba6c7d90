import { openBare } from './bare-client.js';
import type { BenchClient, ClientName, ClientOptions } from './client.js';
import { openLocalClient } from './local-client.js';
import { openProxyClient } from './proxy-client.js';

/** Opens a client. The SDK is loaded only where it is measured: it takes memory and threads. */
export async function openClient(name: ClientName, options: ClientOptions): Promise<BenchClient> {
  switch (name) {
    case 'bare':
      return openBare(options);
    case 'sdk': {
      const { openSdk } = await import('./sdk-client.js');
      return openSdk(options);
    }
    case 'socket':
    case 'crt':
      return options.service === 'local' ? openLocalClient(name, options) : openProxyClient(name, options);
  }
}
