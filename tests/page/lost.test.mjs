// Nothing is lost: a page that is left, a network that breaks, a nekod that is killed, another device; over both kinds
// of upstream.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { addKey, gateway, leadingTo, leadingToOpenai, simulator, temporaryFolder, unique, until } from '../e2e/support.mjs';
import { answered, open, press, say, seen, skip, textOf, textsOf } from './browser.mjs';

const sim = skip ? undefined : await simulator({ after });

const kinds = {
  anuneko: {
    leading: leadingTo,
    turns: async (text) => (await sim.chats()).flatMap((chat) => chat.messages).filter((each) => each.text.includes(text)),
    // A chat that was told what came before has that as one message.
    heard: async (text) => JSON.stringify((await sim.chatWith(text)).messages),
  },
  openai: {
    leading: leadingToOpenai,
    turns: async (text) => (await sim.completions()).filter(({ body }) => JSON.stringify(body.messages.at(-1)).includes(text)),
    heard: async (text) => JSON.stringify((await sim.completionOf(text)).body.messages),
  },
};

const without = (args, name) => args.filter((each, i) => each !== name && args[i - 1] !== name);
const nameOf = (page) => page.evaluate(() => decodeURIComponent(location.hash.slice(4)));
const shown = (page) => page.evaluate(() => [...document.querySelectorAll('.markdown')].at(-1)?.textContent ?? '');
const begun = (page) => seen(page, () => [...document.querySelectorAll('.markdown')].at(-1)?.textContent.trim().split(/\s+/).length > 5);

/// Says something that is answered, then *text*, whose answer has begun and goes on for long.
async function sayEndless(page, text, tokens = 5000) {
  await say(page, unique('before'));
  await answered(page);
  await say(page, `[sim tokens=${tokens} delay=20] ${text}`);
  await seen(page, () => document.querySelectorAll('.markdown').length === 2);
  await begun(page);
}

/// What nekod has of a conversation: the texts of its messages.
async function textsAt(nekod, name, headers = {}) {
  const { conversation } = await (await fetch(`${nekod.url}/sessions/${name}`, { headers })).json();
  const { data } = await (await fetch(`${nekod.url}/v1/conversations/${conversation}/items?order=asc&limit=100`, { headers })).json();
  return (data ?? []).filter((each) => each.type === 'message').map((each) => each.content.map((part) => part.text).join(''));
}

/// Whether the page shows the same as nekod has.
async function agree(page, nekod, headers) {
  const kept = await textsAt(nekod, await nameOf(page), headers);
  assert.deepEqual(await textsOf(page, '.bubble'), kept.filter((_, i) => i % 2 === 0));
  const plain = (text) => text.replace(/\s+/g, '');
  assert.deepEqual((await textsOf(page, '.markdown')).map(plain), kept.filter((_, i) => i % 2).map(plain));
}

