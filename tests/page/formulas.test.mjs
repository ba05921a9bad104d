// Formulas in answers: MathML by KaTeX, which is loaded with the first one. What is not drawn shows its source.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import test, { after } from 'node:test';
import { gateway } from '../e2e/support.mjs';
import { answered, open, say, seen, shoot, skip, textOf, textsOf } from './browser.mjs';
import { inPieces, model } from './model.mjs';

const upstream = await model({ after }, () => []);
const nekod = skip ? undefined : await gateway({ after }, upstream.leading);
const answers = (answer) => (upstream.answer = answer);
const axe = skip ? '' : readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// A build without KaTeX has an empty module in its place.
const withoutKatex = async (page) => {
  await page.setRequestInterception(true);
  page.on('request', (request) => (request.url().endsWith('/katex.js') ? request.respond({ contentType: 'text/javascript', body: '// none' }) : request.continue()));
};

const lesson = String.raw`# 二次方程

方程 $ax^2+bx+c=0$（其中$a\neq 0$）的解为
\[
x = \frac{-b \pm \sqrt{b^2-4ac}}{2a}.
\]
1. 设 \(f: \mathbb{R}^n \to \mathbb{R}\)，则 $\nabla f = \left(\frac{\partial f}{\partial x_1}, \ldots, \frac{\partial f}{\partial x_n}\right)$。
2. 行列式
   $$
   \det A = \begin{vmatrix} a & b \\ c & d \end{vmatrix}, \quad \overline{AB} = \boxed{42}
   $$

It costs $5, or $10 with $\text{VAT} = \cancel{19\%}$:

\[
\begin{aligned}
\int_0^\infty e^{-x^2}\,dx &= \frac{\sqrt{\pi}}{2} \\
\sum_{n=1}^{\infty} \frac{1}{n^2} &= \frac{\pi^2}{6} \tag{1}
\end{aligned}
\]

| 公式 | 能量 $E$ |
|---|---|
| 质能 | $E = mc^2$ |

$$f(x) = \begin{cases} x^2 & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}$$

\[ ${Array.from({ length: 40 }, (_, i) => `a_{${i}}`).join(' + ')} = S \]

And between words: $${Array.from({ length: 15 }, (_, i) => `b_{${i}}`).join(' + ')}$.`;

for (const [dark, width] of [[false, 1280], [true, 1280], [false, 375], [true, 320]])
  test(`formulas are drawn: ${dark ? 'dark' : 'light'}, ${width} wide`, { skip }, async (t) => {
    answers(() => inPieces(lesson, 5));
    const page = await open(t, nekod.url, { language: 'zh-CN', dark, width, height: 1000 });
    await say(page, '公式');
    await answered(page);
    await seen(page, () => document.querySelectorAll('.drawn > math').length === 13);
    assert.equal(await page.$('.formula:not(.drawn)'), null);
    assert.equal(await page.$eval('.drawn .tex', (each) => getComputedStyle(each).display), 'none');
    assert.match(await textOf(page, '.markdown'), /It costs \$5, or \$10 with/);
    assert.ok((await textsOf(page, 'msup > mi')).includes('ℝ'));
    // A formula on a line of its own is as wide as the text, and scrolls; the page does not.
    const wide = (await page.$$('.formula.display')).at(-1);
    assert.ok(await wide.evaluate((each) => each.scrollWidth > each.clientWidth && each.tabIndex === 0 && each.getBoundingClientRect().right <= innerWidth));
    await page.evaluate(() => document.querySelectorAll('.formula:not(.display)').forEach((each) => each.scrollIntoView()));
    assert.ok(await page.$$eval('.markdown, .markdown p, .scroller', (all) => all.every((each) => each.scrollWidth <= each.clientWidth)), 'nothing else scrolls');
    for (const part of ['start', 'end']) {
      await page.$eval('.message.assistant .markdown', (each, block) => each.scrollIntoView({ block }), part);
      await shoot(page, `formulas-${dark ? 'dark' : 'light'}-${width}-${part}`);
    }
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run(document));
    assert.deepEqual(violations.map((each) => each.id), []);
  });

