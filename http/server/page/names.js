// Names of conversations, and their titles, which are kept on the device so that the list need not ask for each.

import { keep, kept } from './keep.js';

/// Versions of one conversation are sessions whose names differ behind this.
export const versionMark = ':b';
const mostTitles = 1000;

export const familyOf = (name) => name.replace(/:b\d{1,6}$/, '');
export const versionOf = (name) => Number(/:b(\d{1,6})$/.exec(name)?.[1] ?? 1);

const titles = new Map(kept('titles') ?? []);
export const titleFor = (name) => titles.get(familyOf(name));
export function setTitle(name, title) {
  if (!title || titles.get(familyOf(name)) === title) return;
  titles.set(familyOf(name), title);
  while (titles.size > mostTitles) titles.delete(titles.keys().next().value);
  keep('titles', [...titles]);
}
export function forgetTitle(name) {
  if (titles.delete(familyOf(name))) keep('titles', [...titles]);
}
