// What the browser keeps: settings, drafts, the key, and requests under way. Conversations are nekod's.
// A browser may refuse to keep anything; the page then forgets with its tab.

const prefix = 'nekod.';

function read(storage, name) {
  try {
    const text = storage().getItem(prefix + name);
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function write(storage, name, value) {
  try {
    if (value === undefined) storage().removeItem(prefix + name);
    else storage().setItem(prefix + name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

const device = () => localStorage;
const tab = () => sessionStorage;

export const kept = (name) => read(device, name);
export const keep = (name, value) => write(device, name, value);

let inMemory;

/// The key: in memory and for this tab, or on this device if the visitor said so.
export const key = () => inMemory ?? read(tab, 'key') ?? read(device, 'key') ?? '';
export const keyIsRemembered = () => read(device, 'key') !== undefined;

export function setKey(text, remember) {
  inMemory = text || undefined;
  write(tab, 'key', text || undefined);
  write(device, 'key', remember && text ? text : undefined);
}

const defaults = {
  language: '', // by the browser
  theme: '', // by the browser
  enter: '', // by the device: a new line where one types by touch
  model: '',
  system: '',
  parameters: {},
};

const settings = { ...defaults, ...kept('settings') };

export const setting = (name) => settings[name];
export function set(name, value) {
  settings[name] = value;
  keep('settings', settings);
}

/// Unsent text of a conversation; that of a new one has an empty name.
export const draft = (session) => kept(`draft.${session}`) ?? '';
export const setDraft = (session, text) => keep(`draft.${session}`, text || undefined);

/// A request that has no answer yet, so that a reload finds it again. Dropped if it is too large to be kept.
export const pending = (session) => kept(`pending.${session}`);
export const setPending = (session, request) => keep(`pending.${session}`, request);
