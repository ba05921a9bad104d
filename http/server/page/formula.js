// Formulas: KaTeX reads TeX, and what it makes of it becomes elements of MathML here. Only elements and attributes of
// the lists below are made. A formula that KaTeX does not take, or that is too much, keeps its source.

import { loadStyle } from './dom.js';
import './katex.js';
import { styled } from './letters.js';

await loadStyle('formula.css');

const space = 'http://www.w3.org/1998/Math/MathML';
const longest = 1000;
const deepest = 60;
const mostKept = 300;
// KaTeX's own macros, such as \neq and \implies, are up to ten; without others they cannot grow beyond the formula.
const mostExpansions = 1000;

const elements = new Set('math semantics annotation mrow mi mn mo ms mtext mspace mstyle mpadded mphantom menclose mfrac msqrt mroot msub msup msubsup munder mover munderover mtable mtr mtd'.split(' '));
const attributes = new Set('display encoding displaystyle scriptlevel accent accentunder stretchy fence separator symmetric largeop movablelimits form lspace rspace minsize maxsize width height depth voffset linethickness mathcolor mathbackground mathsize notation'.split(' '));

// What makes macros, chooses them by what follows, or is for HTML.
const refused = /\\(?:[egx]?def|let|futurelet|global|long|(?:re)?newcommand|providecommand|expandafter|noexpand|@\w+|html\w+|href|url|includegraphics)(?![a-zA-Z])/;

const looks = { bold: ['fontWeight', 'bold'], italic: ['fontStyle', 'italic'], 'sans-serif': ['fontFamily', 'sans-serif'], monospace: ['fontFamily', 'monospace'] };

const textOf = (node) => node.text ?? node.character ?? (node.children ?? []).map(textOf).join('');

/// Letters of one style: browsers know no `mathvariant` but `normal`.
function fillLeaf(element, node) {
  const variant = node.attributes.mathvariant;
  // Bars as fonts have them, which grow with what is between them.
  const text = textOf(node).replaceAll('∣', '|').replaceAll('∥', '‖');
  if (node.attributes.fence === 'true') element.setAttribute('stretchy', 'true');
  if (!variant || variant === 'normal') {
    if (variant) element.setAttribute('mathvariant', variant);
    element.textContent = text;
  } else if (node.type === 'mtext') {
    element.textContent = text;
    for (const [name, [property, value]] of Object.entries(looks)) if (variant.includes(name)) element.style[property] = value;
  } else element.textContent = styled(text, variant);
}

/// A line over or under a whole term: few fonts have one that is long enough.
function drawLine(element) {
  const [term, line] = element.children;
  if (line?.textContent !== '‾') return;
  term.style[element.localName === 'mover' ? 'borderTop' : 'borderBottom'] = '1px solid';
  Object.assign(line.style, { opacity: '0', fontSize: '1px' });
}

/// What browsers do not take from attributes of tables.
function arrange(table, { columnalign = '', columnspacing = '', columnlines = '', rowlines = '' }) {
  const aligns = columnalign.split(' ');
  const gaps = columnspacing.split(' ').map((gap) => `${(parseFloat(gap) || 0) / 2}em`);
  const lines = columnlines.split(' ');
  const under = rowlines.split(' ');
  const border = (line) => (line === 'solid' || line === 'dashed' ? `1px ${line}` : '');
  [...table.children].forEach((row, r) =>
    [...row.children].forEach((cell, i) => {
      if (columnalign) cell.style.textAlign = aligns[Math.min(i, aligns.length - 1)];
      if (columnspacing) {
        cell.style.paddingLeft = i ? gaps[Math.min(i - 1, gaps.length - 1)] : '0';
        cell.style.paddingRight = i < row.children.length - 1 ? gaps[Math.min(i, gaps.length - 1)] : '0';
      }
      cell.style.borderRight = border(lines[i]);
      cell.style.borderBottom = border(under[r]);
    }));
}

/// A formula with its number: KaTeX puts them into a table as wide as the page, which needs cells between them.
function number(table) {
  for (const row of table.children) for (const cell of [...row.children]) if (cell.hasAttribute('width')) cell.remove();
  for (const row of table.children) if (row.children.length > 1) row.lastChild.style.paddingLeft = '2em';
}

function make(node, depth = 0) {
  if (depth > deepest) throw new RangeError('too deep');
  if (node.type === undefined) {
    if (node.text !== undefined) return [document.createTextNode(node.text)];
    if (node.width === undefined && node.character === undefined) return node.children.flatMap((child) => make(child, depth));
  }
  const element = document.createElementNS(space, node.type ?? (node.character ? 'mtext' : 'mspace'));
  if (node.type === undefined) {
    if (node.character) element.textContent = node.character;
    else element.setAttribute('width', `${node.width}em`);
    return [element];
  }
  if (!elements.has(node.type)) throw new RangeError(node.type);
  // Room at the sides, and numbers that a style sheet would count.
  if (node.classes?.some((name) => name === 'mtr-glue' || name === 'mml-eqn-num')) return [];
  for (const [name, value] of Object.entries(node.attributes)) if (attributes.has(name)) element.setAttribute(name, value);
  if (/^(m[ions]|mtext)$/.test(node.type)) fillLeaf(element, node);
  else element.append(...node.children.flatMap((child) => make(child, depth + 1)));
  if (node.type === 'mover' || node.type === 'munder') drawLine(element);
  if (node.type === 'mtable') (node.attributes.width ? number : arrange)(element, node.attributes);
  return [element];
}

function parse(tex, displayMode) {
  const { katex } = globalThis;
  if (!katex || tex.length > longest || refused.test(tex)) return undefined;
  try {
    const tree = katex.__renderToDomTree(tex, { output: 'mathml', displayMode, trust: false, maxExpand: mostExpansions, maxSize: 20, strict: 'ignore', throwOnError: true });
    return make(tree.children[0])[0];
  } catch {
    return undefined;
  }
}

const kept = new Map();

/// An answer that grows draws its last lines many times.
function formula(tex, display) {
  const key = `${display}${tex}`;
  if (!kept.has(key)) {
    kept.set(key, parse(tex, display));
    if (kept.size > mostKept) kept.delete(kept.keys().next().value);
  }
  return kept.get(key)?.cloneNode(true);
}

// A formula that is wider than its place can be scrolled, with the keyboard, too. On phones that is so for those
// between words as well.
const narrowest = 270;
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const place = target.parentElement;
    if (!place) continue;
    place.classList.toggle('wide', target.getBoundingClientRect().width > narrowest);
    if (place.scrollWidth > place.clientWidth && place.clientWidth) place.tabIndex = 0;
    else place.removeAttribute('tabindex');
  }
});

/// Shows the formula in *place*, behind its source.
export function showFormula(place, { text, display }) {
  const math = formula(text, display);
  if (!math) return;
  place.classList.add('drawn');
  place.append(math);
  sizes.observe(math);
}

// What is copied has the sources of formulas.
document.addEventListener('copy', (event) => {
  const selection = getSelection();
  if (event.defaultPrevented || selection.isCollapsed) return;
  const range = selection.getRangeAt(0);
  const within = (node) => (node.nodeType === 1 ? node : node.parentElement).closest('.formula.drawn');
  const [first, last] = [within(range.startContainer), within(range.endContainer)];
  if (first) range.setStartBefore(first);
  if (last) range.setEndAfter(last);
  if (!range.cloneContents().querySelector('.formula.drawn')) return;
  document.body.classList.add('sources');
  event.clipboardData.setData('text/plain', selection.toString());
  document.body.classList.remove('sources');
  event.preventDefault();
});
