// A grid of thousands of items, of which those near the window are in the document. Few stand there all, each as high as it needs.

class Grid {
  // `list`: a ul. `make(item)`: the content of its li. `width`: the least of a cell; `caption`: height below a picture; both in pixels.
  constructor(list, { make, width, caption, gap, few }) {
    Object.assign(this, { list, make, width, caption, gap, few, items: [], shown: new Map(), waits: false });
    addEventListener("scroll", () => this.later(), { passive: true });
    new ResizeObserver(() => this.later()).observe(list);
  }

  show(items) {
    this.items = items;
    this.redraw();
  }

  redraw() {
    this.plain = this.items.length <= this.few;
    this.list.classList.toggle("virtual", !this.plain);
    this.list.replaceChildren();
    this.shown.clear();
    this.list.style.height = "";
    if (this.plain) this.items.forEach((_, i) => this.list.append(this.cell(i)));
    else this.update();
  }

  later() {
    if (this.waits || this.plain) return;
    this.waits = true;
    requestAnimationFrame(() => {
      this.waits = false;
      this.update();
    });
  }

  measure() {
    const whole = this.list.clientWidth;
    this.columns = Math.max(1, Math.floor((whole + this.gap) / (this.width + this.gap)));
    this.cellWidth = (whole - this.gap * (this.columns - 1)) / this.columns;
    this.rowHeight = Math.round(this.cellWidth / ratio) + this.caption + this.gap;
    return whole > 0;
  }

  // From and to which item the window shows, with a row or two on either side.
  range() {
    const top = -this.list.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / this.rowHeight) - 2) * this.columns;
    const end = (Math.ceil((top + innerHeight) / this.rowHeight) + 2) * this.columns;
    return [first, Math.min(this.items.length, Math.max(end, 0))];
  }

  update() {
    if (this.plain || !this.measure()) return;
    this.list.style.height = `${Math.ceil(this.items.length / this.columns) * this.rowHeight - this.gap}px`;
    const [first, end] = this.range();
    for (const [i, cell] of this.shown) {
      if (i >= first && i < end) continue;
      if (cell.contains(document.activeElement)) continue;  // whoever tabs on goes on from here
      cell.remove();
      this.shown.delete(i);
    }
    for (let i = first; i < end; ++i) if (!this.shown.has(i)) this.add(i);
    for (const [i, cell] of this.shown) this.place(cell, i);
  }

  // In the order of the items, which is that of the Tab key.
  add(i) {
    const cell = this.cell(i);
    let next = null, nearest = Infinity;
    for (const [other, there] of this.shown) if (other > i && other < nearest) [next, nearest] = [there, other];
    this.list.insertBefore(cell, next);
    this.shown.set(i, cell);
  }

  cell(i) {
    return element("li", { "aria-setsize": this.items.length, "aria-posinset": i + 1, "data-index": i }, this.make(this.items[i]));
  }

  place(cell, i) {
    const x = i % this.columns * (this.cellWidth + this.gap), y = Math.floor(i / this.columns) * this.rowHeight;
    cell.style.transform = `translate(${x}px, ${y}px)`;
    cell.style.width = `${this.cellWidth}px`;
    cell.style.height = `${this.rowHeight - this.gap}px`;
  }

  // How many items stand beside each other.
  across() {
    if (!this.plain) return this.columns || 1;
    const cells = [...this.list.children];
    const below = cells.findIndex((cell) => cell.offsetTop > cells[0].offsetTop);
    return below < 0 ? Math.max(1, cells.length) : below;
  }

  // Scrolls to an item and gives it the focus.
  focus(i) {
    if (i < 0 || i >= this.items.length) return;
    if (!this.plain) {
      this.measure();
      const top = this.list.getBoundingClientRect().top + scrollY + Math.floor(i / this.columns) * this.rowHeight;
      if (top < scrollY + 8) scrollTo(0, top - 8);
      if (top + this.rowHeight > scrollY + innerHeight) scrollTo(0, top + this.rowHeight - innerHeight + 8);
      this.update();
    }
    const cell = this.list.querySelector(`li[data-index="${i}"]`);
    if (cell) cell.querySelector("a").focus({ preventScroll: !this.plain });
  }

  // Arrow keys, from the item that has the focus. Whether the key meant anything.
  key(event) {
    const cell = document.activeElement && document.activeElement.closest("li[data-index]");
    if (!cell || cell.parentElement !== this.list) return false;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.across(), ArrowDown: this.across() }[event.key];
    if (step === undefined) return false;
    this.focus(Number(cell.dataset.index) + step);
    return true;
  }
}
