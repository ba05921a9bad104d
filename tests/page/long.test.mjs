// An answer of 20,000 pieces, and many at once. What is counted holds on any machine; times would not.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { gateway } from '../e2e/support.mjs';
import { answered, open, say, seen, skip } from './browser.mjs';
import { model } from './model.mjs';

const pieces = 20_000;
const upstream = await model({ after }, () => []);
const nekod = skip ? undefined : await gateway({ after }, upstream.leading);

/// Counts, in the page, how often the text of answers is drawn, and how many frames there were.
const counting = (page) =>
  page.evaluate(() => {
    window.frames_ = 0;
    window.draws = 0;
    const frame = () => {
      window.frames_ += 1;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    let last = -1;
    new MutationObserver(() => {
      window.draws += 1;
      if (last === window.frames_) window.again = (window.again ?? 0) + 1;
      last = window.frames_;
    }).observe(document.querySelector('.chat'), { subtree: true, childList: true, characterData: true });
  });

test('20,000 pieces: drawn at most once a frame, and all of them there', { skip }, async (t) => {
  upstream.answer = () => Array.from({ length: pieces }, (_, i) => (i % 25 === 24 ? `w${i}\n\n` : `w${i} `));
  const page = await open(t, nekod.url);
  await counting(page);
  await say(page, 'long');
  await answered(page);
  const text = await page.$eval('.markdown', (each) => each.innerText);
  assert.equal(text.match(/w\d+/g).length, pieces);
  assert.ok(text.includes(`w${pieces - 1}`));
  const { frames, draws } = await page.evaluate(() => ({ frames: window.frames_, draws: window.draws }));
  t.diagnostic(`${draws} draws in ${frames} frames`);
  assert.ok(draws < pieces / 4, `${draws} draws`);
  assert.equal(await page.$$eval('.markdown > *', (all) => all.length), pieces / 25);
});

test('one paragraph of 100 KB', { skip }, async (t) => {
  upstream.answer = () => Array.from({ length: 4000 }, (_, i) => `word **number** ${i} with \`code\` `);
  const page = await open(t, nekod.url);
  await say(page, 'paragraph');
  await answered(page);
  assert.equal(await page.$$eval('.markdown strong', (all) => all.length), 4000);
});

test('code of 100 KB, while one goes on typing', { skip }, async (t) => {
  upstream.answer = () => ['```js\n', ...Array.from({ length: 3000 }, (_, i) => `const value${i} = "text" + ${i};\n`).flatMap((line, i) => (i % 100 ? [line] : [line, 5])), '```\n'];
  const page = await open(t, nekod.url);
  await say(page, 'code');
  await seen(page, () => document.querySelector('.markdown code')?.textContent.length > 1000);
  await page.type('#message', 'the next thought');
  await answered(page);
  assert.equal(await page.$eval('#message', (each) => each.value), 'the next thought');
  assert.equal((await page.$eval('.markdown code', (each) => each.textContent)).split('\n').length, 3000);
});

test('several conversations at once', { skip }, async (t) => {
  upstream.answer = (text) => Array.from({ length: 60 }, (_, i) => [`${text}${i} `, 15]).flat();
  const page = await open(t, nekod.url);
  const places = [];
  for (const text of ['a', 'b', 'c']) {
    await page.evaluate(() => (location.hash = '#/'));
    await seen(page, () => document.querySelector('.begin'));
    await say(page, text);
    await seen(page, () => location.hash.startsWith('#/c/'));
    places.push(await page.evaluate(() => location.hash));
  }
  for (const [i, place] of places.entries()) {
    await page.evaluate((hash) => (location.hash = hash), place);
    await seen(page, (text) => document.querySelector('.markdown')?.textContent.trim().endsWith(`${text}59`), 'abc'[i]);
  }
});
