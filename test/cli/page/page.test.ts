import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Browser } from 'playwright-core';
import { PageModel } from '../../../src/cli/page/page-model.js';
import { servePage } from '../../../src/cli/page/page-server.js';
import { BROWSER, startBrowser } from '../../../scripts/browser.js';
import { MAIN, runCli, temporaryFolder } from '../../kit/process/run-cli.js';
import { complaintOf, copiedTest } from '../../kit/process/written-test.js';

const BUILT = new URL('../../../dist/page/', import.meta.url);
const OVEN = fileURLToPath(new URL('../components/oven.mjs', import.meta.url));

let browser: Browser;

/** A page in the browser, which fails its test for whatever its console complains of. */
async function opened(url: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(0);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', error => complaints.push(error.message));
  page.on('request', request => {
    if (!request.url().startsWith('http://127.0.0.1:') && !request.url().startsWith('data:')) complaints.push(`asks for ${request.url()}`);
  });
  onTestFinished(async () => {
    await context.close();
    // When dev ends, while the page is open, the browser says that its line broke.
    expect(complaints.filter(text => !/net::ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING)/.test(text))).toEqual([]);
  });
  await page.goto(url);
  return page;
}

async function devOf(module: string) {
  const dev = runCli(['dev', '--ui', '--', process.execPath, MAIN, 'run', module]);
  const [, url = ''] = await dev.saw(/"kind":"page","url":"([^"]+)"/);
  await dev.saw(/"kind":"subscribed"/);
  return { dev, url };
}

