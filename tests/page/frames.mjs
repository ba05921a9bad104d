// Tells how long the page's frames take: run it on a calm machine, `scripts/node tests/page/frames.mjs`. There is no
// assertion, since times hold for one machine only.

import test, { after } from 'node:test';
import { gateway } from '../e2e/support.mjs';
import { answered, open, say, seen, skip } from './browser.mjs';
import { model } from './model.mjs';

const upstream = await model({ after }, () => []);
const nekod = skip ? undefined : await gateway({ after }, upstream.leading);

/// Begins to note the time between frames, and the tasks that take longer than 50 ms.
const watch = (page) =>
  page.evaluate(() => {
    window.times = [];
    window.longTasks = 0;
    let last = performance.now();
    const frame = (now) => {
      window.times.push(now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    new PerformanceObserver((list) => (window.longTasks += list.getEntries().length)).observe({ entryTypes: ['longtask'] });
  });

async function tell(page, what) {
  const { times, longTasks } = await page.evaluate(() => ({ times: window.times.slice(1), longTasks: window.longTasks }));
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))].toFixed(1);
  console.log(`${what}: ${times.length} frames, median ${at(0.5)} ms, 99 % ${at(0.99)} ms, longest ${at(1)} ms; ${longTasks} tasks over 50 ms`);
}

const answers = {
  'an answer of 2,000 pieces, 100 a second, with Markdown': () =>
    Array.from({ length: 2000 }, (_, i) => [i % 40 === 39 ? `end.\n\n## Part ${i}\n\n` : `word **${i}** \`code\` `, 10]).flat(),
  'an answer of 20,000 pieces at once': () => Array.from({ length: 20_000 }, (_, i) => (i % 25 === 24 ? `w${i}\n\n` : `w${i} `)),
};

for (const [what, pieces] of Object.entries(answers))
  test(what, { skip }, async (t) => {
    upstream.answer = pieces;
    const page = await open(t, nekod.url);
    await watch(page);
    await say(page, 'go on');
    await answered(page);
    await tell(page, what);
  });

test('scrolling through a long conversation', { skip }, async (t) => {
  upstream.answer = (words) => [`You said ${words}.\n\n- one\n- **two**\n\n\`\`\`js\nconst a = 1;\n\`\`\`\n`];
  const messages = [];
  for (let i = 0; i < 1000; ++i) messages.push({ role: 'user', content: `question ${i}` }, { role: 'assistant', content: `answer ${i}\n\n- one\n- **two**` });
  await nekod.post({ session_id: 'long', messages: [...messages, { role: 'user', content: 'newest' }] });
  const page = await open(t, `${nekod.url}/#/c/long`);
  await seen(page, () => [...document.querySelectorAll('.message')].at(-1)?.textContent.includes('You said newest'));
  await watch(page);
  await page.evaluate(async () => {
    const scroller = document.querySelector('.scroller');
    for (let i = 0; i < 300; ++i) {
      scroller.scrollTop -= 200;
      await new Promise(requestAnimationFrame);
    }
  });
  await tell(page, 'scrolling');
});
