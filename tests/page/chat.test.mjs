// Chatting, as a visitor does.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { gateway, until } from '../e2e/support.mjs';
import { answered, open, press, say, seen, skip, textOf, textsOf } from './browser.mjs';
import { inPieces, model } from './model.mjs';

const upstream = await model({ after }, (text) => inPieces(`You said **${text}**.`));
const nekod = skip ? undefined : await gateway({ after }, upstream.leading);
const answers = (answer) => (upstream.answer = answer);
const sessions = async () => (await (await fetch(`${nekod.url}/sessions`)).json()).sessions;

test('an answer comes as Markdown, in a session of nekod', { skip }, async (t) => {
  answers((text) => inPieces(`# Title\n\nYou said **${text}**.\n\n\`\`\`js\nlet a = 1; // one\n\`\`\`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n`));
  const page = await open(t, nekod.url);
  await say(page, 'hello');
  await answered(page);
  assert.equal(await textOf(page, '.markdown strong'), 'hello');
  assert.equal(await textOf(page, '.markdown .h1'), 'Title');
  assert.deepEqual(await textsOf(page, '.markdown td'), ['1', '2']);
  await seen(page, () => document.querySelector('.markdown .c-word')?.textContent === 'let');
  assert.match(await textOf(page, '.message.assistant .figures'), /tiny-model · first text after .* pieces/);
  const name = await page.evaluate(() => decodeURIComponent(location.hash.slice(4)));
  assert.ok((await sessions()).some((each) => each.id === name && each.turns === 1));
  await say(page, 'and again');
  await answered(page, 2);
  // nekod remembers: the page tells what is new only.
  assert.deepEqual(upstream.requests.at(-1).messages.map((each) => each.role), ['user', 'assistant', 'user']);
  await seen(page, () => document.querySelector('.sessions .title')?.textContent === 'hello');
});

test('model, system prompt and parameters are sent', { skip }, async (t) => {
  answers(() => ['ok']);
  const page = await open(t, nekod.url);
  await seen(page, () => document.querySelectorAll('.head option').length === 3);
  await page.select('.head select', 'large-model');
  await press(page, 'Prompt and parameters', '.head');
  await page.waitForSelector('dialog textarea');
  await page.type('dialog textarea', 'Be brief.');
  await page.type('dialog input[max="2"]', '0.5');
  await press(page, 'Save', 'dialog');
  await say(page, 'hello');
  await answered(page);
  const request = upstream.requests.at(-1);
  assert.equal(request.model, 'large-model');
  assert.equal(request.temperature, 0.5);
  assert.deepEqual(request.messages, [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'hello' }]);
});

