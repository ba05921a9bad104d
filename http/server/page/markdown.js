// Draws Markdown as elements while it is being written: what is closed is not looked at again, and of the rest only
// what has changed is made anew.

import { parseBlocks } from './blocks.js';
import { copyText, h, icon } from './dom.js';
import { parseInline } from './inline.js';
import { safeAddress } from './links.js';
import { t } from './text.js';

const tags = { emphasis: 'em', strong: 'strong', deleted: 'del', code: 'code' };

function drawInline(node) {
  if (node.type === 'text') return node.text;
  if (node.type === 'break') return h('br');
  if (node.type === 'code') return h('code', { text: node.text });
  if (node.type === 'formula') return drawFormula(node, 'span');
  const inner = drawAll(node.children);
  if (node.type === 'link' || node.type === 'image') {
    // A picture's address could carry words out, so it is loaded only if the reader follows it.
    const href = safeAddress(node.address);
    if (!href) return h('span', { title: node.address.slice(0, 200) }, inner);
    const mark = node.type === 'image' ? [icon('picture'), inner.length ? '' : href] : [];
    return h('a', { href, target: '_blank', rel: 'noopener noreferrer nofollow', title: href }, mark, inner);
  }
  return h(tags[node.type], {}, inner);
}

let formulas; // how to draw formulas, loaded when there is one

/// Shows the source of a formula until it is drawn, and if it cannot be.
function drawFormula({ text, source, display }, tag) {
  const element = h(tag, { class: display ? 'formula display' : 'formula' }, h('span', { class: 'tex', text: source }));
  const show = () => formulas.showFormula(element, { text, display });
  if (formulas) show();
  else
    import('./formula.js').then(
      (loaded) => {
        formulas = loaded;
        show();
      },
      () => {},
    );
  return element;
}

/// The punctuation that stays beside the formula at *i*, where a browser would begin a line with it.
const markBehind = (nodes, i) => (nodes[i]?.type === 'formula' && !nodes[i].display && /^[,.;:!?)，。；：！？）、]+/.exec(nodes[i + 1]?.text)?.[0]) || '';

/// Draws *nodes* from that one on: one child for each.
function drawAll(nodes, from = 0) {
  return nodes.slice(from).map((node, i) => {
    const mark = markBehind(nodes, from + i);
    const drawn = node.type === 'text' ? node.text.slice(markBehind(nodes, from + i - 1).length) : drawInline(node);
    return mark ? h('span', { class: 'whole' }, drawn, mark) : drawn;
  });
}

const inline = (text) => drawAll(parseInline(text));

/// Draws in *element* what *nodes* have beyond what it shows.
function fill(element, nodes) {
  const shown = element.nodes ?? [];
  let same = 0;
  while (same < shown.length && JSON.stringify(nodes[same]) === JSON.stringify(shown[same])) same += 1;
  if (markBehind(nodes, same - 1) !== markBehind(shown, same - 1)) same -= 1;
  while (element.childNodes.length > same) element.lastChild.remove();
  element.append(...drawAll(nodes, same));
  element.nodes = nodes;
  return element;
}

function copyButton(code) {
  const label = h('span', { text: t('copy') });
  let timer;
  const copy = async () => {
    label.textContent = t((await copyText(code.textContent)) ? 'copied' : 'copyFailed');
    clearTimeout(timer);
    timer = setTimeout(() => (label.textContent = t('copy')), 2000);
  };
  return h('button', { type: 'button', class: 'copy', onclick: copy, 'aria-live': 'polite' }, icon('copy'), label);
}

/// Colours are for code that is complete, of which most conversations have none.
async function colour(block, code) {
  if (!block.closed || !block.language) return;
  const { colours } = await import('./highlight.js');
  const pieces = colours(block.text, block.language);
  if (pieces && code.textContent === block.text) code.replaceChildren(...pieces.map(([kind, text]) => (kind ? h('span', { class: `c-${kind}`, text }) : text)));
}

function drawCode(block) {
  const code = h('code', {}, document.createTextNode(block.text));
  colour(block, code);
  const head = h('div', { class: 'code-head' }, h('span', { text: block.language.slice(0, 30) }), copyButton(code));
  return h('div', { class: 'code' }, head, h('pre', { tabindex: '0', dir: 'ltr' }, code));
}

