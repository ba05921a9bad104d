// Where links of Markdown lead to.

export const longestAddress = 2000;

/// The end of an address that begins at *at*: where a blank, a quote or the like ends it.
export function addressEnd(text, at) {
  let end = at;
  let open = 0;
  while (end < text.length && end - at < longestAddress) {
    const c = text[end];
    if (c === '(') open += 1;
    else if (c === ')' && --open < 0) break;
    else if (/[\s<>"`]/.test(c) || /[\u3000-\u303f\uff00-\uffef“”‘’]/.test(c)) break;
    end += 1;
  }
  while (end > at && /[.,;:!?'*_~\]]/.test(text[end - 1])) end -= 1;
  return end;
}

/// The address in *text* if it is one that may be followed: http, https or mailto.
export function safeAddress(text) {
  const trimmed = text.trim();
  if (!/^(https?:\/\/|mailto:)/i.test(trimmed) || trimmed.length > longestAddress) return undefined;
  try {
    return new URL(trimmed).href;
  } catch {
    return undefined;
  }
}

/// The `(address "title")` that begins at *start*: its address, and the place behind it.
export function targetAt(text, start) {
  let at = start;
  const blank = () => {
    while (at < text.length && /[ \n]/.test(text[at]) && at - start < longestAddress) at += 1;
  };
  if (text[at] !== '(') return undefined;
  at += 1;
  blank();
  let address = '';
  if (text[at] === '<') {
    const from = ++at;
    while (at < text.length && !/[<>\n]/.test(text[at]) && at - from < longestAddress) at += 1;
    if (text[at] !== '>') return undefined;
    address = text.slice(from, at);
    at += 1;
  } else {
    const from = at;
    let open = 0;
    while (at < text.length && at - from < longestAddress) {
      const c = text[at];
      if (/[\s<]/.test(c)) break;
      if (c === '\\' && text[at + 1] !== '\n') at += 1;
      else if (c === '(' && ++open > 20) return undefined;
      else if (c === ')' && --open < 0) break;
      at += 1;
    }
    address = text.slice(from, at).replace(/\\([!-/:-@[-`{-~])/g, '$1');
  }
  blank();
  const quote = text[at];
  if (quote === '"' || quote === "'") {
    const from = ++at;
    while (at < text.length && text[at] !== quote && at - from < 500) at += text[at] === '\\' ? 2 : 1;
    if (text[at] !== quote) return undefined;
    at += 1;
    blank();
  }
  return text[at] === ')' ? { address, end: at + 1 } : undefined;
}
