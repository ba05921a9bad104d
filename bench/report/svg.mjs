// SVG and HTML as text: whatever is put between the marks is escaped, so that no text becomes a mark.

const escapes = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export const escaped = (text) => String(text).replace(/[&<>"']/g, (c) => escapes[c]);

/// What is markup already.
class Markup {
  constructor(text) {
    this.text = text;
  }
  toString() {
    return this.text;
  }
}

const rendered = (content) => {
  if (Array.isArray(content)) return content.map(rendered).join('\n');
  return content instanceof Markup ? content.text : escaped(content);
};

/// A place in a plot; a tenth of a pixel is as exact as anyone sees.
const attribute = (value) => (typeof value === 'number' ? Number(value.toFixed(1)) : escaped(value));

/// @param content Elements, texts, or lists of both.
export function element(name, attributes = {}, ...content) {
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
  const words = [name, ...given.map(([key, value]) => `${key}="${attribute(value)}"`)].join(' ');
  return new Markup(content.length ? `<${words}>${rendered(content)}</${name}>` : `<${words}/>`);
}

/// Text that is to stand as it is, such as a style sheet.
export const verbatim = (text) => new Markup(text);

/// A colour for each of two that are compared.
export const colours = ['#d2691e', '#1e6fd2'];
