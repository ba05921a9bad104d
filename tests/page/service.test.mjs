// The view of the service.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { addKey, gateway, unique } from '../e2e/support.mjs';
import { open, press, seen, skip, textOf } from './browser.mjs';
import { model } from './model.mjs';

const upstream = await model({ after }, (text) => (text.includes('fail') ? { status: 500 } : ['fine']));
const nekod = skip ? undefined : await gateway({ after }, upstream.leading);

test('it says what nekod does, as it happens', { skip }, async (t) => {
  const page = await open(t, nekod.url);
  await page.evaluate(() => (location.hash = '#/service'));
  await seen(page, () => /Ready/.test(document.querySelector('.verdict')?.textContent));
  assert.match(await textOf(page, '.service-upstreams'), /openai.*closed.*1 working/s);
  await seen(page, () => document.querySelectorAll('.service-now .plot').length === 4);
  for (let i = 0; i < 3; i += 1) await nekod.ask(unique());
  await seen(page, () => /answered\s*3/.test(document.querySelector('.service-turns figcaption').textContent) || /answered 3/.test(document.querySelector('.service-turns').textContent));
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
