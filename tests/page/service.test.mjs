// The view of the service.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { addKey, gateway, temporaryFolder, unique, until } from '../e2e/support.mjs';
import { open, press, seen, shoot, skip, textOf, textsOf } from './browser.mjs';
import { model } from './model.mjs';

const upstream = await model({ after }, (text) => (text.includes('fail') ? { status: 500 } : ['fine']));
const nekod = skip ? undefined : await gateway({ after }, upstream.leading);

test('it says what nekod does, as it happens', { skip }, async (t) => {
  const page = await open(t, nekod.url);
  await page.evaluate(() => (location.hash = '#/service'));
  await seen(page, () => /Ready/.test(document.querySelector('.verdict')?.textContent));
  assert.match(await textOf(page, '.service-upstreams'), /openai.*closed.*1 working/s);
  assert.equal(await textOf(page, '.service-upstreams td:nth-child(2)'), '✓ closed');
  assert.ok((await textsOf(page, '.tile small')).includes('of 10,000'));
  assert.ok(!(await textsOf(page, '.service-failures th')).includes('Service'));
  await seen(page, () => document.querySelectorAll('.service-now .plot').length === 4);
  // All that were answered since it is open, however many looks that took.
  const counted = (count) => seen(page, (n) => document.querySelector('.service-turns figcaption').textContent.includes(`answered ${n}`), count);
  for (let i = 1; i <= 3; i += 1) {
    await nekod.ask(unique());
    await counted(i);
  }
  const failed = await nekod.post({ messages: [{ role: 'user', content: unique('fail') }] });
  await failed.text();
  await seen(page, (id) => document.querySelector('.service-failures').textContent.includes(id), failed.headers.get('x-request-id'));
  assert.match(await textOf(page, '.service-failures'), /500 upstream_error|502 upstream_error/);
  await page.type('.service-failures input', 'nothing like this');
  await seen(page, () => /No failures/.test(document.querySelector('.service-failures').textContent));
});

test('an upstream that is refused shows, and recovers', { skip }, async (t) => {
  const bad = await model(t, () => ['fine']);
  const gate = await gateway(t, bad.leading);
  const page = await open(t, `${gate.url}/#/service`);
  await seen(page, () => /Ready/.test(document.querySelector('.verdict')?.textContent));
  bad.refuses = true;
  await (await gate.post({ messages: [{ role: 'user', content: 'x' }] })).text();
  await seen(page, () => /Not ready/.test(document.querySelector('.verdict')?.textContent) && /1 refused/.test(document.querySelector('.service-upstreams').textContent));
  bad.refuses = false;
  await (await gate.post({ messages: [{ role: 'user', content: 'x' }] })).text();
  await seen(page, () => /Ready/.test(document.querySelector('.verdict')?.textContent) && /1 working/.test(document.querySelector('.service-upstreams').textContent));
});

test('a key that is not taken is said to be so', { skip }, async (t) => {
  const file = join(temporaryFolder(t), 'keys');
  const alice = addKey(file, 'alice');
  const gate = await gateway(t, [...upstream.leading, '--api-keys', file]);
  const page = await open(t, gate.url, { expected: [/401/] });
  await page.waitForSelector('dialog input');
  assert.equal(await page.$('dialog .error'), null);
  await page.type('dialog input', 'wrong');
  await page.keyboard.press('Enter');
  await seen(page, () => /does not take this API key/.test(document.querySelector('dialog .error')?.textContent));
  await page.$eval('dialog input', (input) => input.select());
  await page.type('dialog input', alice);
  await page.keyboard.press('Enter');
  await seen(page, () => !document.querySelector('dialog') && document.querySelector('.list-foot').textContent);
});

test('an ordinary key sees no such view', { skip }, async (t) => {
  const file = `${nekod.home}/keys`;
  const [alice, boss] = [addKey(file, 'alice'), addKey(file, 'boss', '--admin')];
  const gate = await gateway(t, [...upstream.leading, '--api-keys', file]);
  const withKey = (key) => async (page) => page.evaluateOnNewDocument((text) => sessionStorage.setItem('nekod.key', JSON.stringify(text)), key);
  const page = await open(t, `${gate.url}/#/service`, { before: withKey(alice), expected: [/403/] });
  await seen(page, () => /needs an admin key/.test(document.querySelector('.service').textContent));
  assert.equal(await page.$eval('.side-foot a', (each) => each.hidden), true);
  await press(page, 'Settings', '.side-foot');
  await seen(page, () => /belongs to alice/.test(document.querySelector('dialog')?.textContent));
  const admin = await open(t, gate.url, { before: withKey(boss) });
  await seen(admin, () => !document.querySelector('.side-foot a').hidden);
});

