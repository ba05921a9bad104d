// The words of the page: each is used, each that is used is there, in both languages.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';

const folder = new URL('../../http/server/page/', import.meta.url);
const sources = readdirSync(folder).filter((name) => name.endsWith('.js'));
const all = sources.map((name) => readFileSync(new URL(name, folder), 'utf8')).join('\n');
const { languages, texts } = await import(new URL('text.js', folder));
for (const name of sources.filter((each) => each.endsWith('_text.js'))) await import(new URL(name, folder));

test('each text is there in both languages, with the same places', () => {
  for (const [name, forms] of Object.entries(texts)) {
    assert.equal(forms.length, languages.length, name);
    assert.ok(forms.every((form) => form.trim()), name);
    const places = (form) => [...form.matchAll(/\{\d\}/g)].map(([place]) => place).sort().join();
    assert.equal(places(forms[0]), places(forms[1]), name);
  }
});

test('each text that is used is there, and each that is there is used', () => {
  for (const [, name] of all.matchAll(/\bt\('(\w+)'/g)) assert.ok(name in texts, name);
  const built = /^(c_|m_|on_|r_)/;
  for (const name of Object.keys(texts)) assert.ok(built.test(name) || all.includes(`'${name}'`), `${name} is not used`);
});

test('each module loads the words it says', () => {
  const source = (name) => readFileSync(new URL(name, folder), 'utf8');
  const loaded = (name, seen = new Set()) => {
    seen.add(name);
    for (const [, other] of source(name).matchAll(/^import (?:[^;]* from )?'\.\/([\w.]+)';/gm)) if (!seen.has(other) && other !== 'katex.js') loaded(other, seen);
    return seen;
  };
  const own = (name) => [...source(name).matchAll(/^ {2}(\w+): \[/gm)].map(([, word]) => word);
  for (const name of sources.filter((each) => !/text\.js$/.test(each))) {
    const words = new Set([...loaded(name)].filter((each) => /text\.js$/.test(each)).flatMap(own));
    for (const [, word] of source(name).matchAll(/\bt\('(\w+)'/g)) assert.ok(words.has(word), `${name} says ${word}`);
  }
});

test('nothing in the page makes HTML of text', () => {
  for (const word of ['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'document.write', 'DOMParser', 'createContextualFragment', 'eval(', 'new Function', 'srcdoc']) assert.ok(!all.includes(word), word);
  assert.ok(!/https?:\/\/(?!www\.w3\.org)/.test(all.replaceAll(/^\s*\/\/.*$/gm, '').replaceAll(/\/\^.*$/gm, '')), 'no address of another host');
});
