import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

function onPath(...names: readonly string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return names.flatMap(name => folders.map(folder => join(folder, name))).find(file => existsSync(file));
}

/** The program of a real browser: Chromium, as `CHROMIUM` names it or as it is installed. `undefined`: there is none. */
export const BROWSER: string | undefined = process.env['CHROMIUM'] ?? onPath('chromium', 'chromium-browser', 'google-chrome');

/** Starts the browser, with these arguments. Only the test or the stage of CI limits how long it may take. */
export function startBrowser(...args: readonly string[]): Promise<Browser> {
  // A container has no second user for its sandbox; what is opened is our own.
  return chromium.launch({ ...(BROWSER === undefined ? {} : { executablePath: BROWSER }), args: ['--no-sandbox', ...args], timeout: 0 });
}
