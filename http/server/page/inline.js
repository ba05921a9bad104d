// The inline part of Markdown: emphasis, code, links, formulas. One pass over the text and one over its delimiters;
// what it makes is a tree of values, at most `deepest` deep. HTML is text here.

import { formulasIn } from './formulas.js';
import { addressEnd, longestAddress, targetAt } from './links.js';

const deepest = 20;

const isSpace = (c) => c === undefined || /\s/.test(c);
const punctuation = /[\p{P}\p{S}]/u;
// Letters and marks of scripts that put no spaces between words, where punctuation says nothing about emphasis.
const unspaced = /[\u1100-\u11ff\u2e80-\u303f\u3040-\ufaff\ufe30-\ufe4f\uff00-\uffef“”‘’…—]|[\ud840-\ud8ff]/;

const entities = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0', hellip: '…', mdash: '—', copy: '©' };

class Inline {
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.plain = '';
    // A list whose nodes know their neighbours, so that wrapping takes no longer for long ranges.
    this.head = { type: 'head', depth: 0 };
    this.tail = this.head;
    this.runs = []; // delimiters of emphasis
    this.brackets = [];
    this.openLinks = 0; // of the brackets, those of links
    this.dead = 0; // of the brackets, how many have a link behind them, which no other may contain
    this.ticks = undefined; // positions of runs of backquotes, by length
    this.formulas = undefined; // the formulas, by where they begin
  }

  push(node) {
    node.prev = this.tail;
    node.depth ??= 0;
    this.tail.next = node;
    this.tail = node;
    return node;
  }

  flush() {
    if (this.plain) this.push({ type: 'text', text: this.plain });
    this.plain = '';
  }

  parse() {
    const { text } = this;
    const ordinary = /[^\\`*_~[\]!<&\n$hH]+/y;
    while (this.at < text.length) {
      ordinary.lastIndex = this.at;
      if (ordinary.test(text)) {
        this.plain += text.slice(this.at, ordinary.lastIndex);
        this.at = ordinary.lastIndex;
        continue;
      }
      const c = text[this.at];
      if (c === '\\') this.formula() || this.escape();
      else if (c === '$') this.formula() || this.dollars();
      else if (c === '`') this.code();
      else if (c === '*' || c === '_' || c === '~') this.run(c);
      else if (c === '[') this.open(1);
      else if (c === '!' && text[this.at + 1] === '[') this.open(2);
      else if (c === ']') this.close();
      else if (c === '<') this.angle();
      else if (c === '&') this.entity();
      else if (c === '\n') this.lineEnd();
      else if ((c === 'h' || c === 'H') && /^https?:\/\/[^\s<]/i.test(text.slice(this.at, this.at + 9))) this.address();
      else {
        this.plain += c;
        this.at += 1;
      }
    }
    this.flush();
    this.emphasize(0);
    return this.children(this.head.next, undefined);
  }

  escape() {
    const next = this.text[this.at + 1];
    if (next === '\n') {
      this.flush();
      this.push({ type: 'break' });
      this.at += 2;
    } else if (next !== undefined && /[!-/:-@[-`{-~]/.test(next)) {
      this.plain += next;
      this.at += 2;
    } else {
      this.plain += '\\';
      this.at += 1;
    }
  }

  /// Takes the formula that begins here, if one does.
  formula() {
    this.formulas ??= formulasIn(this.text);
    const found = this.formulas.get(this.at);
    if (!found) return false;
    const source = this.text.slice(this.at, found.end);
    if (found.text === undefined) this.plain += source;
    else {
      this.flush();
      this.push({ type: 'formula', text: found.text, display: found.display, source });
    }
    this.at = found.end;
    return true;
  }

  dollars() {
    while (this.text[this.at] === '$') {
      this.plain += '$';
      this.at += 1;
    }
  }

  /// All runs of backquotes, found once.
  ticksOf(length) {
    if (!this.ticks) {
      this.ticks = new Map();
      const runs = /`+/g;
      runs.lastIndex = this.at;
      for (let m; (m = runs.exec(this.text)); ) {
        if (!this.ticks.has(m[0].length)) this.ticks.set(m[0].length, { places: [], first: 0 });
        this.ticks.get(m[0].length).places.push(m.index);
      }
    }
    return this.ticks.get(length);
  }

  code() {
    let length = 1;
    while (this.text[this.at + length] === '`') length += 1;
    const same = this.ticksOf(length);
    while (same && same.places[same.first] <= this.at) same.first += 1;
    const end = same?.places[same.first];
    if (end === undefined) {
      this.plain += '`'.repeat(length);
      this.at += length;
      return;
    }
    let inner = this.text.slice(this.at + length, end).replaceAll('\n', ' ');
    if (inner.startsWith(' ') && inner.endsWith(' ') && inner.trim()) inner = inner.slice(1, -1);
    this.flush();
    this.push({ type: 'code', text: inner });
    this.at = end + length;
  }

  run(c) {
    const { text } = this;
    const start = this.at;
    while (text[this.at] === c) this.at += 1;
    const length = this.at - start;
    if (c === '~' && length !== 2) {
      this.plain += c.repeat(length);
      return;
    }
    const before = text[start - 1];
    const after = text[this.at];
    const free = c !== '_' && ((before && unspaced.test(before)) || (after && unspaced.test(after)));
    const afterMark = after !== undefined && punctuation.test(after);
    const beforeMark = before !== undefined && punctuation.test(before);
    const left = !isSpace(after) && (free || !afterMark || isSpace(before) || beforeMark);
    const right = !isSpace(before) && (free || !beforeMark || isSpace(after) || afterMark);
    const opens = c === '_' ? left && (!right || beforeMark) : left;
    const closes = c === '_' ? right && (!left || afterMark) : right;
    this.flush();
    const node = this.push({ type: 'text', text: c.repeat(length) });
    if (opens || closes) this.runs.push({ node, c, length, original: length, opens, closes });
  }

  open(length) {
    this.flush();
    const node = this.push({ type: 'text', text: length === 2 ? '![' : '[' });
    this.at += length;
    if (length === 1) this.openLinks += 1;
    this.brackets.push({ node, image: length === 2, runs: this.runs.length, from: this.at });
  }

  close() {
    this.at += 1;
    const bracket = this.brackets.pop();
    if (bracket && !bracket.image) this.openLinks -= 1;
    const dead = this.brackets.length < this.dead;
    this.dead = Math.min(this.dead, this.brackets.length);
    const target = bracket && (bracket.image || !dead) && targetAt(this.text, this.at);
    if (!target) {
      this.plain += ']';
      return;
    }
    this.flush();
    this.emphasize(bracket.runs);
    if (!this.wrap(bracket.node, undefined, { type: bracket.image ? 'image' : 'link', address: target.address })) {
      this.brackets = [];
      this.openLinks = 0;
      this.plain += ']';
      return;
    }
    bracket.node.text = '';
    this.at = target.end;
    if (!bracket.image) this.dead = this.brackets.length;
  }

  angle() {
    const end = this.text.slice(this.at + 1, this.at + longestAddress).search(/[\s<>]/) + 1;
    const inner = this.text.slice(this.at + 1, this.at + end);
    const address = end > 1 && this.text[this.at + end] === '>' && (/^[a-z][\w.+-]*:/i.test(inner) ? inner : /^[\w.+-]+@[\w.-]+$/.test(inner) && `mailto:${inner}`);
    if (!address) {
      this.plain += '<';
      this.at += 1;
      return;
    }
    this.flush();
    this.link(address, inner);
    this.at += end + 1;
  }

  link(address, text) {
    const inner = { type: 'text', text, depth: 0 };
    this.push({ type: 'link', address, first: inner, depth: 1 });
  }

  address() {
    const before = this.text[this.at - 1];
    const possible = this.openLinks === 0 && !(before && /[a-z0-9]/i.test(before));
    const end = possible ? addressEnd(this.text, this.at) : 0;
    if (end - this.at < 9) {
      this.plain += this.text[this.at];
      this.at += 1;
      return;
    }
    const text = this.text.slice(this.at, end);
    this.flush();
    this.link(text, text);
    this.at = end;
  }

  entity() {
    const m = /^&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,6}));/i.exec(this.text.slice(this.at, this.at + 12));
    const code = m && (m[1] ? Number(m[1]) : m[2] ? parseInt(m[2], 16) : undefined);
    const text = m?.[3] ? entities[m[3]] : code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : undefined;
    this.plain += text ?? '&';
    this.at += text === undefined ? 1 : m[0].length;
  }

  lineEnd() {
    let end = this.plain.length;
    while (this.plain[end - 1] === ' ') end -= 1;
    this.plain = this.plain.slice(0, end);
    this.flush();
    this.push({ type: 'break' });
    this.at += 1;
    while (this.text[this.at] === ' ') this.at += 1;
  }

  /// Makes what is between *from* and *to* the content of *node*; not if that would be too deep.
  wrap(from, to, node) {
    const first = from.next === to ? undefined : from.next;
    let depth = 0;
    let last;
    for (let n = first; n && n !== to; n = n.next) {
      depth = Math.max(depth, n.depth);
      last = n;
    }
    if (depth + 1 > deepest) return false;
    node.depth = depth + 1;
    node.first = first;
    if (first) first.prev = undefined;
    if (last) last.next = undefined;
    node.prev = from;
    node.next = to;
    from.next = node;
    if (to) to.prev = node;
    else this.tail = node;
    return true;
  }

  /// Pairs the delimiters from that one on.
  emphasize(bottom) {
    const runs = this.runs.splice(bottom);
    const lowest = new Map();
    // Open delimiters, in order: those passed over by a pair are gone.
    const open = [];
    for (const closer of runs) {
      while (closer.closes && closer.length > 0) {
        const kind = `${closer.c}${closer.opens}${closer.original % 3}`;
        const floor = lowest.get(kind) ?? 0;
        let i = open.length - 1;
        const fits = (o) => o.c === closer.c && o.length > 0 && !((o.closes || closer.opens) && (o.original + closer.original) % 3 === 0 && (o.original % 3 !== 0 || closer.original % 3 !== 0));
        while (i >= floor && !fits(open[i])) i -= 1;
        if (i < floor) {
          lowest.set(kind, open.length);
          break;
        }
        const opener = open[i];
        const strong = opener.length >= 2 && closer.length >= 2;
        const size = strong ? 2 : 1;
        const type = closer.c === '~' ? 'deleted' : strong ? 'strong' : 'emphasis';
        if (!this.wrap(opener.node, closer.node, { type })) return;
        open.length = i + 1;
        for (const [k, v] of lowest) if (v > open.length) lowest.set(k, open.length);
        opener.length -= size;
        closer.length -= size;
        opener.node.text = opener.c.repeat(opener.length);
        closer.node.text = closer.c.repeat(closer.length);
        if (opener.length === 0) open.pop();
      }
      if (closer.opens && closer.length > 0) open.push(closer);
    }
  }

  children(first) {
    const result = [];
    for (let node = first; node; node = node.next) {
      if (node.type === 'formula') result.push({ type: 'formula', text: node.text, display: node.display, source: node.source });
      else if (node.type !== 'text') result.push('first' in node ? { type: node.type, address: node.address, children: this.children(node.first) } : { type: node.type, text: node.text });
      else if (node.text && result.at(-1)?.type === 'text') result.at(-1).text += node.text;
      else if (node.text) result.push({ type: 'text', text: node.text });
    }
    return result;
  }
}

export const parseInline = (text) => new Inline(text).parse();
