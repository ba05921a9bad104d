// A list of messages of which at most `most` have elements: the others are blank space above and below. It follows
// its end only while the reader is there.

import { h } from './dom.js';

const most = 160;
const step = 60;
const near = 40;
const guessed = 140;

export class Log {
  /// @param draw Makes the element of the item with that index.
  /// @param moved Called when the reader gets to the end, or leaves it.
  constructor(scroller, draw, moved) {
    Object.assign(this, { scroller, draw, moved });
    this.above = h('div', { class: 'gap' });
    this.below = h('div', { class: 'gap' });
    this.list = h('div', { class: 'log' });
    scroller.replaceChildren(this.above, this.list, this.below);
    this.items = [];
    this.heights = new Map();
    this.first = this.end = 0;
    this.follows = true;
    this.top = 0;
    scroller.addEventListener('scroll', () => this.scrolled(), { passive: true });
    scroller.addEventListener('wheel', (event) => event.deltaY < 0 && this.free(), { passive: true });
    scroller.addEventListener('touchmove', () => this.atEnd() || this.free(), { passive: true });
    scroller.addEventListener('keydown', (event) => ['PageUp', 'ArrowUp', 'Home'].includes(event.key) && this.free());
    this.sizes = new ResizeObserver(() => this.settle());
    this.sizes.observe(this.list);
    this.sizes.observe(scroller);
  }

  /// Shows *items* from their end.
  show(items) {
    this.items = items;
    this.heights.clear();
    this.list.replaceChildren();
    this.first = this.end = items.length;
    this.follows = true;
    this.move(Math.max(0, items.length - step), items.length);
    this.toEnd();
  }

  /// Items have been added or taken away at the end.
  update() {
    const count = this.items.length;
    if (this.end > count || this.first > count) this.move(Math.max(0, count - step), count);
    else if (this.follows || this.end + step > count) this.move(Math.max(this.first, count - most), count);
    this.settle();
  }

  /// Makes the element of *item* anew.
  redraw(item) {
    const index = this.items.indexOf(item);
    if (index < this.first || index >= this.end) return;
    this.list.children[index - this.first].replaceWith(this.draw(item, index));
  }

  elementOf(item) {
    const index = this.items.indexOf(item);
    return index >= this.first && index < this.end ? this.list.children[index - this.first] : undefined;
  }

  free() {
    if (!this.follows || this.scroller.scrollHeight <= this.scroller.clientHeight) return;
    this.follows = false;
    this.moved(false);
  }

  atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return this.end === this.items.length && scrollHeight - scrollTop - clientHeight < near;
  }

  toEnd() {
    if (this.end !== this.items.length) this.move(Math.max(0, this.items.length - step), this.items.length);
    this.follows = true;
    this.settle();
    this.moved(true);
  }

  /// Keeps the end in view if the reader is there.
  settle() {
    if (!this.follows) return;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.top = this.scroller.scrollTop;
  }

  scrolled() {
    const { scrollTop } = this.scroller;
    const up = scrollTop < this.top - 1;
    this.top = scrollTop;
    if (this.follows && up && !this.atEnd()) this.free();
    else if (!this.follows && !up && this.atEnd()) {
      this.follows = true;
      this.moved(true);
    }
    this.look();
  }

  /// Moves the window if the reader comes close to its edge.
  look() {
    const view = this.scroller.getBoundingClientRect();
    const shown = this.list.getBoundingClientRect();
    const { length } = this.items;
    if (shown.bottom < view.top || shown.top > view.bottom) {
      const at = this.indexAt(this.scroller.scrollTop);
      const first = Math.max(0, Math.min(at - step / 2, length - step));
      this.move(first, Math.min(length, first + step));
    } else if (this.first > 0 && shown.top > view.top - 800) {
      const first = Math.max(0, this.first - step);
      this.move(first, Math.min(this.end, first + most));
    } else if (this.end < length && shown.bottom < view.bottom + 800) {
      const end = Math.min(length, this.end + step);
      this.move(Math.max(this.first, end - most), end);
    }
  }

  heightOf(from, to) {
    let height = 0;
    for (let i = from; i < to; i += 1) height += this.heights.get(this.items[i]) ?? guessed;
    return height;
  }

  indexAt(top) {
    let height = 0;
    for (let i = 0; i < this.items.length; i += 1) {
      height += this.heights.get(this.items[i]) ?? guessed;
      if (height > top) return i;
    }
    return this.items.length - 1;
  }

  /// Gives elements to the items from *first* to *end*, and to no others. What stays in view does not move.
  move(first, end) {
    if (first === this.first && end === this.end) return;
    const children = [...this.list.children];
    const stay = (i) => i >= first && i < end;
    const view = this.scroller.getBoundingClientRect().top;
    const anchor = children.find((child, i) => stay(this.first + i) && child.getBoundingClientRect().bottom > view);
    const before = anchor?.getBoundingClientRect().top;
    const kept = new Map();
    children.forEach((child, i) => {
      const item = this.items[this.first + i];
      if (item) this.heights.set(item, child.offsetHeight);
      if (stay(this.first + i)) kept.set(this.first + i, child);
      else child.remove();
    });
    const focused = document.activeElement;
    let place = this.list.firstChild;
    for (let i = first; i < end; i += 1) {
      const element = kept.get(i);
      if (element) place = element.nextSibling;
      else this.list.insertBefore(this.draw(this.items[i], i), place);
    }
    this.first = first;
    this.end = end;
    this.above.style.height = `${this.heightOf(0, first)}px`;
    this.below.style.height = `${this.heightOf(end, this.items.length)}px`;
    if (anchor && !this.follows) this.scroller.scrollTop += anchor.getBoundingClientRect().top - before;
    this.top = this.scroller.scrollTop;
    if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
  }
}
