// SVG and HTML as text. Everything between elements is escaped, so that no text becomes markup.

const escapes = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export const escaped = (text) => String(text).replace(/[&<>"']/g, (c) => escapes[c]);

/// Text that is markup already.
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

/// Coordinates with one decimal, which is precise enough.
const attribute = (value) => (typeof value === 'number' ? Number(value.toFixed(1)) : escaped(value));

/// @param content Elements, texts, or lists of both.
export function element(name, attributes = {}, ...content) {
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
  const words = [name, ...given.map(([key, value]) => `${key}="${attribute(value)}"`)].join(' ');
  return new Markup(content.length ? `<${words}>${rendered(content)}</${name}>` : `<${words}/>`);
}

/// Text that is not escaped, such as a style sheet.
export const verbatim = (text) => new Markup(text);

/// The colours of the two sides of a comparison.
export const colours = ['#d2691e', '#1e6fd2'];
