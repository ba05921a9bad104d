// A model that wants to harm its reader: whatever it writes is shown as text. `open` fails a test for any request,
// dialog, error or report of the content security policy.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { gateway } from '../e2e/support.mjs';
import { answered, open, say, skip, textOf } from './browser.mjs';
import { inPieces, model } from './model.mjs';

const upstream = await model({ after }, () => []);
const nekod = skip ? undefined : await gateway({ after }, upstream.leading);
const answers = (answer) => (upstream.answer = answer);

const away = 'http://evil.test/x';
const scripts = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  `<img src="${away}.png">`,
  '<svg onload=alert(1)><script>alert(2)</script></svg>',
  '<svg><use href="data:image/svg+xml,<svg onload=alert(1)>"/></svg>',
  `<iframe src="${away}"></iframe>`,
  '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  `<link rel=stylesheet href="${away}.css">`,
  `<meta http-equiv=refresh content="0;url=${away}">`,
  `<base href="${away}">`,
  `<object data="${away}"></object>`,
  `<embed src="${away}">`,
  `<video src="${away}" autoplay onerror=alert(1)></video>`,
  '<details open ontoggle=alert(1)>x</details>',
  '<body onload=alert(1)>',
  '<input autofocus onfocus=alert(1)>',
  `<form action="${away}"><button>go</button></form>`,
  '<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '<a href="javascript:alert(1)">click</a>',
  `<style>*{background:url(${away})}</style>`,
  `<p style="background:url(${away})">styled</p>`,
  '</div></article></main><script>alert(1)</script>',
  '<template><script>alert(1)</script></template>',
  '<!--><img src=x onerror=alert(1)>-->',
  '<![CDATA[<script>alert(1)</script>]]>',
  '\u0000<script\u0000>alert(1)</script>',
  '{{constructor.constructor("alert(1)")()}}',
  '${alert(1)}',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '&#60;img src=x onerror=alert(1)&#62;',
];
const links = [
  '[a](javascript:alert(1))',
  '[b](JaVaScRiPt:alert(1))',
  '[c](java\tscript:alert(1))',
  '[d](<javascript:alert(1)>)',
  '[e](&#106;avascript:alert(1))',
  '[f](vbscript:x)',
  '[g](data:text/html,<script>alert(1)</script>)',
  '[h](//evil.test/x)',
  '[i](/sessions)',
  '[j](#/service)',
  '[k](blob:http://evil.test/x)',
  '[l](file:///etc/passwd)',
  '<javascript:alert(1)>',
  '<data:text/html,x>',
  `[m](x "onmouseover=alert(1)")`,
  `[n](http://evil.test/x" onclick="alert(1))`,
  `![o](${away}.png)`,
  `![p](${away}.png "t")`,
  '![q](javascript:alert(1))',
  `![r](data:image/svg+xml,<svg/onload=alert(1)>)`,
  `[![s](${away}.png)](javascript:alert(1))`,
  `![t](//evil.test/${'secret'}.png)`,
];
const places = [
  (text) => text,
  (text) => `# ${text}`,
  (text) => `- ${text}`,
  (text) => `> ${text}`,
  (text) => `| ${text.replaceAll('|', '')} | b |\n|---|---|\n| ${text.replaceAll('|', '')} | d |`,
  (text) => `\`\`\`html" onload="alert(1)\n${text}\n\`\`\``,
  (text) => `\`\`\`${text.replaceAll('`', '').split('\n')[0]}\ncode\n\`\`\``,
  (text) => `**${text}**`,
];

test('scripts and elements stay text, wherever they are', { skip }, async (t) => {
  const page = await open(t, nekod.url);
  let count = 0;
  for (const place of places) {
    answers(() => inPieces(scripts.map(place).join('\n\n'), 11));
    await say(page, 'attack');
    await answered(page, (count += 1));
  }
  const bad = await page.$$eval('.markdown *', (all) => all.filter((each) => /^(SCRIPT|IMG|IFRAME|OBJECT|EMBED|VIDEO|LINK|META|BASE|STYLE|FORM|BODY|TEMPLATE|MATH|NOSCRIPT)$/i.test(each.tagName) || [...each.attributes].some(({ name }) => /^on|^style$|^srcdoc$/.test(name))).map((each) => each.outerHTML));
  assert.deepEqual(bad, []);
  const text = await textOf(page, '.message.assistant .markdown');
  for (const script of scripts.filter((each) => !/[&\\*_\u0000]|https?:/.test(each))) assert.ok(text.includes(script), script);
});

test('links lead to web pages and mail only, and pictures are not loaded', { skip }, async (t) => {
  const page = await open(t, nekod.url);
  let count = 0;
  for (const place of places) {
    answers(() => inPieces(`${links.map(place).join('\n\n')}\n\n[fine](https://example.com/) <me@example.com>`, 11));
    await say(page, 'attack');
    await answered(page, (count += 1));
  }
  const found = await page.$$eval('.markdown a', (all) => all.map(({ href, rel, target, protocol }) => ({ href, rel, target, protocol })));
  assert.ok(found.length > 20);
  for (const link of found) {
    assert.match(link.protocol, /^(https?|mailto):$/, link.href);
    assert.match(link.rel, /noopener noreferrer/);
    assert.equal(link.target, '_blank');
    assert.ok(!link.href.startsWith(nekod.url), link.href);
  }
  assert.equal(await page.$('.markdown img'), null);
});

test('names, reasoning, arguments and errors are text, too', { skip }, async (t) => {
  const evil = scripts[1];
  const call = { tool_calls: [{ index: 0, id: evil, type: 'function', function: { name: evil, arguments: `{"a":"${evil}"}` } }] };
  answers(() => [{ reasoning_content: evil }, evil, call]);
  const page = await open(t, nekod.url, { expected: [/400/] });
  await say(page, evil);
  await answered(page);
  assert.equal(await textOf(page, '.bubble'), evil);
  assert.equal(await textOf(page, '.thought'), evil);
  assert.ok((await textOf(page, '.call')).includes(evil));
  answers(() => ({ status: 400, code: evil }));
  await page.evaluate(() => document.querySelector('#message').focus());
  await say(page, 'again');
  await answered(page, 2);
  assert.ok((await textOf(page, '.status.error')).includes(evil));
  assert.equal(await page.$('main img'), null);
});

test('nothing of an address is sent as a message', { skip }, async (t) => {
  const before = upstream.requests.length;
  const page = await open(t, `${nekod.url}/?q=spend+my+money&prompt=x#/c/%E0%A4%A`, { expected: [/404/] });
  assert.equal(await page.$eval('#message', (each) => each.value), '');
  await page.evaluate((address) => (location.href = address), `${nekod.url}/?q=x#/c/..%2f..%2fsessions%3fall=true`);
  await page.waitForSelector('#message');
  assert.equal(upstream.requests.length, before);
});
