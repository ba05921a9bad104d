// The list of sessions: those of all clients, found, opened, exported and deleted; and the messages of an old one.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { gateway, temporaryFolder, unique, until } from '../e2e/support.mjs';
import { answered, open, press, say, seen, skip, textOf, textsOf } from './browser.mjs';
import { model } from './model.mjs';

const said = (text) => [`You said ${text}.`];
const upstream = await model({ after }, said);
const nekod = skip ? undefined : await gateway({ after }, upstream.leading);
const ask = (text, name) => nekod.ask(text, {}, { headers: { 'X-Nekod-Session': name } });
const names = async () => (await (await fetch(`${nekod.url}/sessions`)).json()).sessions.map((each) => each.id);

/// What a nekod answers that gives out the messages of conversations.
const giving = (items) => async (page) => {
  await page.setRequestInterception(true);
  page.on('request', async (request) => {
    const url = new URL(request.url());
    const json = (value) => request.respond({ status: 200, contentType: 'application/json', body: JSON.stringify(value) });
    if (url.pathname.startsWith('/v1/conversations/')) {
      const after = url.searchParams.get('after');
      const from = after ? items.findIndex((each) => each.id === after) + 1 : 0;
      const data = items.slice(from, from + Number(url.searchParams.get('limit')));
      json({ object: 'list', data, first_id: data[0]?.id, last_id: data.at(-1)?.id, has_more: from + data.length < items.length });
    } else if (/^\/sessions(\/|$)/.test(url.pathname) && request.method() === 'GET') {
      const response = await fetch(request.url());
      const body = await response.json();
      for (const each of body.sessions ?? [body]) each.conversation = `conv_${each.id}`;
      json(body);
    } else request.continue();
  });
};

test('a conversation begun by another client is found, and goes on', { skip }, async (t) => {
  const name = unique('from-curl');
  await ask('by curl', name);
  const page = await open(t, nekod.url);
  await page.type('.search input', 'from-curl');
  await seen(page, (n) => document.querySelector('.sessions a')?.title.startsWith(n), name);
  await page.locator('.sessions a').click();
  await seen(page, () => document.querySelector('.markdown')?.textContent === 'You said by curl.');
  await say(page, 'by the page');
  await answered(page, 2);
  assert.deepEqual(await textsOf(page, '.bubble'), ['by curl', 'by the page']);
  assert.deepEqual(upstream.requests.at(-1).messages.map((each) => each.content), ['by curl', 'You said by curl.', 'by the page']);
});

