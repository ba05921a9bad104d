// Elements without HTML strings: text becomes text nodes, and nothing else is made of it.

const svgSpace = 'http://www.w3.org/2000/svg';

function set(element, name, value) {
  if (value === undefined || value === null || value === false) return;
  if (name === 'text') element.textContent = value;
  else if (name === 'class') element.setAttribute('class', value);
  else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
  else if (name in element && typeof value !== 'string') element[name] = value;
  else if (name === 'value') element.value = value;
  else element.setAttribute(name, value === true ? '' : value);
}

function build(element, fields, children) {
  for (const [name, value] of Object.entries(fields ?? {})) set(element, name, value);
  element.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

/// An element; *fields* are attributes, properties that are no strings, `text`, and handlers such as `onclick`.
export const h = (tag, fields, ...children) => build(document.createElement(tag), fields, children);

export function svg(tag, fields, ...children) {
  const element = document.createElementNS(svgSpace, tag);
  for (const [name, value] of Object.entries(fields ?? {})) element.setAttribute(name, value);
  element.append(...children.flat());
  return element;
}

/// A symbol of the sprite in index.html. A button with it needs a name of its own.
export const icon = (name) =>
  svg('svg', { class: 'icon', 'aria-hidden': 'true' }, svg('use', { href: `#i-${name}` }));

/// A button with a symbol and a name, which is also its tip.
export const button = (name, label, onclick, more = {}) =>
  h('button', { type: 'button', class: 'tool', title: label, 'aria-label': label, onclick, ...more }, icon(name));

/// Loads a style sheet of a part that is loaded when it is asked for.
export function loadStyle(name) {
  const link = h('link', { rel: 'stylesheet', href: new URL(name, import.meta.url).href });
  return new Promise((done) => {
    link.onload = link.onerror = done;
    document.head.append(link);
  });
}

/// Whether the visitor has no keyboard but one on the screen.
export const byTouch = () => matchMedia('(hover: none) and (pointer: coarse)').matches;

export const $ = (selector, root = document) => root.querySelector(selector);

/// A random name; pages on plain HTTP have no randomUUID.
export function randomName(length = 16) {
  const letters = 'abcdefghijkmnpqrstuvwxyz23456789';
  return [...crypto.getRandomValues(new Uint8Array(length))].map((byte) => letters[byte % 32]).join('');
}

/// Copies *text*; answers whether that worked. Plain HTTP has no clipboard interface, so an element is selected.
export async function copyText(text) {
  if (navigator.clipboard && isSecureContext) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // The other way may still work.
    }
  }
  const focused = document.activeElement;
  const area = h('textarea', { class: 'unseen', 'aria-hidden': 'true', tabindex: '-1' });
  area.value = text;
  (focused?.closest('dialog') ?? document.body).append(area);
  area.select();
  let done = false;
  try {
    done = document.execCommand('copy');
  } catch {
    done = false;
  }
  area.remove();
  focused?.focus?.({ preventScroll: true });
  return done;
}