describe.skipIf(BROWSER === undefined)('the page of dev, in a real browser', () => {
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser.close());

  // Four processes are started, one after the other.
  it('shows the pipeline with its counts, publishes, shows a payload, inflicts a fault and copies a marble test that passes', async () => {
    const { dev, url } = await devOf(OVEN);
    const page = await opened(url);
    await page.getByText('connected to a classic nucleus, running').waitFor();
    await page.getByRole('textbox', { name: 'Topic' }).fill('ovens/a/celsius');
    await page.getByRole('textbox', { name: 'Payload' }).fill('{"celsius":180}');
    await page.getByRole('button', { name: 'Publish', exact: true }).click();
    await page.getByText('Done: published to ovens/a/celsius').waitFor();
    await page.locator('.diagram').getByText('alarms (publishTo)').waitFor();
    await page.locator('.diagram').getByText('1 → 1').first().waitFor();
    await page.getByRole('button', { name: '→ alarms/a 1' }).click();
    await page.getByRole('region', { name: 'Message' }).getByText('"hot": 180').waitFor();

    await page.getByRole('button', { name: 'drop connection' }).click();
    await page.getByText('fault: drop connection').waitFor();
    await dev.saw(/"kind":"disconnected"/);

    const test = await copiedTest(page);
    expect(test).toContain("expectPublished('alarms/a').toBeMarble(");
    expect(await complaintOf(test, OVEN)).toBe('(it passed)');
    expect(await complaintOf(test.replace('hot: 180', 'hot: 181'), OVEN)).toContain('What was published on alarms/a is not as drawn.');
    dev.child.kill('SIGTERM');
    await dev.ended;
    await page.getByText('dev has ended, or does not answer').waitFor();
  });

  it('shows hostile topics and payloads as text', async () => {
    const { model, page } = await pageOfModel();
    const hostile = '<img src=x onerror="window.broken = true"><script>window.broken = true</script>';
    model.observe({ kind: 'delivered', topicName: hostile, payload: Buffer.from(hostile), components: ['a'] });
    model.observe({ kind: 'output', component: 'a', stream: 'stdout', text: hostile });
    await page.getByRole('button', { name: hostile }).click();
    expect(await page.locator('.message pre').textContent()).toBe(hostile);
    await page.locator('.notes').getByText(hostile).waitFor();
    expect(await page.evaluate('[window.broken, document.images.length, document.scripts.length]')).toEqual([undefined, 0, 1]);
  });

  it('counts what it does not draw', async () => {
    const { model, page } = await pageOfModel();
    for (let i = 0; i < 25_000; i++) model.observe({ kind: 'delivered', topicName: 'busy', payload: Buffer.from('1'), components: ['a'] });
    await page.getByRole('button', { name: '← busy 25.0k' }).waitFor();
    await page.locator('.totals').getByText('25.0k').waitFor();
  });

  it('shows the payload of a marble that is clicked on, while the lanes stand still, and at another zoom', async () => {
    const { model, page } = await pageOfModel();
    const at = Date.now();
    const deliver = (text: string, when: number): void =>
      model.observe({ kind: 'delivered', topicName: 'busy', payload: Buffer.from(text), components: ['a'] }, when);
    // They move to the left until the pause, for which a slow browser may take more than a minute.
    deliver('"early"', at - 140_000);
    deliver('"late"', at - 20_000);
    await page.getByRole('button', { name: '← busy 2' }).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Go on' }).waitFor();
    await page.getByRole('button', { name: '4 min' }).click();
    // Where the marbles are is seen on the picture alone: one is left of the middle, and one right of it.
    for (const [half, text] of [
      ['left', 'early'],
      ['right', 'late'],
    ] as const) {
      await page.locator('.marbles').click({ position: await marbleIn(page, half) });
      await page.getByRole('region', { name: 'Message' }).getByText(`"${text}"`).waitFor();
    }
    // A message that comes while the lanes stand still moves nothing.
    const before = await marbleIn(page, 'right');
    deliver('"now"', at);
    await page.getByRole('button', { name: '← busy 3' }).waitFor();
    expect(await marbleIn(page, 'right')).toEqual(before);
  });

  it('shows a recording: of what dev has printed, and of recordTo', async () => {
    const folder = temporaryFolder();
    const at = (ms: number): string => new Date(1_700_000_000_000 + ms).toISOString();
    const log = [
      { time: at(0), kind: 'listening' },
      { time: at(3), kind: 'delivered', topicName: 'ovens/a', encoding: 'json', payload: { celsius: 7 } },
      { time: at(4), kind: 'published', topicName: 'alarms/a', encoding: 'utf8', payload: 'hot' },
      {
        time: at(5),
        kind: 'failed',
        operation: 'aws.greengrass#PublishToIoTCore',
        code: 'UnauthorizedError',
        message: 'Not Authorized.',
        resource: 'b',
      },
    ];
    const recordings = {
      log: log.map(line => JSON.stringify(line)),
      stream: ['{"at":5,"topicName":"ovens/a","payload":"7"}', '{"at":6,"left":"Interrupted","kind":"gap","message":"It broke."}'],
    };
    for (const [name, lines] of Object.entries(recordings)) {
      const file = join(folder, `${name}.ndjson`);
      writeFileSync(file, `${lines.join('\n')}\n`);
      const dev = runCli(['dev', '--replay', file]);
      const [, url = ''] = await dev.saw(/the page: (\S+)/);
      const page = await opened(url);
      await page.getByRole('button', { name: '← ovens/a 1' }).waitFor();
      await page.getByText(name === 'log' ? 'PublishToIoTCore b: UnauthorizedError' : 'Interrupted: It broke.').waitFor();
      await page.getByText('This is a recording: there is no component to act on.').waitFor();
      dev.child.kill('SIGTERM');
      expect(await dev.ended).toEqual({ code: 143, signal: null });
    }
  });

  it('touches nothing without the token of its address', async () => {
    const { page, url, done } = await pageOfModel();
    await page.getByRole('button', { name: 'Restart' }).waitFor();
    const other = await opened(url.replace(/#.*/, ''));
    await other.getByText('This page can only look').waitFor();
    expect(await other.getByRole('button', { name: 'Restart' }).count()).toBe(0);
    expect(done).toEqual([]);
  });

  it.each([
    ['a desktop in the light', { viewport: { width: 1280, height: 900 }, colorScheme: 'light' }],
    ['a phone in the dark', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' }],
  ] as const)('fits %s, and is worked by keyboard alone', async (_what, options) => {
    const { model, page, done } = await pageOfModel(options);
    model.observe({
      kind: 'delivered',
      topicName: 'a/long/topic/with/many/levels/that/goes/on/and/on',
      payload: Buffer.from('"text"'),
      components: ['a'],
    });
    await page.locator('.lane').first().waitFor();
    expect(await page.evaluate('document.scrollingElement.scrollWidth')).toBe(options.viewport.width);
    const colours: readonly string[] = await page.evaluate(
      '[getComputedStyle(document.documentElement).color, getComputedStyle(document.documentElement).backgroundColor]',
    );
    const isDark = options.colorScheme === 'dark';
    expect(colours).toEqual(isDark ? ['rgb(230, 237, 243)', 'rgb(13, 17, 23)'] : ['rgb(27, 31, 36)', 'rgb(255, 255, 255)']);
    for (let i = 0; i < 60 && (await page.evaluate('document.activeElement.textContent')) !== 'offline'; i++)
      await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Done: yes').waitFor();
    expect(done).toEqual([{ do: 'fault', fault: 'offline' }]);
  });
});

/** Where the first marble in one half of the lane is, by its colour, once there is one. */
async function marbleIn(page: Page, half: 'left' | 'right') {
  for (;;) {
    const place: { readonly x: number; readonly y: number } | undefined = await page.evaluate(`(() => {
      const canvas = document.querySelector('.marbles canvas');
      const { width, height } = canvas;
      const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
      copy.drawImage(canvas, 0, 0);
      const row = copy.getImageData(0, height / 2, width, 1).data;
      const [from, to] = '${half}' === 'left' ? [0, width / 2] : [width / 2, width];
      for (let x = Math.floor(from); x < to; x++) if (row[4 * x + 3] > 200) return { x: x / devicePixelRatio + 3, y: 17 };
    })()`);
    if (place !== undefined) return place;
  }
}

async function pageOfModel(options: BrowserContextOptions = {}) {
  const model = new PageModel(() => ({
    name: 'a',
    profile: 'lite',
    configuration: '{}',
    policies: '{}',
    faults: ['offline', 'online'],
    isRecording: false,
  }));
  const done: unknown[] = [];
  const act = (action: unknown) => {
    done.push(action);
    return Promise.resolve({ done: 'yes' });
  };
  const served = await servePage(model, act, { folder: BUILT });
  onTestFinished(() => served[Symbol.asyncDispose]());
  return { model, done, url: served.url, page: await opened(served.url, options) };
}