function drawTable({ columns, rows }) {
  const cell = (tag) => (text, i) => h(tag, { class: columns[i] ? `align-${columns[i]}` : undefined }, inline(text));
  const [head, ...body] = rows;
  const table = h(
    'table',
    {},
    h('thead', {}, h('tr', {}, head.map(cell('th')))),
    h('tbody', {}, body.map((row) => h('tr', {}, row.map(cell('td'))))),
  );
  return h('div', { class: 'table', tabindex: '0' }, table);
}

function drawItem(item, loose) {
  const element = h('li', { class: item.task ? 'task' : undefined });
  if (item.task) element.append(h('input', { type: 'checkbox', disabled: true, checked: item.task !== ' ', 'aria-label': t('task') }));
  for (const child of item.children)
    if (child.type === 'paragraph' && !loose) element.append(h('div', {}, inline(child.text)));
    else element.append(draw(child));
  return element;
}

function draw(block) {
  switch (block.type) {
    case 'heading':
      // The page has a first level of its own.
      return h(`h${Math.min(6, block.level + 1)}`, { class: `h${block.level}` }, inline(block.text));
    case 'rule':
      return h('hr');
    case 'code':
      return drawCode(block);
    case 'quote':
      return h('blockquote', {}, block.children.map(draw));
    case 'table':
      return drawTable(block);
    case 'formula':
      return block.closed ? drawFormula({ ...block, display: true }, 'div') : h('p', { class: 'tex', text: block.source });
    case 'list': {
      const items = block.children.map((item) => drawItem(item, block.loose));
      return h(block.ordered ? 'ol' : 'ul', block.ordered && block.start !== 1 ? { start: String(block.start) } : {}, items);
    }
    default:
      return fill(h('p'), parseInline(block.text));
  }
}

/// Turns what shows *old* into what shows *now*, and returns it.
function change(element, old, now) {
  if (old.type === now.type && old.raw === now.raw) return element;
  let result = element;
  if (old.type === 'code' && now.type === 'code' && old.language === now.language && now.text.startsWith(old.text)) {
    const code = element.querySelector('code');
    if (now.text.length > old.text.length) code.firstChild.appendData(now.text.slice(old.text.length));
    if (now.closed && !old.closed) colour(now, code);
  } else if (old.type === 'paragraph' && now.type === 'paragraph') fill(element, parseInline(now.text));
  else if (old.type === 'list' && now.type === 'list' && old.ordered === now.ordered && old.loose === now.loose && old.start === now.start) {
    now.children.forEach((item, i) => {
      if (old.children[i]?.raw === item.raw) return;
      const drawn = drawItem(item, now.loose);
      if (element.children[i]) element.children[i].replaceWith(drawn);
      else element.append(drawn);
    });
    while (element.children.length > now.children.length) element.lastChild.remove();
  } else {
    result = draw(now);
    element.replaceWith(result);
  }
  return result;
}

/// The number of closed blocks: those behind which another has begun at least two whole lines ago, so that nothing
/// that comes can change them.
function closedOf(blocks, lines) {
  for (let i = blocks.length - 1; i > 0; i -= 1) if (lines - blocks[i].line > 2) return i;
  return 0;
}

/// Markdown that grows in *root*.
export class Markdown {
  constructor(root) {
    this.root = root;
    this.text = '';
    this.start = 0; // where what is not closed begins
    this.blocks = []; // of that, with their elements
  }

  /// Shows *text*, of which what was shown before is usually the beginning.
  show(text) {
    if (text === this.text) return;
    if (!text.startsWith(this.text.slice(0, this.start))) {
      this.root.replaceChildren();
      this.start = 0;
      this.blocks = [];
    }
    this.text = text;
    const rest = text.slice(this.start);
    const now = parseBlocks(rest);
    now.forEach((block, i) => {
      const old = this.blocks[i];
      if (old) block.element = change(old.element, old, block);
      else this.root.append((block.element = draw(block)));
    });
    for (const old of this.blocks.slice(now.length)) old.element.remove();
    this.blocks = now;
    this.close(rest);
  }

  close(rest) {
    let lines = 1;
    for (let i = rest.indexOf('\n'); i >= 0; i = rest.indexOf('\n', i + 1)) lines += 1;
    const closed = closedOf(this.blocks, lines);
    if (closed === 0) return;
    let offset = 0;
    for (let line = 0; line < this.blocks[closed].line; line += 1) offset = rest.indexOf('\n', offset) + 1;
    this.start += offset;
    this.blocks = this.blocks.slice(closed);
    const [{ line: first }] = this.blocks;
    for (const block of this.blocks) block.line -= first;
  }
}

/// Shows the whole of *text* in *root*.
export function showMarkdown(root, text) {
  new Markdown(root).show(text);
}
