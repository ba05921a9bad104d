// Formulas between words: where they begin and end. One pass over the text finds all.

const word = /[A-Za-z0-9]/;
const unspaced = /[\u2e80-\u303f\u3040-\ufaff\uff00-\uffef]/;
const longest = 1000;

/// Whether what is between two dollars is rather about money: a number, and then words.
function isProse(text) {
  if (text.length > longest || text.includes('`')) return true;
  if (!/^[\d.,]/.test(text)) return false;
  const words = text.replaceAll(/\\[A-Za-z]+(?:\{[^{}]*\})?/g, ' ');
  return /(?:^|\s)[A-Za-z]{2,}/.test(words) || unspaced.test(words);
}

/// Whether `\[…\]` is a reference such as [1, 2].
const isReference = (text) => /^\d[\d\s,–-]*$/.test(text);

/// The formulas in *text*, by where they begin: the place behind them, the TeX, and whether they stand alone. Those
/// without TeX are open: their line is to be shown as it is.
export function formulasIn(text) {
  const found = new Map();
  const open = {};
  const add = (from, to, size, display) => {
    const inner = text.slice(from + size, to);
    if (inner.trim()) found.set(from, { end: to + size, text: inner.trim(), display });
    return Boolean(inner.trim());
  };
  const close = (kind, to, size, display) => {
    const from = open[kind];
    open[kind] = undefined;
    return from !== undefined && add(from, to, size, display);
  };
  /// One dollar begins a formula before what is no blank, and ends it behind such, but not before a digit, as a price
  /// would. What is between has no other dollar, and is in one line.
  const dollar = (at) => {
    const [before, after] = [text[at - 1] ?? ' ', text[at + 1] ?? ' '];
    const from = open.one;
    open.one = undefined;
    const ends = from !== undefined && !/\s/.test(before) && !/\d/.test(after) && !(word.test(after) && /[^\w}')\]]/.test(before));
    if (ends && !isProse(text.slice(from + 1, at))) add(from, at, 1, false);
    else if (!/\s/.test(after) && !word.test(before)) open.one = at;
  };
  const marks = /\\[^]|\$+|\n/g;
  for (let m; (m = marks.exec(text)); ) {
    const { 0: mark, index } = m;
    if (mark === '\\(') open.round = index;
    else if (mark === '\\)') close('round', index, 2, false);
    else if (mark === '\\[') open.square = index;
    else if (mark === '\\]') {
      if (open.square === undefined || isReference(text.slice(open.square + 2, index))) open.square = undefined;
      else close('square', index, 2, true);
    } else if (mark === '$$') {
      if (open.two === undefined) open.two = index;
      else close('two', index, 2, true);
    } else if (mark === '$') dollar(index);
    else if (mark === '\n') open.one = undefined;
  }
  for (const from of [open.round, open.square]) {
    if (from === undefined) continue;
    const end = text.indexOf('\n', from);
    found.set(from, { end: end < 0 ? text.length : end });
  }
  return found;
}