test('KaTeX is loaded with the first formula, and not before', { skip }, async (t) => {
  answers((text) => [text === 'maths' ? 'so $x$' : 'no formula, but $5 and \\$6$']);
  const asked = [];
  const page = await open(t, nekod.url, { before: (each) => each.on('request', (request) => asked.push(request.url())) });
  await say(page, 'hello');
  await answered(page);
  assert.equal(asked.filter((url) => /katex|formula\./.test(url)).length, 0);
  await say(page, 'maths');
  await answered(page, 2);
  await page.waitForSelector('.drawn > math');
  assert.equal(asked.filter((url) => url.endsWith('/katex.js')).length, 1);
});

test('a formula shows its source while it comes, and what is complete is not drawn again', { skip }, async (t) => {
  const gates = [0, 1, 2].map(() => {
    let go;
    const gate = new Promise((done) => (go = done));
    return { gate, go };
  });
  answers(() => ['First $a$.\n\n\\[\n\\frac{1}', () => gates[0].gate, '{2}\n\\]\n\nThen \\(b', () => gates[1].gate, '_1\\) and $', () => gates[2].gate, 'c$.\n\nEnd\n\nof\n\nit']);
  const page = await open(t, nekod.url);
  await say(page, 'go');
  await page.waitForSelector('.drawn > math');
  await seen(page, () => document.querySelector('p.tex')?.textContent === '\\[\n\\frac{1}');
  await page.evaluate(() => (window.first = document.querySelector('.drawn > math')));
  gates[0].go();
  await page.waitForSelector('div.formula.drawn mfrac');
  await seen(page, () => document.querySelector('.markdown > p:last-child').textContent === 'Then \\(b');
  await page.evaluate(() => (window.second = document.querySelector('div.formula')));
  gates[1].go();
  await seen(page, () => document.querySelector('.markdown > p:last-child msub') && document.querySelector('.markdown > p:last-child').textContent.endsWith('$'));
  gates[2].go();
  await answered(page);
  assert.equal(await page.$$eval('.drawn > math', (all) => all.length), 4);
  assert.ok(await page.evaluate(() => window.first.isConnected && window.second.isConnected));
});

test('a paragraph that grows keeps what it has, each character once', { skip }, async (t) => {
  const text = 'One **two** $a$, three $b$。 four `five`. $c$! Then $d$';
  answers(() => [...text].flatMap((letter) => [letter, 20]));
  const page = await open(t, nekod.url);
  await say(page, 'go');
  // Once the comma behind it has come, too.
  await page.waitForSelector('.whole .drawn > math');
  await page.evaluate(() => (window.first = document.querySelector('.drawn > math')));
  await answered(page);
  await seen(page, () => document.querySelectorAll('.drawn > math').length === 4);
  const shown = await page.$eval('.markdown p', (each) => {
    const copy = each.cloneNode(true);
    copy.querySelectorAll('math').forEach((math) => math.remove());
    return copy.textContent;
  });
  assert.equal(shown, 'One two $a$, three $b$。 four five. $c$! Then $d$');
  assert.ok(await page.evaluate(() => window.first.isConnected));
});

test('what KaTeX does not take, and what makes macros, shows its source', { skip }, async (t) => {
  const bad = [
    '\\nosuch', '\\frac{1}', 'x^', '\\def\\a{b}\\a', '\\edef\\a{b}', '\\gdef\\a{b}', '\\xdef\\a{b}', '\\let\\a=b', '\\newcommand{\\a}{b}\\a', '\\renewcommand{\\frac}{b}',
    '\\providecommand{\\a}{b}', '\\global\\let\\a=b', '\\href{https://evil.test}{x}', '\\url{https://evil.test}', '\\includegraphics{https://evil.test/x.png}',
    '\\htmlStyle{color:red}{x}', '\\htmlId{a}{x}', `${'x+'.repeat(500)}x`, `${'\\sqrt{'.repeat(90)}x${'}'.repeat(90)}`, `${'{'.repeat(400)}x`,
  ];
  answers(() => [`$x$\n\n${bad.map((each) => `\\(${each}\\)`).join('\n\n')}`]);
  const page = await open(t, nekod.url);
  await say(page, 'go');
  await answered(page);
  await page.waitForSelector('.drawn > math');
  assert.deepEqual(await textsOf(page, '.formula:not(.drawn)'), bad.map((each) => `\\(${each}\\)`));
  assert.equal(await page.$$eval('.drawn', (all) => all.length), 1);
});

