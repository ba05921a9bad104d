// The blocks of Markdown: paragraphs, headings, lists, quotes, code, tables, formulas. Lines are looked at once a level,
// and there are at most `deepest` levels. HTML is text here.

import { cellsOf, closerOf, closes, columnsOf, fenceOf, headingOf, indentOf, interrupts, isBlank, isRule, itemOf, markIn, startsBlock, underlineOf, unindent } from './lines.js';

const deepest = 20;

class Blocks {
  constructor(lines, depth) {
    this.lines = lines;
    this.depth = depth;
    this.at = 0;
    this.blocks = [];
    this.searched = {}; // by what closes a formula, the lines that were searched for it
  }

  parse() {
    while (this.at < this.lines.length) {
      const from = this.at;
      const line = this.lines[from];
      const block = isBlank(line) ? this.skip() : this.next(line);
      if (!block) continue;
      block.line = from;
      block.raw = this.lines.slice(from, this.at).join('\n');
      this.blocks.push(block);
    }
    return this.blocks;
  }

  skip() {
    this.at += 1;
  }

  next(line) {
    const fence = fenceOf(line);
    if (fence) return this.fenced(fence);
    const heading = headingOf(line);
    if (heading) {
      this.at += 1;
      return { type: 'heading', ...heading };
    }
    if (isRule(line)) {
      this.at += 1;
      return { type: 'rule' };
    }
    if (indentOf(line) >= 4) return this.indented();
    const formula = this.formula(line);
    if (formula) return formula;
    if (this.depth < deepest) {
      if (line.trimStart().startsWith('>')) return this.quote();
      const item = itemOf(line);
      if (item) return this.list(item);
    }
    const columns = columnsOf(line, this.lines[this.at + 1]);
    return columns ? this.table(columns) : this.paragraph();
  }

  fenced(fence) {
    const code = [];
    this.at += 1;
    let closed = false;
    while (this.at < this.lines.length && !closed) {
      const line = this.lines[this.at];
      closed = closes(fence, line);
      if (!closed) code.push(unindent(line, fence.indent));
      this.at += 1;
    }
    return { type: 'code', language: fence.info.split(/\s/, 1)[0], text: code.join('\n'), closed };
  }

  /// Where the formula that begins here ends: the line, and the place in it; none if a blank line comes before, or if
  /// more than punctuation is behind it.
  formulaEnd(closer, start) {
    const { lines } = this;
    const known = this.searched[closer];
    if (known && this.at < known.line) return known;
    let line = this.at;
    let place = markIn(lines[line], closer, start);
    while (place < 0 && line + 1 < lines.length && !isBlank(lines[line + 1])) {
      line += 1;
      place = markIn(lines[line], closer, 0);
    }
    const behind = place < 0 ? '' : lines[line].slice(place + 2).trim();
    const good = place < 0 ? line + 2 >= lines.length : /^[.,;:!?。，；：！？]?$/.test(behind);
    return (this.searched[closer] = { line, place, behind, good });
  }

  /// A formula with lines of its own. The one at the end of the text may be on its way: it is not closed.
  formula(first) {
    const closer = closerOf(first);
    if (!closer) return undefined;
    const start = first.length - first.trimStart().length + 2;
    const { line, place, behind, good } = this.formulaEnd(closer, start);
    if (!good) return undefined;
    const lines = this.lines.slice(this.at, line + 1);
    const source = lines.join('\n').trim();
    if (place >= 0) lines[lines.length - 1] = lines.at(-1).slice(0, place);
    lines[0] = lines[0].slice(start);
    const text = lines.join('\n').trim();
    if (place >= 0 && !text) return undefined;
    this.at = line + 1;
    return { type: 'formula', text: text + behind, source, closed: place >= 0 };
  }

