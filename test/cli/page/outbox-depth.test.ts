import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { expect, it, onTestFinished } from 'vitest';
import { BROWSER, startBrowser } from '../../../scripts/browser.js';
import { MAIN, runCli } from '../../kit/process/run-cli.js';
import { complaintOf, copiedTest } from '../../kit/process/written-test.js';

const BUFFERED = fileURLToPath(new URL('../components/buffered.mjs', import.meta.url));

async function opened(url: string) {
  const browser: Browser = await startBrowser();
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(0);
  await page.goto(url);
  return page;
}

// Four processes are started, one after the other.
it.skipIf(BROWSER === undefined)(
  'the page shows how deep an outbox is while the device is offline, and the test that is copied passes',
  async () => {
    const dev = runCli(['dev', '--ui', '--profile', 'lite', '--', process.execPath, '--no-warnings', MAIN, 'run', BUFFERED]);
    const [, url = ''] = await dev.saw(/"kind":"page","url":"([^"]+)"/);
    await dev.saw(/"kind":"localSubscribed"/);
    const page = await opened(url);
    await page.getByText('outbox.sqlite: 0 messages').waitFor();
    await page.getByRole('button', { name: 'offline', exact: true }).click();
    await page.getByText('Done: offline').waitFor();
    await page.getByRole('textbox', { name: 'Topic' }).fill('readings');
    await page.getByRole('checkbox', { name: 'on a local topic' }).check();
    for (const n of [1, 2, 3]) {
      await page.getByRole('textbox', { name: 'Payload' }).fill(`{"n":${n}}`);
      await page.getByRole('button', { name: 'Publish', exact: true }).click();
      await page.getByText(`outbox.sqlite: ${n} messages`).waitFor();
    }
    await page.getByText('Messages in the outbox').waitFor();
    await page.getByRole('button', { name: 'online', exact: true }).click();
    await page.getByText('outbox.sqlite: 0 messages').waitFor();
    await page.getByRole('button', { name: '→ kept' }).waitFor();
    const test = await copiedTest(page);
    expect(test).toContain("expectPublished('kept').toBeMarble(");
    expect(test).toContain("{ profile: 'lite' }");
    expect(await complaintOf(test, BUFFERED)).toBe('(it passed)');
    dev.child.kill('SIGTERM');
    expect(await dev.ended).toMatchObject({ signal: null });
  },
);
