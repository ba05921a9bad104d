// What a line of Markdown is by itself: a fence, a heading, an item, a row.

const mostColumns = 100;

export const indentOf = (line) => {
  let width = 0;
  for (const c of line) {
    if (c === ' ') width += 1;
    else if (c === '\t') width += 4 - (width % 4);
    else break;
  }
  return width;
};

/// *line* without that much of its indentation.
export function unindent(line, width) {
  let at = 0;
  let column = 0;
  while (at < line.length && column < width) {
    if (line[at] === ' ') column += 1;
    else if (line[at] === '\t') column += 4 - (column % 4);
    else break;
    at += 1;
  }
  return ' '.repeat(Math.max(0, column - width)) + line.slice(at);
}

export const isBlank = (line) => line.trim() === '';

export function fenceOf(line) {
  const text = line.trimStart();
  const c = text[0];
  if ((c !== '`' && c !== '~') || indentOf(line) > 3) return undefined;
  let length = 1;
  while (text[length] === c) length += 1;
  const info = text.slice(length).trim();
  if (length < 3 || (c === '`' && info.includes('`'))) return undefined;
  return { c, length, info, indent: indentOf(line) };
}

export const closes = (fence, line) => {
  const other = fenceOf(line);
  return other && other.c === fence.c && other.length >= fence.length && other.info === '';
};

export function headingOf(line) {
  const text = line.trim();
  let level = 0;
  while (text[level] === '#') level += 1;
  if (level < 1 || level > 6 || indentOf(line) > 3 || (text[level] !== undefined && text[level] !== ' ' && text[level] !== '\t')) return undefined;
  let inner = text.slice(level).trim();
  let end = inner.length;
  while (inner[end - 1] === '#') end -= 1;
  if (end === 0 || inner[end - 1] === ' ') inner = inner.slice(0, end).trim();
  return { level, text: inner };
}

/// Whether *line* has three or more of one of *marks*, and else blanks only.
export function isRule(line, marks = '*-_') {
  const text = line.trim();
  const c = text[0];
  if (!c || !marks.includes(c) || indentOf(line) > 3) return false;
  let count = 0;
  for (const each of text) {
    if (each === c) count += 1;
    else if (each !== ' ' && each !== '\t') return false;
  }
  return count >= 3;
}

export function underlineOf(line) {
  const text = line.trim();
  if (!text || indentOf(line) > 3 || (text[0] !== '=' && text[0] !== '-')) return 0;
  for (const c of text) if (c !== text[0]) return 0;
  return text[0] === '=' ? 1 : 2;
}

/// The mark of a list's item: its kind, the number, and where the text begins.
export function itemOf(line) {
  const indent = indentOf(line);
  if (indent > 3) return undefined;
  const text = line.trimStart();
  const m = /^(?:([-+*])|(\d{1,9})([.)]))(?=[ \t]|$)/.exec(text);
  if (!m || isRule(line)) return undefined;
  const rest = text.slice(m[0].length);
  const blank = isBlank(rest);
  const space = indentOf(rest);
  const width = indent + m[0].length + (blank || space > 4 ? 1 : space);
  return { kind: m[1] ?? m[3], ordered: !m[1], start: Number(m[2]), width, blank, text: unindent(rest, blank || space > 4 ? 1 : space) };
}

/// The cells of a table's row; a backslash takes a bar's meaning away.
export function cellsOf(line) {
  const cells = [];
  let cell = '';
  const text = line.trim();
  for (let i = text[0] === '|' ? 1 : 0; i < text.length; i += 1) {
    if (text[i] === '\\' && text[i + 1] === '|') {
      cell += '|';
      i += 1;
    } else if (text[i] === '|') {
      cells.push(cell.trim());
      cell = '';
    } else cell += text[i];
  }
  if (text.at(-1) !== '|' || text.at(-2) === '\\' || !cells.length) cells.push(cell.trim());
  return cells.slice(0, mostColumns);
}

/// The alignments that the line below a table's head says; nothing if it is none.
export function columnsOf(head, line) {
  if (line === undefined || !head.includes('|') || !line.includes('-') || !/^[\s|:-]*$/.test(line)) return undefined;
  const marks = cellsOf(line);
  const good = marks.every((mark) => /^:?-+:?$/.test(mark)) && marks.length === cellsOf(head).length;
  return good ? marks.map((mark) => (mark.endsWith(':') ? (mark.startsWith(':') ? 'center' : 'right') : '')) : undefined;
}

/// What closes the formula that *line* opens, if it opens one: `\[` or `$$` at its beginning.
export function closerOf(line) {
  const text = line.trimStart();
  if (indentOf(line) > 3) return undefined;
  if (text.startsWith('\\[')) return '\\]';
  return text.startsWith('$$') && text[2] !== '$' ? '$$' : undefined;
}

/// Where *mark* is in *line*, from *start* on; a backslash takes the meaning of what follows.
export function markIn(line, mark, start) {
  const marks = /\\[^]|\$\$/g;
  marks.lastIndex = start;
  for (let m; (m = marks.exec(line)); ) if (m[0] === mark) return m.index;
  return -1;
}

export const startsBlock = (line) =>
  fenceOf(line) || headingOf(line) || isRule(line) || closerOf(line) || (indentOf(line) < 4 && line.trimStart().startsWith('>'));

/// Whether *line* may end a paragraph by beginning a list: not an empty item, nor one that begins elsewhere than at 1.
export const interrupts = (line) => {
  const item = itemOf(line);
  return item && !item.blank && (!item.ordered || item.start === 1);
};