test('it goes on even if its earlier messages are not known, and says so', { skip }, async (t) => {
  const name = unique('unknown');
  await ask('long ago', name);
  const hide = async (page) => {
    await page.setRequestInterception(true);
    page.on('request', async (request) => {
      if (!/^\/sessions\//.test(new URL(request.url()).pathname)) return request.continue();
      const { conversation, ...body } = await (await fetch(request.url())).json();
      return request.respond({ status: 200, contentType: 'application/json', body: JSON.stringify(body) });
    });
  };
  const page = await open(t, `${nekod.url}/#/c/${name}`, { before: hide });
  await seen(page, () => /cannot be shown/.test(document.querySelector('.note').textContent));
  await say(page, 'by the page');
  await answered(page);
});

test('earlier messages are shown with reasoning and calls', { skip }, async (t) => {
  const name = unique('old');
  await ask('first words', name);
  const message = (id, role, text) => ({ id, type: 'message', role, content: [{ type: role === 'user' ? 'input_text' : 'output_text', text }] });
  const items = [
    message('msg_1', 'user', 'first words'),
    { id: 'rs_1', type: 'reasoning', summary: [{ type: 'summary_text', text: 'hmm' }] },
    message('msg_2', 'assistant', 'an **answer**'),
    message('msg_3', 'user', 'use a tool'),
    { id: 'fc_1', type: 'function_call', call_id: 'call_1', name: 'look_up', arguments: '{"a":1}' },
    { id: 'fo_1', type: 'function_call_output', call_id: 'call_1', output: 'found' },
    message('msg_4', 'assistant', 'done'),
  ];
  const page = await open(t, `${nekod.url}/#/c/${name}`, { before: giving(items) });
  await seen(page, () => document.querySelectorAll('.message').length === 4 || document.querySelectorAll('.message').length === 5);
  assert.deepEqual(await textsOf(page, '.bubble'), ['first words', 'use a tool']);
  assert.equal(await textOf(page, '.markdown strong'), 'answer');
  assert.equal(await textOf(page, '.thought'), 'hmm');
  assert.match(await textOf(page, '.call'), /look_up.*found/s);
  await seen(page, () => document.querySelector('.sessions .here .title')?.textContent === 'first words');
});

test('ten thousand messages: at most two hundred have elements, and one can get to all', { skip }, async (t) => {
  const name = unique('long');
  await ask('x', name);
  const items = Array.from({ length: 10_000 }, (_, i) => ({ id: `msg_${i}`, type: 'message', role: i % 2 ? 'assistant' : 'user', content: [{ type: i % 2 ? 'output_text' : 'input_text', text: `message number ${i}\n\nwith **more** lines` }] }));
  const page = await open(t, `${nekod.url}/#/c/${name}`, { before: giving(items) });
  await seen(page, () => [...document.querySelectorAll('.message')].at(-1)?.textContent.includes('message number 9999'));
  const count = () => page.$$eval('.message', (all) => all.length);
  assert.ok((await count()) <= 200);
  for (const share of [0.5, 0.1, 0, 0.3, 1]) {
    await page.$eval('.scroller', (each, part) => (each.scrollTop = part * each.scrollHeight), share);
    await seen(page, () => {
      const view = document.querySelector('.scroller').getBoundingClientRect();
      return document.elementFromPoint(view.left + view.width / 2, view.top + view.height / 2)?.closest('.log');
    });
    assert.ok((await count()) <= 200);
  }
  await page.$eval('.scroller', (each) => (each.scrollTop = 0));
  await seen(page, () => document.querySelector('.message')?.textContent.includes('message number 0\n'));
  await say(page, 'newest');
  await seen(page, () => [...document.querySelectorAll('.markdown')].at(-1)?.textContent === 'You said newest.');
  assert.ok((await count()) <= 200);
});

test('a conversation is given a title, which every device sees, and loses it', { skip }, async (t) => {
  const page = await open(t, nekod.url, { expected: [/400.*conversations/] });
  const first = unique('first');
  await say(page, first);
  await answered(page);
  const title = unique('What I asked');
  const rename = async (text) => {
    await press(page, 'Menu', '.sessions .here');
    await press(page, 'Rename', '.menu');
    await page.waitForSelector('dialog input');
    await page.$eval('dialog input', (input) => input.select());
    await page.keyboard.press('Backspace');
    await page.type('dialog input', text);
    await press(page, 'Save', 'dialog');
    await seen(page, () => !document.querySelector('dialog'));
  };
  await seen(page, () => document.querySelector('.sessions .here'));
  await rename(title);
  await seen(page, (text) => document.querySelector('.sessions .here .title').textContent === text && document.querySelector('.head .title').textContent === text, title);
  // What is said next does not change it.
  await say(page, 'and more');
  await answered(page, 2);
  assert.equal(await textOf(page, '.sessions .here .title'), title);
  const stored = async () => (await (await fetch(`${nekod.url}/v1/conversations/${(await (await fetch(`${nekod.url}/sessions/${await page.evaluate(() => location.hash.slice(4))}`)).json()).conversation}`)).json()).metadata.title;
  // Once what was said next is answered.
  await until(async () => (await stored()) === title, 'no title');
  const other = await open(t, page.url());
  await seen(other, (text) => document.querySelector('.sessions .here .title')?.textContent === text, title);
  // While an answer runs, nekod takes no title: it gets it later.
  let go;
  const gate = new Promise((done) => (go = done));
  upstream.answer = () => ['begun ', () => gate, 'ended'];
  await say(page, 'and now?');
  await seen(page, () => document.querySelector('.message.busy .markdown')?.textContent.includes('begun'));
  await rename('Named while answering');
  await seen(page, () => document.querySelector('.head .title').textContent === 'Named while answering');
  go();
  await answered(page, 3);
  upstream.answer = said;
  await until(async () => (await stored()) === 'Named while answering', 'no title');
  await rename('');
  await seen(page, (text) => document.querySelector('.sessions .here .title').textContent === text, first);
});

test('one is exported, with all that was said', { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const page = await open(t, nekod.url);
  const session = await page.createCDPSession();
  await session.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: folder, browserContextId: page.browserContext().id });
  await say(page, 'to be kept');
  await answered(page);
  const pick = async (label) => {
    await press(page, 'Menu', '.sessions .here');
    await press(page, label, '.menu');
  };
  const saved = (ending) => until(() => readdirSync(folder).find((each) => each.endsWith(ending)), `no ${ending}`);
  await seen(page, () => document.querySelector('.sessions .here'));
  await pick('Export as Markdown');
  assert.match(readFileSync(join(folder, await saved('.md')), 'utf8'), /# to be kept\n\n## You\n\nto be kept\n\n## Assistant\n\nYou said to be kept\./);
  await pick('Export as JSON');
  const { messages } = JSON.parse(readFileSync(join(folder, await saved('.json')), 'utf8'));
  assert.deepEqual(messages.map(({ role, text }) => [role, text]), [['user', 'to be kept'], ['assistant', 'You said to be kept.']]);
});

