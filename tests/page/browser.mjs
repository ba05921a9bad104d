// Chromium, driven by puppeteer-core. A page of ours must be silent: no error on its console, no report of its
// content security policy, no dialog of the browser, no request to another host.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { patience } from '../e2e/support.mjs';

const program = ['chromium', 'chromium-browser', 'google-chrome'].find((name) => !spawnSync(name, ['--version']).error);
const puppeteer = await import('puppeteer-core').then((module) => module.default, () => undefined);

/// Why tests in a browser are skipped; else false.
export const skip = !program ? 'no Chromium here (apt-get install chromium)' : !puppeteer ? 'run scripts/setup test' : false;

// CTest's sign for a test that could not run.
if (skip) {
  console.error(`NOT CHECKED: ${skip}`);
  process.exitCode = 77;
}

let running;

async function browser() {
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--lang=en', '--host-resolver-rules=MAP evil.test 127.0.0.1'];
  running ??= puppeteer.launch({ executablePath: spawnSync('which', [program], { encoding: 'utf8' }).stdout.trim(), headless: true, args, protocolTimeout: patience });
  return running;
}

after(async () => (await running)?.close());

/// Opens *address* in a profile of its own. `expected` are patterns of console errors that belong to the test.
export async function open(t, address, { language = 'en', width = 1280, height = 800, dark = false, expected = [], before, profile } = {}) {
  const context = profile ?? (await (await browser()).createBrowserContext());
  const page = await context.newPage();
  const origin = new URL(address).origin;
  const problems = [];
  page.on('console', (message) => {
    const text = `${message.text()} ${message.location()?.url ?? ''}`;
    // A nekod of the test itself may drain and end before its page does.
    const ends = /ERR_CONNECTION_(REFUSED|RESET)|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE|status of 503/;
    if (message.type() === 'error' && ![ends, ...expected].some((pattern) => pattern.test(text))) problems.push(`console: ${text}`);
  });
  page.on('pageerror', (error) => problems.push(`error: ${error.stack ?? error}`));
  page.on('dialog', (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !/^(data|blob|about):/.test(url)) problems.push(`request: ${url}`);
  });
  await page.evaluateOnNewDocument((languages) => {
    Object.defineProperty(navigator, 'languages', { get: () => languages });
    addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  }, [language]);
  await page.setViewport({ width, height });
  page.setDefaultTimeout(patience);
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }, { name: 'prefers-reduced-motion', value: 'reduce' }]);
  await before?.(page);
  await page.goto(address);
  await page.waitForSelector('#message');
  t.after(async () => {
    if (profile) await page.close();
    else await context.close();
    assert.deepEqual(problems, []);
  });
  page.problems = problems;
  return page;
}

/// Waits until *probe*, in the page, is true.
export const seen = (page, probe, ...args) => page.waitForFunction(probe, { polling: 50, timeout: patience }, ...args);

export async function say(page, text) {
  await page.type('#message', text);
  await page.keyboard.press('Enter');
}

/// Waits until no answer is running and there are that many.
export const answered = (page, count = 1) =>
  seen(page, (n) => document.querySelectorAll('.message.assistant').length >= n && !document.querySelector('.message.busy'), count);

export const textOf = (page, selector) => page.$eval(selector, (element) => element.textContent);
export const textsOf = (page, selector) => page.$$eval(selector, (elements) => elements.map((element) => element.textContent));

/// Clicks the button with that name in the last element of *scope*.
export async function press(page, name, scope = 'body') {
  await seen(page, (s, n) => [...([...document.querySelectorAll(s)].at(-1)?.querySelectorAll('button, a') ?? [])].some((each) => (each.getAttribute('aria-label') ?? each.textContent).includes(n) && !each.disabled), scope, name);
  await page.evaluate((s, n) => {
    const found = [...[...document.querySelectorAll(s)].at(-1).querySelectorAll('button, a')].find((each) => (each.getAttribute('aria-label') ?? each.textContent).includes(n) && !each.disabled);
    found.click();
  }, scope, name);
}

/// Keeps a picture if NEKOD_SHOTS names a folder for them.
export async function shoot(page, name) {
  const folder = process.env.NEKOD_SHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