  indented() {
    const code = [];
    while (this.at < this.lines.length && (isBlank(this.lines[this.at]) || indentOf(this.lines[this.at]) >= 4)) {
      code.push(unindent(this.lines[this.at], 4));
      this.at += 1;
    }
    while (code.length && isBlank(code.at(-1))) code.pop();
    return { type: 'code', language: '', text: code.join('\n'), closed: true };
  }

  /// Takes lines as long as *inner* finds something in them, or they go on a paragraph lazily.
  contents(first, inner) {
    const lines = [first];
    let fence = fenceOf(first);
    let lazy = !fence && !isBlank(first) && !headingOf(first) && !isRule(first);
    this.at += 1;
    while (this.at < this.lines.length) {
      const line = this.lines[this.at];
      let text = inner(line, lines);
      if (text === undefined) {
        if (!lazy || isBlank(line) || startsBlock(line) || itemOf(line)) break;
        text = line;
      }
      lines.push(text);
      if (fence) fence = closes(fence, text) ? undefined : fence;
      else fence = fenceOf(text);
      lazy = !fence && !isBlank(text) && !headingOf(text) && !isRule(text);
      this.at += 1;
    }
    return lines;
  }

  quote() {
    const strip = (line) => {
      const text = line.trimStart();
      return indentOf(line) < 4 && text[0] === '>' ? (text[1] === ' ' ? text.slice(2) : text.slice(1)) : undefined;
    };
    const lines = this.contents(strip(this.lines[this.at]), strip);
    return { type: 'quote', children: new Blocks(lines, this.depth + 1).parse() };
  }

  list(first) {
    const block = { type: 'list', ordered: first.ordered, start: first.start, loose: false, children: [] };
    let item = first;
    let gap = false;
    while (item && item.kind === first.kind) {
      if (gap) block.loose = true;
      const from = this.at;
      const { width } = item;
      const lines = this.contents(item.text, (line, before) => {
        if (isBlank(line)) return before.length === 1 && isBlank(before[0]) ? undefined : '';
        return indentOf(line) >= width ? unindent(line, width) : undefined;
      });
      gap = isBlank(lines.at(-1)) && lines.length > 1;
      while (lines.length > 1 && isBlank(lines.at(-1))) lines.pop();
      const task = /^\[([ xX])\] /.exec(lines[0]);
      if (task) lines[0] = lines[0].slice(4);
      const children = new Blocks(lines, this.depth + 1).parse();
      if (children.some((child, i) => i > 0 && isBlank(lines[child.line - 1]))) block.loose = true;
      block.children.push({ type: 'item', task: task?.[1], children, raw: this.lines.slice(from, this.at).join('\n') });
      item = this.at < this.lines.length ? itemOf(this.lines[this.at]) : undefined;
    }
    return block;
  }

  table(columns) {
    const rows = [cellsOf(this.lines[this.at])];
    this.at += 2;
    while (this.at < this.lines.length && !isBlank(this.lines[this.at]) && !startsBlock(this.lines[this.at])) {
      rows.push(cellsOf(this.lines[this.at]).slice(0, columns.length));
      this.at += 1;
    }
    return { type: 'table', columns, rows };
  }

  paragraph() {
    const lines = [this.lines[this.at]];
    this.at += 1;
    while (this.at < this.lines.length) {
      const line = this.lines[this.at];
      const level = underlineOf(line);
      if (level) {
        this.at += 1;
        return { type: 'heading', level, text: lines.map((each) => each.trim()).join('\n') };
      }
      if (isBlank(line) || startsBlock(line) || interrupts(line) || columnsOf(line, this.lines[this.at + 1])) break;
      lines.push(line);
      this.at += 1;
    }
    return { type: 'paragraph', text: lines.map((each) => each.trimStart()).join('\n').trimEnd() };
  }
}

/// The blocks of *text*: each with its `type`, the number of its first `line`, and its lines as `raw`.
export const parseBlocks = (text) => new Blocks(text.split(/\r\n|\n|\r/), 0).parse();
