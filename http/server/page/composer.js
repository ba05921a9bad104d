// Where a message is written: text, pictures, and the button that sends or stops.

import { button, byTouch, h } from './dom.js';
import { draft, setDraft, setting } from './keep.js';
import { t } from './text.js';

/// Whether Enter sends: a setting, else only where there is a keyboard.
function enterSends() {
  const chosen = setting('enter');
  return chosen ? chosen === 'send' : !byTouch();
}

export class Composer {
  /// @param send Takes a text and pictures. @param stop Stops the running answer.
  constructor(root, { send, stop, say }) {
    Object.assign(this, { root, send, stop, say, name: '', images: [], unsent: new Map(), composed: 0 });
    this.text = h('textarea', { id: 'message', rows: '1', placeholder: t('placeholder'), 'aria-label': t('message'), dir: 'auto', autocomplete: 'off', enterkeyhint: enterSends() ? 'send' : 'enter' });
    this.files = h('input', { type: 'file', accept: 'image/*', multiple: true, hidden: true, tabindex: '-1', onchange: () => this.add([...this.files.files]) });
    this.pictures = h('div', { class: 'pictures', hidden: true });
    this.go = button('send', t('send'), () => this.press(), { class: 'go', id: 'send' });
    const row = h('div', { class: 'row' }, button('picture', t('attach'), () => this.files.click()), this.text, this.go);
    root.replaceChildren(this.pictures, this.files, row);
    this.text.addEventListener('input', () => this.changed());
    this.text.addEventListener('keydown', (event) => this.key(event));
    // Safari sends the key that ended a composition after the end.
    this.text.addEventListener('compositionend', () => (this.composed = performance.now()));
    this.text.addEventListener('paste', (event) => this.take(event, event.clipboardData));
    root.addEventListener('dragover', (event) => event.preventDefault());
    root.addEventListener('drop', (event) => this.take(event, event.dataTransfer));
  }

  take(event, data) {
    const files = [...(data?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    this.add(files);
  }

  async add(files) {
    const { addPictures } = await import('./pictures.js');
    await addPictures(this.images, files, this.say);
    this.files.value = '';
    this.showPictures();
  }

  showPictures() {
    const remove = (i) => () => {
      this.images.splice(i, 1);
      this.showPictures();
      this.text.focus();
    };
    this.pictures.hidden = this.images.length === 0;
    this.pictures.replaceChildren(...this.images.map((src, i) => h('div', { class: 'thumb' }, h('img', { src, alt: t('picture') }), button('close', t('removePicture'), remove(i)))));
    this.enable();
  }

  /// Shows the unsent text of the conversation *name*.
  open(name, running) {
    this.unsent.set(this.name, this.images);
    this.name = name;
    this.text.value = draft(name);
    this.images = this.unsent.get(name) ?? [];
    this.showPictures();
    this.grow();
    this.busy(running);
  }

  busy(running) {
    this.running = running;
    this.go.replaceWith((this.go = button(running ? 'stop' : 'send', t(running ? 'stop' : 'send'), () => this.press(), { class: running ? 'go stop' : 'go', id: 'send' })));
    this.enable();
  }

  enable() {
    this.go.disabled = !this.running && !this.text.value.trim() && !this.images.length;
  }

  changed() {
    setDraft(this.name, this.text.value);
    this.grow();
    this.enable();
  }

  grow() {
    if (CSS.supports('field-sizing', 'content')) return;
    this.text.style.height = 'auto';
    this.text.style.height = `${Math.min(this.text.scrollHeight + 2, 320)}px`;
  }

  key(event) {
    if (event.key !== 'Enter' || event.isComposing || event.keyCode === 229) return;
    if (performance.now() - this.composed < 50) return;
    const sends = event.ctrlKey || event.metaKey || (enterSends() && !event.shiftKey && !event.altKey);
    if (!sends) return;
    event.preventDefault();
    if (!this.running) this.press();
  }

  press() {
    if (this.running) {
      this.stop();
      return;
    }
    const text = this.text.value.trim();
    if (!text && !this.images.length) return;
    const { images } = this;
    setDraft(this.name, '');
    this.text.value = '';
    this.images = [];
    this.showPictures();
    this.grow();
    this.send(text, images);
    this.text.focus();
  }

  focus() {
    this.text.focus({ preventScroll: true });
  }
}
