// For everyone: two languages, two colour schemes, a phone's width, the keyboard alone, and what axe finds.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import test, { after } from 'node:test';
import { gateway, unique } from '../e2e/support.mjs';
import { answered, open, press, say, seen, shoot, skip, textOf } from './browser.mjs';
import { inPieces, model } from './model.mjs';

const story = {
  en: ['How do I read a file line by line in Python?', 'Open it and **iterate**: a file is an iterator of its lines.\n\n```python\n# Closes the file at the end\nwith open("cats.txt", encoding="utf-8") as file:\n    for line in file:\n        print(line.rstrip())\n```\n\n| way | memory |\n|---|---:|\n| `for line in file` | one line |\n| `file.read()` | the whole file |\n\n- Blank lines are lines, too\n- `rstrip()` takes the line end away'],
  zh: ['用 Python 怎样逐行读取文件？', '打开文件并**迭代**：文件对象就是“行”的迭代器。\n\n```python\n# 结束时关闭文件\nwith open("cats.txt", encoding="utf-8") as file:\n    for line in file:\n        print(line.rstrip())\n```\n\n| 方式 | 内存 |\n|---|---:|\n| `for line in file` | 一行 |\n| `file.read()` | 整个文件 |\n\n- 空行也是行\n- `rstrip()` 去掉行尾'],
};
const upstream = await model({ after }, (text) => [{ reasoning_content: 'The visitor wants to read lines, not all at once.' }, ...inPieces(Object.values(story).find(([question]) => question === text)?.[1] ?? 'ok')]);
const nekod = skip ? undefined : await gateway({ after }, upstream.leading);
const axe = skip ? '' : readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

async function findings(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  return violations.map(({ id, impact, nodes }) => `${id} (${impact}): ${nodes.map((each) => each.html.slice(0, 120)).join('  ')}`);
}

for (const language of ['en', 'zh'])
  for (const dark of [false, true])
    for (const width of [320, 1280])
      test(`axe finds nothing: ${language}, ${dark ? 'dark' : 'light'}, ${width} wide`, { skip }, async (t) => {
        const page = await open(t, nekod.url, { language: language === 'zh' ? 'zh-CN' : 'en-GB', dark, width, height: 800 });
        const name = `${language}-${dark ? 'dark' : 'light'}-${width}`;
        assert.equal(await page.evaluate(() => document.documentElement.lang), language === 'zh' ? 'zh-CN' : 'en');
        assert.deepEqual(await findings(page), []);
        await say(page, story[language][0]);
        await answered(page);
        await seen(page, () => document.querySelector('.c-word'));
        await page.locator('.reasoning summary').click();
        await shoot(page, `chat-${name}`);
        assert.deepEqual(await findings(page), []);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is wider than the screen');
        await page.evaluate(() => (location.hash = '#/service'));
        await seen(page, () => document.querySelectorAll('.plot').length === 5);
        await shoot(page, `service-${name}`);
        assert.deepEqual(await findings(page), []);
        if (width < 760) await page.locator('.toggle').click();
        await press(page, language === 'zh' ? '设置' : 'Settings', '.side-foot');
        await page.waitForSelector('dialog');
        assert.deepEqual(await findings(page), []);
        await shoot(page, `settings-${name}`);
      });

test('a conversation by the keyboard alone', { skip }, async (t) => {
  const page = await open(t, nekod.url);
  const active = () => page.evaluate(() => document.activeElement.id || document.activeElement.getAttribute('aria-label') || document.activeElement.textContent.slice(0, 30));
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('Tab');
  assert.equal(await active(), 'Skip to the message box');
  await page.keyboard.press('Enter');
  assert.equal(await active(), 'message');
  await page.keyboard.type(unique());
  await page.keyboard.press('Enter');
  await answered(page);
  assert.equal(await active(), 'message', 'the focus stays where one writes');
  assert.equal(await textOf(page, '#announcer'), 'Answer complete');
  await page.keyboard.down('Alt');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.up('Alt');
  assert.ok(await page.evaluate(() => document.activeElement.classList.contains('message')));
  await page.keyboard.press('/');
  assert.equal(await active(), 'message');
  await page.keyboard.down('Control');
  await page.keyboard.press('k');
  assert.equal(await active(), 'Search conversations');
  await page.keyboard.down('Shift');
  await page.keyboard.press('o');
  await page.keyboard.up('Shift');
  await page.keyboard.up('Control');
  await seen(page, () => location.hash === '#/' && document.activeElement.id === 'message');
});