/// Lets the visitor choose *file*.
async function choose(page, file) {
  await press(page, 'Conversations', '.search');
  const [chooser] = await Promise.all([page.waitForFileChooser(), press(page, 'Import', '.menu')]);
  await chooser.accept([file]);
}

test('an exported conversation is imported, and goes on', { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'one.json');
  const said = Array.from({ length: 15 }, (_, i) => [{ role: 'user', text: `question ${i}` }, { role: 'assistant', text: `answer ${i}`, reasoning: `thought ${i}` }]).flat();
  said[1].calls = [{ id: 'call_1', name: 'look_up', arguments: '{"a":1}', result: 'found' }];
  writeFileSync(file, JSON.stringify({ session: { id: 'x' }, messages: said }));
  const page = await open(t, nekod.url);
  await choose(page, file);
  await seen(page, () => document.querySelectorAll('.markdown').length === 15);
  assert.deepEqual(await textsOf(page, '.bubble'), said.filter((each) => each.role === 'user').map((each) => each.text));
  assert.deepEqual(await textsOf(page, '.markdown'), said.filter((each) => each.role === 'assistant').map((each) => each.text));
  assert.equal(await textOf(page, '.thought'), 'thought 0');
  assert.match(await textOf(page, '.call'), /look_up.*found/s);
  assert.match(await textOf(page, '#notice'), /Conversations imported: 1/);
  await say(page, 'and now?');
  await answered(page, 16);
  const { messages } = upstream.requests.at(-1);
  assert.equal(messages.filter((each) => each.role === 'user').length, 16);
  assert.equal(messages.at(-2).content, 'answer 14');
});