test('reasoning is folded, and stays as the reader leaves it; calls of tools are shown', { skip }, async (t) => {
  let go;
  const gate = new Promise((open) => (go = open));
  const call = { tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{"city":' } }] };
  const rest = { tool_calls: [{ index: 0, function: { arguments: '"Berlin"}' } }] };
  answers(() => [{ reasoning_content: 'Let me ' }, { reasoning_content: 'think.' }, () => gate, 'Answer', call, rest]);
  const page = await open(t, nekod.url);
  await say(page, 'hello');
  await seen(page, () => document.querySelector('.thought')?.textContent === 'Let me think.');
  assert.equal(await page.$eval('.reasoning', (each) => each.open), false);
  await page.locator('.reasoning summary').click();
  go();
  await answered(page);
  assert.equal(await page.$eval('.reasoning', (each) => each.open), true);
  assert.match(await textOf(page, '.call'), /get_weather.*"city": "Berlin"/s);
});

test('an answer goes on after a reload, and each character shows once', { skip }, async (t) => {
  const words = Array.from({ length: 120 }, (_, i) => `word${i} `);
  answers(() => words.flatMap((word) => [word, 15]));
  const page = await open(t, nekod.url);
  const before = upstream.requests.length;
  await say(page, 'a long story');
  await seen(page, () => document.querySelector('.markdown')?.textContent.includes('word20'));
  await page.reload();
  await answered(page);
  await seen(page, () => document.querySelector('.markdown')?.textContent.includes('word119'));
  assert.equal((await textOf(page, '.markdown')).trim(), words.join('').trim());
  assert.equal(upstream.requests.length, before + 1, 'the upstream was asked once');
  assert.deepEqual(await textsOf(page, '.bubble'), ['a long story']);
});

test('what is not sent yet survives a reload', { skip }, async (t) => {
  const page = await open(t, nekod.url);
  await page.type('#message', 'half a thought');
  await page.reload();
  await page.waitForSelector('#message');
  assert.equal(await page.$eval('#message', (each) => each.value), 'half a thought');
});

test('stop stops, says so, and the next message tells what was kept', { skip }, async (t) => {
  answers(() => Array.from({ length: 2000 }, (_, i) => [`w${i} `, 20]).flat());
  const page = await open(t, nekod.url);
  await say(page, 'endless');
  await seen(page, () => document.querySelector('.markdown')?.textContent.includes('w10'));
  await page.keyboard.press('Escape');
  await answered(page);
  await until(() => upstream.active === 0, 'the upstream goes on');
  assert.match(await textOf(page, '.message.assistant .status'), /Stopped/);
  answers(() => ['fine']);
  await say(page, 'go on');
  await answered(page, 2);
  const told = upstream.requests.at(-1).messages;
  assert.deepEqual(told.map((each) => each.role), ['user', 'assistant', 'user']);
  assert.match(told[1].content, /^w0 w1 /);
});

test('an edited message and a new answer are versions, with a way back', { skip }, async (t) => {
  let count = 0;
  answers((text) => [`answer ${(count += 1)} to ${text}`]);
  const page = await open(t, nekod.url);
  await say(page, 'first');
  await answered(page);
  await press(page, 'Answer again', '.message.assistant');
  await seen(page, () => document.querySelector('.markdown')?.textContent === 'answer 2 to first');
  await answered(page);
  await seen(page, () => document.querySelector('.message.assistant .foot').textContent.includes('2/2'));
  await say(page, 'second');
  await answered(page, 2);
  await press(page, 'Edit', '.message.user');
  await page.waitForSelector('.editor textarea');
  await page.$eval('.editor textarea', (each) => (each.value = 'other'));
  await press(page, 'Send', '.editor');
  await seen(page, () => document.querySelectorAll('.markdown')[1]?.textContent === 'answer 4 to other');
  await answered(page, 2);
  assert.deepEqual(await textsOf(page, '.bubble'), ['first', 'other']);
  assert.deepEqual(upstream.requests.at(-1).messages.map((each) => each.content), ['first', 'answer 2 to first', 'other']);
  await press(page, 'Previous version', '.message.user');
  await seen(page, () => [...document.querySelectorAll('.bubble')].at(-1)?.textContent === 'second');
  await press(page, 'Previous version', '.message.assistant:nth-child(2)');
  await seen(page, () => document.querySelector('.markdown')?.textContent === 'answer 1 to first');
});

test('Enter that ends a composition does not send', { skip }, async (t) => {
  answers(() => ['ok']);
  const page = await open(t, nekod.url);
  const input = await page.createCDPSession();
  const before = upstream.requests.length;
  await page.focus('#message');
  await input.send('Input.imeSetComposition', { text: 'nihao', selectionStart: 5, selectionEnd: 5 });
  await input.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13 });
  await input.send('Input.insertText', { text: '你好' });
  assert.equal(await page.$eval('#message', (each) => each.value), '你好');
  assert.equal(upstream.requests.length, before);
  // A visitor's next key comes later than Safari's late one.
  await seen(page, (ended) => performance.now() > ended + 100, await page.evaluate(() => performance.now()));
  await page.keyboard.press('Enter');
  await answered(page);
  assert.equal(upstream.requests.at(-1).messages.at(-1).content, '你好');
});

test('Shift+Enter is a new line; by touch Enter is one, too', { skip }, async (t) => {
  const page = await open(t, nekod.url);
  await page.type('#message', 'a');
  await page.keyboard.down('Shift');
  await page.keyboard.press('Enter');
  await page.keyboard.up('Shift');
  assert.equal(await page.$eval('#message', (each) => each.value), 'a\n');
  const phone = await open(t, nekod.url, { before: (each) => each.setViewport({ width: 390, height: 800, isMobile: true, hasTouch: true }) });
  await phone.type('#message', 'a');
  await phone.keyboard.press('Enter');
  assert.equal(await phone.$eval('#message', (each) => each.value), 'a\n');
});

test('a failure has its name, and nothing typed is lost', { skip }, async (t) => {
  answers(() => ({ status: 429, code: 'slow_down' }));
  // The session is there, and has no items yet.
  const page = await open(t, nekod.url, { expected: [/404.*\/items/] });
  await say(page, 'precious');
  await page.waitForSelector('.status.error');
  assert.match(await textOf(page, '.status.error'), /not now.*Code slow_down, request req_/s);
  await page.reload();
  await seen(page, () => document.querySelector('.bubble')?.textContent === 'precious');
  assert.match(await textOf(page, '.status.error'), /not now.*Code slow_down, request req_/s);
  answers(() => ['better']);
  await press(page, 'Try again', '.message.assistant');
  await seen(page, () => document.querySelector('.markdown')?.textContent === 'better');
});

test('a limit says when it ends', { skip }, async (t) => {
  answers(() => ['fine']);
  const gate = await gateway(t, [...upstream.leading, '--chat-rate-limit', '1 per minute']);
  const page = await open(t, gate.url, { expected: [/429/] });
  await say(page, 'one');
  await answered(page);
  await say(page, 'two');
  await page.waitForSelector('.status.error');
  await seen(page, () => /Possible again in \d+ s/.test(document.querySelector('.status.error').textContent));
  assert.ok(await page.$eval('.status.error button', (each) => each.disabled));
});