test('an admin adds a key for a colleague, replaces it, and revokes it', { skip }, async (t) => {
  const file = join(temporaryFolder(t), 'keys');
  const boss = addKey(file, 'boss', '--admin');
  const gate = await gateway(t, [...upstream.leading, '--api-keys', file]);
  const withKey = (page) => page.evaluateOnNewDocument((text) => sessionStorage.setItem('nekod.key', JSON.stringify(text)), boss);
  const page = await open(t, `${gate.url}/#/service`, { before: withKey, expected: [/40[09].*\/keys/] });
  await press(page, 'New key', '.service-keys');
  await page.type('dialog input[required]', 'colleague');
  await page.type('dialog input[placeholder]', 'often');
  await press(page, 'Save', 'dialog');
  await seen(page, () => /not a rate limit/.test(document.querySelector('dialog .error')?.textContent));
  await page.$eval('dialog input[placeholder]', (input) => (input.value = ''));
  await page.type('dialog input[placeholder]', '100 per day');
  await shoot(page, 'new-key');
  await press(page, 'Save', 'dialog');
  await seen(page, () => document.querySelector('dialog .secret'));
  const key = await textOf(page, 'dialog .secret');
  // Enter must not close what nobody sees again.
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Copy');
  await page.keyboard.press('Enter');
  await seen(page, () => /copied/i.test(document.querySelector('dialog #notice:not([hidden])')?.textContent));
  const who = async (secret) => (await fetch(`${gate.url}/me`, { headers: { 'x-api-key': secret } })).status;
  assert.equal(await who(key), 200);
  await press(page, 'I kept it', 'dialog');
  const row = (name) => `.service-keys tr[data-tenant="${name}"]`;
  await seen(page, (selector) => /(100|99) \/ 100/.test(document.querySelector(selector)?.textContent), row('colleague'));
  await page.$eval('.service-keys', (section) => section.scrollIntoView());
  await shoot(page, 'keys');
  await press(page, 'Replace', row('colleague'));
  await press(page, 'New key', 'dialog footer');
  await seen(page, () => document.querySelector('dialog .secret'));
  const second = await textOf(page, 'dialog .secret');
  await press(page, 'I kept it', 'dialog');
  await seen(page, () => /Revoke the old key of colleague/.test(document.querySelector('dialog')?.textContent));
  assert.deepEqual([await who(key), await who(second)], [200, 200]);
  await press(page, 'Revoke', 'dialog footer');
  await until(async () => (await who(key)) === 401, 'the old key still works');
  assert.equal(await who(second), 200);
  // The admin's own key needs a second yes.
  await press(page, 'Revoke', row('boss'));
  await press(page, 'Revoke', 'dialog footer');
  await seen(page, () => /Are you sure/.test(document.querySelector('dialog')?.textContent));
  await press(page, 'Cancel', 'dialog');
  assert.equal(await who(boss), 200);
});

test('where nekod cannot write the keys, the page shows the command', { skip }, async (t) => {
  const file = join(temporaryFolder(t), 'keys');
  const boss = addKey(file, 'boss', '--admin');
  const gate = await gateway(t, [...upstream.leading, '--api-keys', file]);
  const before = async (page) => {
    await page.evaluateOnNewDocument((text) => sessionStorage.setItem('nekod.key', JSON.stringify(text)), boss);
    await page.setRequestInterception(true);
    page.on('request', async (request) => {
      if (!request.url().endsWith('/keys')) return request.continue();
      const headers = request.headers();
      const list = await (await fetch(request.url(), { headers: { Authorization: headers.authorization } })).json();
      return request.respond({ contentType: 'application/json', body: JSON.stringify({ ...list, writable: false }) });
    });
  };
  const page = await open(t, `${gate.url}/#/service`, { before });
  await seen(page, () => /nekod keys add/.test(document.querySelector('.service-keys')?.textContent));
  assert.doesNotMatch(await textOf(page, '.service-keys'), /Revoke|New key/);
});
