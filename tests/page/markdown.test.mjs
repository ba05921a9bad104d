// The Markdown parser by itself: what it makes of texts, CommonMark's examples, and that no text is too much for it.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import test from 'node:test';
import { parseBlocks } from '../../http/server/page/blocks.js';
import { colours } from '../../http/server/page/highlight.js';
import { parseInline } from '../../http/server/page/inline.js';
import { safeAddress } from '../../http/server/page/links.js';

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
const address = (text) => escaped(encodeURI(text.replaceAll('\\', '%5C')).replaceAll(/%25([\da-f]{2})/gi, '%$1'));

function inlineHtml(nodes) {
  const tags = { emphasis: 'em', strong: 'strong', deleted: 'del' };
  return nodes
    .map((node) => {
      if (node.type === 'text') return escaped(node.text);
      if (node.type === 'break') return '\n';
      if (node.type === 'code') return `<code>${escaped(node.text)}</code>`;
      if (node.type === 'formula') return `<math${node.display ? ' display' : ''}>${escaped(node.text)}</math>`;
      if (node.type === 'link') return `<a href="${address(node.address)}">${inlineHtml(node.children)}</a>`;
      if (node.type === 'image') return `<img src="${address(node.address)}" alt="${inlineHtml(node.children).replaceAll(/<[^>]*>/g, '')}" />`;
      return `<${tags[node.type]}>${inlineHtml(node.children)}</${tags[node.type]}>`;
    })
    .join('');
}

const inline = (text) => inlineHtml(parseInline(text));

function html(blocks, tight = false) {
  return blocks
    .map((block) => {
      switch (block.type) {
        case 'heading':
          return `<h${block.level}>${inline(block.text)}</h${block.level}>`;
        case 'rule':
          return '<hr />';
        case 'code':
          return `<pre><code${block.language ? ` class="language-${escaped(block.language)}"` : ''}>${escaped(block.text)}${block.text ? '\n' : ''}</code></pre>`;
        case 'formula':
          return block.closed ? `<math block>${escaped(block.text)}</math>` : `<tex>${escaped(block.source)}</tex>`;
        case 'quote':
          return `<blockquote>\n${html(block.children)}\n</blockquote>`.replace('\n\n', '\n');
        case 'list': {
          const items = block.children.map((item) => {
            const inner = html(item.children, !block.loose);
            const first = item.children[0]?.type !== 'paragraph' || block.loose;
            const last = item.children.at(-1)?.type !== 'paragraph' || block.loose;
            return `<li>${first && inner ? '\n' : ''}${inner}${last && inner ? '\n' : ''}</li>`;
          });
          const tag = block.ordered ? 'ol' : 'ul';
          return `<${tag}${block.ordered && block.start !== 1 ? ` start="${block.start}"` : ''}>\n${items.join('\n')}\n</${tag}>`;
        }
        case 'table':
          return block.rows.map((row) => row.map(inline).join('|')).join('\n');
        default:
          return tight ? inline(block.text) : `<p>${inline(block.text)}</p>`;
      }
    })
    .join('\n');
}

const show = (text) => html(parseBlocks(text));
const same = (text) => text.trim().replaceAll(/<br \/>\n/g, '\n').replaceAll(/ title="[^"]*"/g, '');