for (const [kind, { leading, turns, heard }] of Object.entries(kinds)) {
  const nekod = skip ? undefined : await gateway({ after }, leading(sim));
  const states = async (text) => (await turns(text)).map((each) => each.state);

  test(`${kind}: an answer that is stopped ends upstream, and what came of it stays`, { skip }, async (t) => {
    const page = await open(t, nekod.url);
    const calls = [];
    page.on('request', (request) => calls.push(`${request.method()} ${new URL(request.url()).pathname}`));
    const text = unique('endless');
    await sayEndless(page, text);
    await page.keyboard.press('Escape');
    await answered(page, 2);
    assert.match((await textsOf(page, '.message.assistant .status')).at(-1), /Stopped/);
    assert.ok(calls.some((each) => /^POST \/v1\/responses\/resp_\w+\/cancel$/.test(each)), 'it is cancelled, not left');
    await until(async () => (await states(text)).at(-1) === 'aborted', 'the upstream goes on');
    await until(async () => (await textsAt(nekod, await nameOf(page))).length === 4, 'not kept once');
    const part = await shown(page);
    await page.reload();
    await seen(page, () => document.querySelectorAll('.markdown').length === 2);
    assert.equal(await shown(page), part);
    const next = unique('next');
    await say(page, next);
    await answered(page, 3);
    const told = await heard(next);
    assert.ok(told.includes(text) && told.includes(part.trim().split(/\s+/).slice(0, 4).join(' ')), told);
    await agree(page, nekod);
  });

  test(`${kind}: what is said at once after a stop follows what was stopped`, { skip }, async (t) => {
    const page = await open(t, nekod.url);
    await sayEndless(page, unique('endless'));
    await page.type('#message', unique('next'));
    await page.evaluate(() => document.querySelector('#send').click());
    await seen(page, () => document.querySelector('#send').getAttribute('aria-label') === 'Send');
    await page.keyboard.press('Enter');
    await answered(page, 3);
    await agree(page, nekod);
    assert.equal((await textsAt(nekod, await nameOf(page))).length, 6);
  });

  test(`${kind}: a first answer that is stopped outlives a reload, and is told with the next message`, { skip }, async (t) => {
    // The session is there, and has no items yet.
    const page = await open(t, nekod.url, { expected: [/404.*\/items/] });
    const text = unique('first');
    await say(page, `[sim tokens=5000 delay=20] ${text}`);
    await begun(page);
    await page.keyboard.press('Escape');
    await answered(page);
    const part = await shown(page);
    await page.reload();
    await seen(page, () => document.querySelector('.markdown'));
    assert.equal(await shown(page), part);
    const next = unique('next');
    await say(page, next);
    await answered(page, 2);
    assert.ok((await heard(next)).includes(text));
    await agree(page, nekod);
  });

  test(`${kind}: an answer goes on after a reload in its middle`, { skip }, async (t) => {
    const page = await open(t, nekod.url);
    const text = unique('reload');
    await say(page, `[sim tokens=150 delay=15] ${text}`);
    await begun(page);
    await page.type('#message', 'half a thought');
    await page.reload();
    await begun(page);
    await answered(page);
    await agree(page, nekod);
    assert.deepEqual(await states(text), ['done']);
    assert.equal(await page.$eval('#message', (each) => each.value), 'half a thought');
  });

  test(`${kind}: a page that is closed misses nothing`, { skip }, async (t) => {
    const page = await open(t, nekod.url);
    const text = unique('closed');
    await say(page, `[sim tokens=80 delay=10] ${text}`);
    await begun(page);
    const address = page.url();
    await page.goto('about:blank');
    await until(async () => (await states(text))[0] === 'done', 'it does not go on');
    await page.goto(address);
    await answered(page);
    await agree(page, nekod);
    assert.deepEqual(await states(text), ['done']);
  });

  test(`${kind}: without a network it waits, and goes on`, { skip }, async (t) => {
    const page = await open(t, nekod.url, { expected: [/ERR_INTERNET_DISCONNECTED/] });
    const text = unique('offline');
    await say(page, `[sim tokens=150 delay=20] ${text}`);
    await begun(page);
    const network = await page.createCDPSession();
    await page.setOfflineMode(true);
    // Chromium lets a connection that is open go on: a break of it is what the page sees.
    await page.evaluate(() => window.stop());
    await seen(page, () => /connecting again/.test(document.querySelector('.message.assistant .status').textContent));
    await page.setOfflineMode(false);
    await network.detach();
    await answered(page);
    await agree(page, nekod);
    assert.deepEqual(await states(text), ['done']);
  });

  test(`${kind}: after kill -9 in its middle an answer has failed, and the conversation goes on`, { skip }, async (t) => {
    const file = join(temporaryFolder(t), 'sessions.db');
    const args = [...without(without(leading(sim), '--store'), '--port'), '--store', `sqlite:${file}`];
    const killed = await gateway(t, [...args, '--port', '0']);
    // The events that it has are not kept any more, which is what it is told.
    const page = await open(t, killed.url, { expected: [/400.*starting_after/] });
    const text = unique('killed');
    await sayEndless(page, text, 3000);
    killed.kill('SIGKILL');
    await killed.ended();
    await seen(page, () => /connecting again/.test([...document.querySelectorAll('.status')].at(-1).textContent));
    const again = await gateway(t, [...args, '--port', String(killed.port)]);
    await page.waitForSelector('.status.error');
    assert.match(await textOf(page, '.status.error'), /nekod ended before/);
    assert.ok((await shown(page)).trim(), 'what had come is there');
    await page.reload();
    await page.waitForSelector('.status.error');
    assert.match(await textOf(page, '.status.error'), /nekod ended before/);
    assert.ok((await shown(page)).trim(), 'what had come is there');
    assert.match((await textsOf(page, '.bubble')).at(-1), new RegExp(text));
    // The visitor does not want to wait for as long again.
    await press(page, 'Edit', '.message.user');
    await page.waitForSelector('.editor textarea');
    await page.$eval('.editor textarea', (each, words) => (each.value = words), unique('shorter'));
    await press(page, 'Send', '.editor');
    await answered(page, 2);
    await agree(page, again);
  });

  test(`${kind}: what failed by kill -9 can be tried again`, { skip }, async (t) => {
    const args = without(leading(sim), '--port');
    const killed = await gateway(t, [...args, '--port', '0']);
    const page = await open(t, killed.url, { expected: [/404/] });
    const text = unique('lost');
    await say(page, `[sim tokens=40 first=300000] ${text}`);
    await until(async () => (await turns(text)).length === 1, 'nobody asked');
    await seen(page, () => Object.entries(localStorage).some(([name, value]) => name.startsWith('nekod.pending.') && JSON.parse(value).id));
    killed.kill('SIGKILL');
    await killed.ended();
    // It kept nothing on a disk: not even that there was an answer.
    const again = await gateway(t, [...args, '--port', String(killed.port)]);
    await page.waitForSelector('.status.error');
    assert.match(await textOf(page, '.status.error'), /does not have this answer any more/);
    await press(page, 'Edit', '.message.user');
    await page.waitForSelector('.editor textarea');
    await page.$eval('.editor textarea', (each, words) => (each.value = words), text);
    await press(page, 'Send', '.editor');
    await answered(page);
    await agree(page, again);
  });

  test(`${kind}: another device with the same key sees the answer, and goes on`, { skip }, async (t) => {
    const keys = join(temporaryFolder(t), 'keys');
    const secret = addKey(keys, 'alice');
    const gate = await gateway(t, [...leading(sim), '--api-keys', keys]);
    const headers = { Authorization: `Bearer ${secret}` };
    const withKey = (page) => page.evaluateOnNewDocument((key) => sessionStorage.setItem('nekod.key', JSON.stringify(key)), secret);
    const desk = await open(t, gate.url, { before: withKey });
    const phone = await open(t, gate.url, { before: withKey });
    await say(desk, `[sim tokens=400 delay=20] ${unique('desk')}`);
    await begun(desk);
    await phone.evaluate((place) => (location.hash = place), new URL(desk.url()).hash);
    const length = () => phone.evaluate(() => [...document.querySelectorAll('.markdown')].at(-1)?.textContent.length ?? 0);
    await begun(phone);
    const before = await length();
    assert.ok(await phone.$('.message.busy'), 'the answer runs');
    await seen(phone, (least) => [...document.querySelectorAll('.markdown')].at(-1).textContent.length > least && document.querySelector('.message.busy'), before);
    assert.deepEqual(await textsOf(phone, '.bubble'), await textsOf(desk, '.bubble'));
    await answered(phone);
    await answered(desk);
    await agree(phone, gate, headers);
    await say(phone, unique('phone'));
    await answered(phone, 2);
    await desk.evaluate(() => dispatchEvent(new Event('focus')));
    await seen(desk, () => document.querySelectorAll('.markdown').length === 2);
    await agree(desk, gate, headers);
  });

  test(`${kind}: another device stops an answer, and both keep what came of it once`, { skip }, async (t) => {
    const desk = await open(t, nekod.url);
    await sayEndless(desk, unique('shared'));
    const phone = await open(t, desk.url());
    await seen(phone, () => document.querySelectorAll('.markdown').length === 2 && document.querySelector('.message.busy'));
    await begun(phone);
    await phone.keyboard.press('Escape');
    await answered(phone, 2);
    await answered(desk, 2);
    const name = await nameOf(desk);
    await until(async () => (await textsAt(nekod, name)).length === 4, 'not kept once');
    await phone.reload();
    await seen(phone, () => document.querySelectorAll('.markdown').length === 2);
    await agree(phone, nekod);
    const next = unique('next');
    await say(desk, next);
    await answered(desk, 3);
    assert.equal((await textsAt(nekod, name)).length, 6);
  });
}
