/**
 * Looks at the documentation site as its readers do, in a real browser, straight from the files: no link leads nowhere, no page is wider
 * than a phone, none has an error of its own, and none asks the network for anything; each has one title, no line of code is broken, and
 * the search finds what is looked for. `npm run docs` makes the site.
 *
 * Needs Chromium (`CHROMIUM` names its program); where there is none it says so and ends well.
 */
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { BROWSER, startBrowser } from './browser.js';
import { ROOT } from './packed-package.js';

const SITE = join(ROOT, 'build/site');
const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1280, height: 720 };
/**
 * What each page reads for its search and for the tree of pages in its margin: the same for all, and two thirds of the time that a page
 * takes. The first page is looked at with it, and the search by itself.
 */
const OF_ALL_PAGES = /\/assets\/(?:search|navigation)\.js$/;
/** For what hangs, in milliseconds: on a busy machine a page takes a multiple of its time. */
const TIME_LIMIT = 300_000;

async function openPage(browser: Browser, viewport = PHONE): Promise<Page> {
  const page = await browser.newPage({ viewport });
  page.setDefaultTimeout(TIME_LIMIT);
  return page;
}

/** What a page says of itself. */
interface Look {
  readonly links: readonly string[];
  readonly anchors: readonly string[];
  readonly width: number;
  readonly titles: number;
  readonly brokenCode: number;
}

/** Runs in the browser. It is a string because this project does not have the types of a document. */
const LOOK = `({
  links: [...document.querySelectorAll('a[href], img[src], link[href], script[src]')].map(e => e.href || e.src).filter(Boolean),
  anchors: [...document.querySelectorAll('[id], a[name]')].map(e => e.id || e.name),
  width: document.scrollingElement.scrollWidth,
  titles: document.querySelectorAll('h1').length,
  brokenCode: [...document.querySelectorAll('pre')].filter(e => getComputedStyle(e).whiteSpace !== 'pre').length,
})`;

/**
 * What is typed into the search, and the page that is among the first found: that of the thing itself, or a guide whose text has the word.
 */
const SEARCHES: readonly (readonly [typed: string, page: string])[] = [
  ['publishTo', 'functions/greengrass-rx.publishTo.html'],
  ['concurrently', 'functions/greengrass-rx.concurrently.html'],
  ['startLocalNucleus', 'functions/greengrass-rx_local.startLocalNucleus.html'],
  ['eKuiper', 'documents/From_another_stack.html'],
];
const FIRST_FOUND = 3;

async function search(page: Page, typed: string): Promise<readonly string[]> {
  await page.goto(pathToFileURL(join(SITE, 'index.html')).href, { waitUntil: 'load' });
  await page.keyboard.press('/');
  await page.locator('#tsd-search-input').fill(typed);
  const found = page.locator('#tsd-search-results a');
  await found.first().waitFor();
  const all = await found.all();
  const links = await Promise.all(all.slice(0, FIRST_FOUND).map(link => link.getAttribute('href')));
  return links.map(link => (link ?? '').replace(/^\.\//, ''));
}

async function look(page: Page, file: string, complain: (problem: string) => void): Promise<Look> {
  const onError = (error: Error): void => complain(`has an error: ${error.message}`);
  page.on('pageerror', onError);
  await page.goto(pathToFileURL(join(SITE, file)).href, { waitUntil: 'load' });
  const seen: Look = await page.evaluate(LOOK);
  page.off('pageerror', onError);
  if (seen.width > PHONE.width) complain(`is ${seen.width} pixels wide on a phone of ${PHONE.width}`);
  if (seen.titles !== 1) complain(`has ${String(seen.titles)} titles (h1)`);
  if (seen.brokenCode > 0) complain(`breaks the lines of ${String(seen.brokenCode)} blocks of code`);
  return seen;
}

/** One page after the other: several at once take as long, and keep others from working. */
async function lookAtAll(browser: Browser, files: readonly string[], complain: (file: string, problem: string) => void) {
  const looks = new Map<string, Look>();
  const page = await openPage(browser);
  await page.route(/^https?:/, (route, request) => {
    if (!request.isNavigationRequest()) complain(page.url(), `asks the network for ${request.url()}`);
    return route.abort();
  });
  for (const file of files) {
    looks.set(file, await look(page, file, problem => complain(file, problem)));
    if (looks.size === 1) await page.route(OF_ALL_PAGES, route => route.abort());
  }
  await page.close();
  return looks;
}

/**
 * The links that lead to no file of the site, or to no place in it. Each is followed once: the same few hundred are in the margin of every
 * page.
 */
async function deadLinks(looks: ReadonlyMap<string, Look>, complain: (file: string, problem: string) => void): Promise<number> {
  const pagesOf = new Map<string, string[]>();
  for (const [file, { links }] of looks) {
    for (const href of new Set(links)) {
      const pages = pagesOf.get(href);
      if (pages !== undefined) pages.push(file);
      else if (href.startsWith('file:')) pagesOf.set(href, [file]);
    }
  }
  for (const [href, [file = '', ...others]] of pagesOf) {
    const also = others.length === 0 ? '' : `; so do ${others.length} other pages`;
    const url = new URL(href);
    const path = fileURLToPath(new URL(url.pathname, 'file://'));
    const name = path.slice(SITE.length + 1);
    const target = looks.get(name);
    const anchor = decodeURIComponent(url.hash.slice(1));
    if (target === undefined) await access(path).catch(() => complain(file, `links to ${name}, which is not there${also}`));
    else if (anchor !== '' && !target.anchors.includes(anchor)) complain(file, `links to #${anchor} of ${name}, which has none${also}`);
  }
  return pagesOf.size;
}

if (BROWSER === undefined) {
  console.log('site: not looked at, since there is no Chromium here');
} else {
  const files = (await readdir(SITE, { recursive: true })).filter(name => name.endsWith('.html')).sort();
  const problems: string[] = [];
  const complain = (file: string, problem: string): void => void problems.push(`${file} ${problem}`);
  const browser = await startBrowser('--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync');
  try {
    const looks = await lookAtAll(browser, files, complain);
    const links = await deadLinks(looks, complain);
    const page = await openPage(browser, DESKTOP);
    for (const [typed, wanted] of SEARCHES) {
      const found = await search(page, typed);
      if (!found.includes(wanted)) complain('the search', `finds ${found.join(', ')} for ${typed}, and not ${wanted}`);
    }
    await page.close();
    for (const problem of problems) console.log(`FAIL  ${problem}`);
    console.log(`site: ${files.length} pages, ${links} links, ${problems.length} problems`);
  } finally {
    await browser.close();
  }
  if (problems.length > 0) process.exitCode = 1;
}