test('all that was exported is imported by another nekod; messages of chats, too', { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const gate = await gateway(t, upstream.leading);
  const page = await open(t, nekod.url);
  const session = await page.createCDPSession();
  await session.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: folder, browserContextId: page.browserContext().id });
  await ask('exported', unique('all'));
  await page.reload();
  await page.waitForSelector('.sessions a');
  await press(page, 'Conversations', '.search');
  await press(page, 'Export all', '.menu');
  const file = await until(() => readdirSync(folder).find((each) => each === 'conversations.json'), 'no file');
  const { conversations } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const other = await open(t, gate.url);
  await choose(other, join(folder, file));
  await seen(other, (n) => document.querySelector('#notice').textContent.includes(`imported: ${n}`), conversations.filter((each) => each.messages?.length).length);
  const chat = join(folder, 'chat.json');
  writeFileSync(chat, JSON.stringify({ messages: [{ role: 'user', content: [{ type: 'text', text: 'by a chat' }] }, { role: 'assistant', content: 'yes' }] }));
  await choose(other, chat);
  await seen(other, () => document.querySelector('.bubble')?.textContent === 'by a chat');
});

test('a file that is no conversation is refused by its name, and nothing is made', { skip }, async (t) => {
  const file = join(temporaryFolder(t), 'odd.json');
  const page = await open(t, nekod.url);
  const before = (await names()).length;
  for (const text of ['no JSON', '{"a":1}', '{"messages":[{"role":"robot","content":"x"}]}', 'null', '[]']) {
    writeFileSync(file, text);
    await page.evaluate(() => (document.querySelector('#notice').textContent = ''));
    await choose(page, file);
    await seen(page, () => /odd.json cannot be imported/.test(document.querySelector('#notice').textContent));
  }
  assert.equal((await names()).length, before);
});

test('what was said is found, though no name has it', { skip }, async (t) => {
  const [name, word] = [unique('plain'), unique('needle')];
  await ask('first words', name);
  await ask(`look for ${word}`, name);
  const page = await open(t, nekod.url);
  await page.waitForSelector('.sessions a');
  await page.type('.search input', word.toUpperCase());
  await seen(page, () => /No conversation matches/.test(document.querySelector('.list-foot').textContent));
  await press(page, 'Search what was said', '.list-foot');
  await seen(page, (n) => document.querySelector('.sessions a')?.title.startsWith(n), name);
  await seen(page, () => /with these words: 1/.test(document.querySelector('#notice').textContent));
  assert.equal((await page.$$('.sessions a')).length, 1);
});

test('one is deleted after a question, with its versions; many with one question', { skip }, async (t) => {
  // Its list may ask for the title of one that is just being deleted.
  const page = await open(t, nekod.url, { expected: [/404.*\/v1\/conversations\//] });
  await say(page, 'to be gone');
  await answered(page);
  await press(page, 'Answer again', '.message.assistant');
  await answered(page);
  const name = await page.evaluate(() => decodeURIComponent(location.hash.slice(4)));
  assert.match(name, /:b2$/);
  await seen(page, () => document.querySelector('.sessions .here'));
  await until(async () => (await names()).includes(name), 'it is not there');
  await press(page, 'Menu', '.sessions .here');
  await press(page, 'Delete', '.menu');
  await seen(page, () => /All of its 2 versions/.test(document.querySelector('dialog')?.textContent));
  await press(page, 'Delete', 'dialog footer');
  await until(async () => !(await names()).some((each) => each.startsWith(name.slice(0, -3))), 'it is still there');
  await seen(page, () => location.hash === '#/');
  await press(page, 'Conversations', '.search');
  await press(page, 'Delete several', '.menu');
  await page.locator('dialog input[value=all]').click();
  await press(page, 'Delete', 'dialog footer');
  await until(async () => (await names()).length === 0, 'some are left');
  await seen(page, () => /No conversations yet/.test(document.querySelector('.list-foot').textContent));
});

test('two browsers see the same', { skip }, async (t) => {
  const [one, other] = [await open(t, nekod.url), await open(t, nekod.url)];
  await say(one, 'seen by both');
  await answered(one);
  const name = await one.evaluate(() => decodeURIComponent(location.hash.slice(4)));
  await other.reload();
  await seen(other, (n) => [...document.querySelectorAll('.sessions a')].some((each) => each.title.startsWith(n)), name);
});