test('texts as models write them', () => {
  const expected = {
    '这是**"术语"**。': '<p>这是<strong>&quot;术语&quot;</strong>。</p>',
    '**"术语"**模式': '<p><strong>&quot;术语&quot;</strong>模式</p>',
    '**取出(take)**模式': '<p><strong>取出(take)</strong>模式</p>',
    '使用`code`和*斜体*。': '<p>使用<code>code</code>和<em>斜体</em>。</p>',
    'snake_case_name and 2*3*4': '<p>snake_case_name and 2<em>3</em>4</p>',
    '~~gone~~ ~one~': '<p><del>gone</del> ~one~</p>',
    '# Title #\ntext': '<h1>Title</h1>\n<p>text</p>',
    '- a\n  - b\n    - c': '<ul>\n<li>a\n<ul>\n<li>b\n<ul>\n<li>c</li>\n</ul>\n</li>\n</ul>\n</li>\n</ul>',
    '3. a\n4. b': '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>',
    'see https://example.com/a_(b), or http://x.y.': '<p>see <a href="https://example.com/a_(b)">https://example.com/a_(b)</a>, or <a href="http://x.y">http://x.y</a>.</p>',
    '[a](https://x.y "t") ![b](https://x.y/z.png)': '<p><a href="https://x.y">a</a> <img src="https://x.y/z.png" alt="b" /></p>',
    '| a | b |\n|---|:-:|\n| 1 \\| 2 | `x` |\n\nafter': 'a|b\n1 | 2|<code>x</code>\n<p>after</p>',
    '```\n**not** <b>\n```': '<pre><code>**not** &lt;b&gt;\n</code></pre>',
    '````md\n```js\nx\n```\n````': '<pre><code class="language-md">```js\nx\n```\n</code></pre>',
    '```js\nunclosed': '<pre><code class="language-js">unclosed\n</code></pre>',
    '<div onclick="x">hi</div>': '<p>&lt;div onclick=&quot;x&quot;&gt;hi&lt;/div&gt;</p>',
    '> a\nlazy\n> b': '<blockquote>\n<p>a\nlazy\nb</p>\n</blockquote>',
  };
  for (const [text, result] of Object.entries(expected)) assert.equal(show(text), result, text);
});

test('formulas between words', () => {
  const expected = {
    'so \\(a_1 * b_1 * c\\) and \\[x\\], $$y$$ or $z$.': 'so <math>a_1 * b_1 * c</math> and <math display>x</math>, <math display>y</math> or <math>z</math>.',
    '设$x$为$y_1$的值，则\\(x>0\\)。': '设<math>x</math>为<math>y_1</math>的值，则<math>x&gt;0</math>。',
    '**其中$x$**，$a*b*c$': '<strong>其中<math>x</math></strong>，<math>a*b*c</math>',
    'the $n$th and $k$-th of $f(x)$s': 'the <math>n</math>th and <math>k</math>-th of <math>f(x)</math>s',
    '$2 \\times 3$, $10$, $3.5\\text{ per day}$': '<math>2 \\times 3</math>, <math>10</math>, <math>3.5\\text{ per day}</math>',
    '\\(a\\\\) b\\)': '<math>a\\\\) b</math>',
    '\\(a\nb\\)': '<math>a\nb</math>',
    '| $x$ |': '| <math>x</math> |',
    // Money, variables, references, code, and what is escaped.
    'costs $5 and $10': 'costs $5 and $10',
    '$5 or 10$, US$5/$6, $5-$10': '$5 or 10$, US$5/$6, $5-$10',
    '从$5涨到$10，再到20$': '从$5涨到$10，再到20$',
    '价格是5$或者$6': '价格是5$或者$6',
    '$HOME/$USER and $PATH:$HOME': '$HOME/$USER and $PATH:$HOME',
    '`$a$` and \\$b$ $$$ $': '<code>$a$</code> and $b$ $$$ $',
    'see \\[1\\] and \\[2, 3\\]': 'see [1] and [2, 3]',
    '$a\nb$': '$a\nb$',
    '$$ $$ \\(\\) \\[ \\]': '$$ $$ () [ ]',
    // What is open is as it was written.
    'so \\(x_{*a*} \\{': 'so \\(x_{*a*} \\{',
    'so \\(open *a*\nnext \\(x\\)': 'so (open <em>a</em>\nnext <math>x</math>',
    'so $x_{1}': 'so $x_{1}',
  };
  for (const [text, result] of Object.entries(expected)) assert.equal(inline(text), result, text);
});

test('formulas with lines of their own', () => {
  const expected = {
    '\\[\na\n- b\n= c\n\\]': '<math block>a\n- b\n= c</math>',
    'text:\n\\[ x \\].\nmore': '<p>text:</p>\n<math block>x.</math>\n<p>more</p>',
    '$$\nx \\\\[2pt]\n$$\n\nafter': '<math block>x \\\\[2pt]</math>\n<p>after</p>',
    '$$x$$ 是': '<p><math display>x</math> 是</p>',
    '1. a\n   \\[\n   x\n   \\]\n2. b': '<ol>\n<li>a\n<math block>x</math>\n</li>\n<li>b</li>\n</ol>',
    '1. a\n\\[\nx\n\\]\n2. b': '<ol>\n<li>a</li>\n</ol>\n<math block>x</math>\n<ol start="2">\n<li>b</li>\n</ol>',
    '> $$\n> x\n> $$': '<blockquote>\n<math block>x</math>\n</blockquote>',
    '    $$x$$': '<pre><code>$$x$$\n</code></pre>',
    '```\n$$x$$\n```': '<pre><code>$$x$$\n</code></pre>',
    // Open: it may be on its way, unless a blank line is behind it.
    'a\n\n\\[\n# b\n- c': '<p>a</p>\n<tex>\\[\n# b\n- c</tex>',
    '\\[\nx\n': '<tex>\\[\nx</tex>',
    '$$\nx\n\n*b*': '<p>$$\nx</p>\n<p><em>b</em></p>',
    '$$$\nx\n$$$': '<p>$$$\nx\n$$$</p>',
  };
  for (const [text, result] of Object.entries(expected)) assert.equal(show(text), result, text);
});

