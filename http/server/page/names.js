// Names of conversations, and their titles, which are kept on the device so that the list need not ask for each: their
// first words, or the title that a visitor gave them, which nekod keeps.

import { keep, kept } from './keep.js';

/// Versions of one conversation are sessions whose names differ behind this.
export const versionMark = ':b';
const mostTitles = 1000;

export const familyOf = (name) => name.replace(/:b\d{1,6}$/, '');
export const versionOf = (name) => Number(/:b(\d{1,6})$/.exec(name)?.[1] ?? 1);

const titles = new Map((kept('titles') ?? []).map(([family, ...entry]) => [family, entry]));
const keepTitles = () => keep('titles', [...titles].map(([family, entry]) => [family, ...entry]));
export const titleFor = (name) => titles.get(familyOf(name))?.[0];

/// @param given Whether a visitor gave it, so that it stands before the first words.
export function setTitle(name, title, given = false) {
  const family = familyOf(name);
  const [known, knownGiven = false] = titles.get(family) ?? [];
  if (!title || (knownGiven && !given) || (known === title && knownGiven === given)) return;
  titles.set(family, given ? [title, given] : [title]);
  while (titles.size > mostTitles) titles.delete(titles.keys().next().value);
  keepTitles();
}
export function forgetTitle(name) {
  if (titles.delete(familyOf(name))) keepTitles();
}