test('a formula makes elements of MathML only, and asks for nothing', { skip }, async (t) => {
  const some = ['\\text{<img src=x onerror=alert(1)>}', '\\color{red}x', '\\fcolorbox{red}{blue}{y}', '\\rule{1em}{1em}', '\\href{javascript:alert(1)}{x}', '\\tag{<b>}x', '\\begin{array}{c|c}a&b\\\\\\hline c&d\\end{array}', "f'", '\\operatorname{<script>}', '\\textbf{a}\\mathtt{b}\\boldsymbol{\\alpha}', '\\xrightarrow[a]{b}', '\\phase{x}\\angl{n}', '\\verb|<b>|'];
  answers(() => [some.map((each) => `$$${each}$$`).join('\n\n')]);
  const page = await open(t, nekod.url);
  await say(page, 'go');
  await answered(page);
  await page.waitForSelector('.drawn > math');
  const bad = await page.$$eval('.formula *', (all) => all.filter((each) => (each.namespaceURI !== 'http://www.w3.org/1998/Math/MathML' && each.className !== 'tex') || [...each.attributes].some(({ name }) => /^on|href|src|^id$/.test(name))).map((each) => each.localName));
  assert.deepEqual(bad, []);
  assert.ok((await page.$$('.drawn')).length >= some.length - 2);
});

test('a long formula may have many symbols that KaTeX makes of others', { skip }, async (t) => {
  answers(() => [`\\[${'a \\neq b \\implies c,\\; '.repeat(35)}d\\]`]);
  const page = await open(t, nekod.url);
  await say(page, 'go');
  await answered(page);
  await page.waitForSelector('.drawn > math');
});

test('what is copied has the sources of formulas', { skip }, async (t) => {
  answers(() => ['Let $x_1$ be\n\n\\[\n\\frac{1}{2}\n\\]\n\nand \\(y\\), too.']);
  const page = await open(t, nekod.url);
  await say(page, 'go');
  await answered(page);
  await seen(page, () => document.querySelectorAll('.drawn').length === 3);
  const copied = await page.evaluate(() => {
    let text;
    document.addEventListener('copy', (event) => (text = event.clipboardData.getData('text/plain')), { once: true });
    const range = document.createRange();
    // From within a formula: it is copied whole.
    range.setStart(document.querySelector('.drawn mi').firstChild, 0);
    range.setEndAfter(document.querySelector('.markdown').lastChild);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    document.execCommand('copy');
    return text;
  });
  assert.equal(copied.replaceAll(/\n+/g, '\n').trim(), '$x_1$ be\n\\[\n\\frac{1}{2}\n\\]\nand \\(y\\), too.');
  assert.equal(await page.$eval('.drawn .tex', (each) => getComputedStyle(each).display), 'none');
});

test('without KaTeX in the build, formulas show their source', { skip }, async (t) => {
  answers(() => ['so $x$ is']);
  const page = await open(t, nekod.url, { before: withoutKatex });
  await say(page, 'go');
  await answered(page);
  await page.waitForSelector('.tex');
  assert.equal(await textOf(page, '.markdown'), 'so $x$ is');
  assert.equal(await page.$('math'), null);
});

test('an answer with many formulas grows without long pauses', { skip }, async (t) => {
  // In one paragraph, which is drawn anew while it grows.
  const words = Array.from({ length: 1500 }, (_, i) => `$x_{${i % 200}}^2$ and `);
  answers(() => words);
  const page = await open(t, nekod.url);
  await page.evaluate(() => {
    window.longest = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((each) => (window.longest = Math.max(window.longest, each.duration)))).observe({ type: 'longtask' });
  });
  await say(page, 'go');
  await answered(page);
  await seen(page, () => document.querySelectorAll('.drawn > math').length === 1500);
  t.diagnostic(`the longest task took ${Math.round(await page.evaluate(() => window.longest))} ms`);
});