test('a first text that takes its time is no error', { skip }, async (t) => {
  answers(() => [6500, 'at last']);
  const page = await open(t, nekod.url);
  await say(page, 'slow');
  await seen(page, () => /Still waiting/.test(document.querySelector('.message.assistant .status')?.textContent));
  await answered(page);
  assert.equal(await textOf(page, '.markdown'), 'at last');
});

test('the reader who scrolls up is left alone', { skip }, async (t) => {
  answers(() => Array.from({ length: 400 }, (_, i) => [`paragraph ${i}\n\n`, 5]).flat());
  const page = await open(t, nekod.url);
  await say(page, 'many');
  await seen(page, () => document.querySelector('.markdown')?.textContent.includes('paragraph 80'));
  assert.ok(await page.$eval('.scroller', (each) => each.scrollHeight - each.scrollTop - each.clientHeight < 40), 'it follows the end');
  await page.hover('.scroller');
  await page.mouse.wheel({ deltaY: -600 });
  await seen(page, () => !document.querySelector('.down').hidden);
  const place = () => page.$eval('.scroller', (each) => each.scrollTop);
  await page.waitForFunction(() => {
    const now = document.querySelector('.scroller').scrollTop;
    const still = window.last === now;
    window.last = now;
    return still;
  }, { polling: 200 });
  const before = await place();
  await answered(page);
  assert.ok(Math.abs((await place()) - before) <= 1, 'nothing has moved');
  await press(page, 'To the end', '.down-place');
  await seen(page, () => document.querySelector('.down').hidden);
  assert.ok(await page.$eval('.scroller', (each) => each.scrollHeight - each.scrollTop - each.clientHeight < 2));
});

test('a picture is pasted, shown and sent; one that is too large is not', { skip }, async (t) => {
  answers(() => ['a cat']);
  const page = await open(t, nekod.url);
  const paste = (size) =>
    page.evaluate((bytes) => {
      const pixel = Uint8Array.from(atob('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='), (c) => c.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes ? new Uint8Array(bytes) : pixel], 'cat.png', { type: 'image/png' }));
      document.querySelector('#message').dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
    }, size);
  await paste(6 * 2 ** 20);
  await seen(page, () => /larger than 5 MB/.test(document.querySelector('#notice').textContent));
  await paste(0);
  await page.waitForSelector('.thumb img');
  await say(page, 'what is it?');
  await answered(page);
  assert.match(upstream.requests.at(-1).messages[0].content[1].image_url.url, /^data:image\/png;base64,iVBOR/);
  assert.ok(await page.$('.message.user img'));
});

test('pictures that are not sent yet are there when one comes back', { skip }, async (t) => {
  answers(() => ['a cat']);
  const page = await open(t, nekod.url);
  await page.evaluate(() => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array([1])], 'cat.png', { type: 'image/png' }));
    document.querySelector('#message').dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  });
  await page.waitForSelector('.thumb img');
  await page.evaluate(() => (location.hash = '#/service'));
  await page.waitForSelector('.verdict');
  await page.evaluate(() => (location.hash = '#/'));
  await page.waitForSelector('.thumb img');
});

test('copying works without the clipboard interface, and says so', { skip }, async (t) => {
  const gate = await gateway(t, [...upstream.leading, '--allowed-hosts', 'evil.test']);
  answers(() => ['```\nsome code\n```']);
  const page = await open(t, `http://evil.test:${gate.port}/`);
  await say(page, 'code');
  await answered(page);
  await page.evaluate(() => document.addEventListener('copy', () => (window.copied = document.activeElement.value)));
  await page.locator('.copy').click();
  await seen(page, () => document.querySelector('.copy').textContent === 'Copied');
  assert.equal(await page.evaluate(() => window.copied), 'some code');
  assert.equal(await page.evaluate(() => isSecureContext), false);
});

test('with keys the page asks for one, and keeps it as long as it is told to', { skip }, async (t) => {
  const { addKey } = await import('../e2e/support.mjs');
  const file = `${nekod.home}/keys`;
  const secret = addKey(file, 'alice');
  const gate = await gateway(t, [...upstream.leading, '--api-keys', file]);
  answers(() => ['welcome']);
  const page = await open(t, gate.url, { expected: [/401/] });
  await page.waitForSelector('dialog input[type=password]');
  await page.type('dialog input[type=password]', secret);
  await Promise.all([page.waitForNavigation(), press(page, 'Save', 'dialog')]);
  await page.waitForSelector('#message');
  await say(page, 'hello');
  await answered(page);
  assert.equal(await textOf(page, '.markdown'), 'welcome');
  const places = await page.evaluate(() => [JSON.stringify(localStorage), JSON.stringify(sessionStorage)].map((each) => each.includes('sk-nekod-')));
  assert.deepEqual(places, [false, true]);
  assert.equal(await page.$eval('.side-foot a', (each) => each.hidden), true, 'no view of the service for this key');
});