test('a menu and a dialog close by Escape, and give the focus back', { skip }, async (t) => {
  const page = await open(t, nekod.url);
  const opener = () => page.evaluate(() => document.activeElement.getAttribute('aria-label'));
  await page.focus('.search .tool');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.menu');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Escape');
  assert.equal(await page.$('.menu'), null);
  assert.equal(await opener(), 'Conversations');
  await page.focus('.head .tool:last-child');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog');
  await page.keyboard.press('Escape');
  await seen(page, () => !document.querySelector('dialog'));
  assert.equal(await opener(), 'Prompt and parameters');
});

test('the focus is where one goes on', { skip }, async (t) => {
  const page = await open(t, nekod.url);
  const text = unique();
  await say(page, text);
  await answered(page);
  const focus = () => page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent);
  const listed = () => seen(page, () => document.querySelector('.sessions .here button'));
  await listed();
  // The list is drawn anew while an answer comes, and for other reasons.
  await page.focus('.sessions .here button');
  await page.evaluate(() => {
    window.button = document.activeElement;
    dispatchEvent(new Event('focus'));
  });
  await seen(page, () => !window.button.isConnected);
  assert.equal(await focus(), `Menu: ${text}`);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.menu');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog[open]');
  assert.equal(await focus(), 'Cancel');
  await press(page, 'Delete', 'dialog footer');
  await seen(page, () => document.activeElement.type === 'search');
  // In a dialog it is on the first thing to do.
  for (const [opener, tag] of [['.head .tool:last-child', 'TEXTAREA'], ['.side-foot button', 'SELECT']]) {
    await page.focus(opener);
    await page.keyboard.press('Enter');
    await seen(page, (name) => document.querySelector('dialog') && document.activeElement.tagName === name, tag);
    await page.keyboard.press('Escape');
    await seen(page, () => !document.querySelector('dialog'));
  }
});

test('where the focus is can be seen: no ring is cut off', { skip }, async (t) => {
  const page = await open(t, nekod.url);
  await say(page, unique());
  await answered(page);
  for (const selector of ['.search input', '.search .tool', '.sessions a', '.sessions button', '.scroller']) {
    await page.focus('#message');
    await page.keyboard.press('Shift');
    await page.focus(selector);
    const cut = await page.$eval(selector, (each) => {
      const { outlineWidth, outlineOffset } = getComputedStyle(each);
      const reach = parseFloat(outlineWidth) + parseFloat(outlineOffset);
      const [inner, outer] = [each.getBoundingClientRect(), each.closest('.list, .chat').getBoundingClientRect()];
      return inner.left - reach < outer.left || inner.right + reach > outer.right;
    });
    assert.equal(cut, false, selector);
  }
});

test('language and colours can be chosen', { skip }, async (t) => {
  const page = await open(t, nekod.url);
  const choose = async (label, index, value) => {
    await press(page, label, '.side-foot');
    await page.waitForSelector('dialog select');
    await (await page.$$('dialog select'))[index].select(value);
    await seen(page, () => !document.querySelector('dialog'));
  };
  await choose('Settings', 0, 'zh');
  await seen(page, () => document.querySelector('#message').placeholder === '输入消息…');
  await choose('设置', 1, 'dark');
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(22, 26, 24)');
  await page.reload();
  await page.waitForSelector('#message');
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh-CN');
});

test('nothing moves for those who want no motion', { skip }, async (t) => {
  const page = await open(t, nekod.url);
  assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
  assert.equal(await page.$eval('.scroller', (each) => getComputedStyle(each).scrollBehavior), 'auto');
});
