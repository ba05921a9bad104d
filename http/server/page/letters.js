// Letters of mathematical styles, which Unicode has as characters of their own.

// Where A, a, and 0 of a style are; Greek Α and α.
const styles = {
  bold: [0x1d400, 0x1d41a, 0x1d7ce, 0x1d6a8, 0x1d6c2],
  italic: [0x1d434, 0x1d44e, 0, 0x1d6e2, 0x1d6fc],
  'bold-italic': [0x1d468, 0x1d482, 0, 0x1d71c, 0x1d736],
  script: [0x1d49c, 0x1d4b6, 0],
  'bold-script': [0x1d4d0, 0x1d4ea, 0],
  fraktur: [0x1d504, 0x1d51e, 0],
  'bold-fraktur': [0x1d56c, 0x1d586, 0],
  'double-struck': [0x1d538, 0x1d552, 0x1d7d8],
  'sans-serif': [0x1d5a0, 0x1d5ba, 0x1d7e2],
  'bold-sans-serif': [0x1d5d4, 0x1d5ee, 0x1d7ec],
  'sans-serif-italic': [0x1d608, 0x1d622, 0],
  'sans-serif-bold-italic': [0x1d63c, 0x1d656, 0],
  monospace: [0x1d670, 0x1d68a, 0x1d7f6],
};

// Those that were there before the others.
const elsewhere = {
  italic: { h: 'ℎ' },
  script: { B: 'ℬ', E: 'ℰ', F: 'ℱ', H: 'ℋ', I: 'ℐ', L: 'ℒ', M: 'ℳ', R: 'ℛ', e: 'ℯ', g: 'ℊ', o: 'ℴ' },
  fraktur: { C: 'ℭ', H: 'ℌ', I: 'ℑ', R: 'ℜ', Z: 'ℨ' },
  'double-struck': { C: 'ℂ', H: 'ℍ', N: 'ℕ', P: 'ℙ', Q: 'ℚ', R: 'ℝ', Z: 'ℤ' },
};

const ranges = [['A', 'Z'], ['a', 'z'], ['0', '9'], ['Α', 'Ω'], ['α', 'ω']];

/// *text* in that style, as far as it has its letters.
export function styled(text, style) {
  const places = styles[style];
  if (!places) return text;
  const one = (c) => {
    const other = elsewhere[style]?.[c];
    const i = ranges.findIndex(([first, last]) => c >= first && c <= last && c.length === 1);
    return other ?? (places[i] ? String.fromCodePoint(places[i] + c.charCodeAt(0) - ranges[i][0].charCodeAt(0)) : c);
  };
  return [...text].map(one).join('');
}