test('tasks, and the columns of a table', () => {
  const [list] = parseBlocks('- [x] done\n- [ ] open\n- plain');
  assert.deepEqual(list.children.map((item) => item.task), ['x', ' ', undefined]);
  assert.deepEqual(parseBlocks('a|b|c\n:-|-:|:-:\n1|2|3|4')[0], { type: 'table', columns: ['', 'right', 'center'], rows: [['a', 'b', 'c'], ['1', '2', '3']], line: 0, raw: 'a|b|c\n:-|-:|:-:\n1|2|3|4' });
});

test("CommonMark's examples, but for HTML and what chats do not have", async (t) => {
  const { tests } = createRequire(import.meta.url)('commonmark-spec');
  // HTML is text here, and there are no definitions of links elsewhere; line breaks stay line breaks.
  const left = new Set(['HTML blocks', 'Raw HTML', 'Link reference definitions']);
  const figures = new Map();
  const wrong = [];
  for (const { markdown, html: wanted, section, number } of tests) {
    const text = markdown.replaceAll('→', '\t');
    if (left.has(section) || /^ {0,3}\[[^\]]+\]:/m.test(text) || /<[a-z!?/][^:@]*>/i.test(text)) continue;
    const count = figures.get(section) ?? [0, 0];
    const good = same(show(text)) === same(wanted.replaceAll('→', '\t'));
    figures.set(section, [count[0] + good, count[1] + 1]);
    if (!good) wrong.push({ number, section, text, wanted, got: show(text) });
  }
  if (process.env.NEKOD_WRONG) for (const each of wrong) console.log(JSON.stringify(each));
  const [good, all] = [...figures.values()].reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
  t.diagnostic(`${good} of ${all}; ${[...figures].map(([section, [a, b]]) => `${section} ${a}/${b}`).join(', ')}`);
  assert.ok(good / all > 0.9, `${good} of ${all}`);
});

const shapes = {
  'open strong': (n) => '**a *'.repeat(n / 5),
  'nested emphasis': (n) => '*a '.repeat(n / 6) + 'a* '.repeat(n / 6),
  brackets: (n) => '['.repeat(n),
  'links without end': (n) => '[a]('.repeat(n / 4),
  'pictures in pictures': (n) => '!['.repeat(n / 6) + '](b)'.repeat(n / 6),
  backquotes: (n) => Array.from({ length: Math.sqrt(2 * n) }, (_, i) => '`'.repeat(i)).join(' '),
  angles: (n) => '<a'.repeat(n / 2),
  quotes: (n) => '>'.repeat(n),
  'quotes in lists': (n) => '> - '.repeat(n / 4),
  lists: (n) => '1) a\n'.repeat(n / 5),
  'deeper lists': (n) => Array.from({ length: Math.sqrt(2 * n) }, (_, i) => `${' '.repeat(i)}- a`).join('\n'),
  addresses: (n) => 'http://a'.repeat(n / 8),
  entities: (n) => '&'.repeat(n),
  'a table of one cell a row': (n) => `${'|a'.repeat(50)}\n${'|-'.repeat(50)}\n${'|\n'.repeat(n / 2)}`,
  'titles of links': (n) => '[](a "'.repeat(n / 6),
  blanks: (n) => `${' '.repeat(n)}a`,
  'blanks at line ends': (n) => `a${' '.repeat(50)}\n`.repeat(n / 52),
  hashes: (n) => '#'.repeat(n),
  'a mixture': (n) => '*_~~[`<&!'.repeat(n / 9),
  'lazy lines': (n) => `> a\n${'b\n'.repeat(n / 2)}`,
  dollars: (n) => '$a'.repeat(n / 2),
  'dollars and blanks': (n) => '$a $ '.repeat(n / 5),
  'pairs of dollars': (n) => '$$\n'.repeat(n / 3),
  'open formulas': (n) => '\\('.repeat(n / 2),
  'formulas that end once': (n) => `${'\\(a\\['.repeat(n / 5)}\\]\\)`,
  'open formulas with lines': (n) => `${'\\[\n'.repeat(n / 3)}\nb`,
  'formulas with words behind': (n) => `${'\\[\n'.repeat(n / 6)}\\]${'b '.repeat(n / 4)}`,
  'dollars with words behind': (n) => '$$ a\n'.repeat(n / 5),
  backslashes: (n) => '\\'.repeat(n),
  'prices with commands': (n) => '$1\\a{'.repeat(n / 6),
  'rows that are none': (n) => 'a|b\n'.repeat(n / 4),
};

function parseAll(text) {
  let depth = 0;
  const walkInline = (nodes, level) => {
    depth = Math.max(depth, level);
    for (const node of nodes) if (node.children) walkInline(node.children, level + 1);
  };
  const walk = (blocks) => {
    for (const block of blocks) {
      if (block.type === 'table') block.rows.flat().forEach((cell) => walkInline(parseInline(cell), 0));
      else if (block.text !== undefined && block.type !== 'code') walkInline(parseInline(block.text), 0);
      if (block.children) walk(block.children);
    }
  };
  walk(parseBlocks(text));
  return depth;
}

// What takes more than linear time would take hours for so long a text: the test would not end.
test('no text takes long, and nothing nests deeply', { timeout: 400_000 }, () => {
  for (const [name, shape] of Object.entries(shapes)) assert.ok(parseAll(shape(400_000)) <= 21, name);
});

test('random text is parsed whatever it is', () => {
  let seed = 7;
  const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
  const parts = ['*', '**', '_', '`', '```\n', '[', '](', ')', '![', '<', '>', '> ', '- ', '1. ', '\n', '\n\n', '    ', '|', '|-|\n', '~~', '\\', '&amp;', 'a', '猫', ' ', '\t', '# ', '---\n', '"', '$', '$$', '\\(', '\\)', '\\[\n', '\\]', 'http://a.b/c', '\r\n', '\u0000', '\ud83d'];
  for (let i = 0; i < 3000; i += 1) {
    const text = Array.from({ length: random(60) }, () => parts[random(parts.length)]).join('');
    const words = (value) => (typeof value === 'string' ? value : '');
    const letters = (each) => words(each).replaceAll(/[^a猫]/g, '');
    const collect = (blocks) => blocks.map((block) => (block.children ? collect(block.children) : block.rows ? block.rows.flat().join('') : words(block.text) + words(block.language))).join('');
    const got = letters(collect(parseBlocks(text)));
    assert.ok(got.length <= letters(text).length, JSON.stringify(text));
  }
});

test('only addresses that are safe are followed', () => {
  for (const text of ['https://a.b', 'HTTP://A.B/c?d#e', 'mailto:a@b.c']) assert.ok(safeAddress(text), text);
  for (const text of ['javascript:alert(1)', ' java\nscript:alert(1)', 'data:text/html,x', 'vbscript:x', 'file:///etc/passwd', '//evil.test', '/sessions', '#x', 'blob:http://a/b', 'ftp://a', '', `https://a/${'x'.repeat(3000)}`])
    assert.equal(safeAddress(text), undefined, text);
});

test('colours leave the code as it is', () => {
  const code = '// a "comment"\nconst x = `t${1}` + \'a\\\'b\' + 0x1f; /* b\nc */ return /re/\n"open';
  for (const language of ['js', 'py', 'sql', 'html', 'sh', 'rust']) assert.equal(colours(code, language).map(([, text]) => text).join(''), code, language);
  assert.deepEqual(colours('let a = 1; // x', 'js').filter(([kind]) => kind), [['word', 'let'], ['number', '1'], ['comment', '// x']]);
  assert.equal(colours(code, 'klingon'), undefined);
  assert.equal(colours('x'.repeat(60_000), 'js'), undefined);
});
