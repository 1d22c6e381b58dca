// Virtual scrolling: of all rows only those in sight, and a few around them, are in the document.

const AROUND = 10; // rows above and below what is seen, so that a flick of the wheel meets no empty board

export class RowWindow {
  /** `lend(row, symbol)` fills a row; `changed(symbols)` is told which are in the document now, in their order. */
  constructor({ table, makeRow, lend, changed }) {
    Object.assign(this, { makeRow, lend, changed });
    [this.above, this.body, this.below] = table.tBodies;
    this.scroller = table.parentElement;
    this.head = table.tHead;
    this.rows = new Map(); // symbol -> row
    this.spare = [];
    this.symbols = [];
    this.isAsked = false;
    const look = () => this.askToDraw();
    this.scroller.addEventListener("scroll", look, { passive: true });
    window.addEventListener("scroll", look, { passive: true });
    new ResizeObserver(look).observe(this.scroller);
  }

  show(symbols) {
    this.symbols = symbols;
    this.draw();
  }

  askToDraw() {
    if (this.isAsked) return;
    this.isAsked = true;
    requestAnimationFrame(() => {
      this.isAsked = false;
      this.draw();
    });
  }

  draw() {
    const height = this.rowHeight();
    const [first, end] = this.range(height);
    const wanted = this.symbols.slice(first, end);
    const stay = new Set(wanted);
    for (const [symbol, row] of this.rows) {
      if (stay.has(symbol)) continue;
      this.rows.delete(symbol);
      this.spare.push(row);
    }
    const isNew = wanted.some((symbol) => !this.rows.has(symbol));
    for (const symbol of wanted) if (!this.rows.has(symbol)) this.rows.set(symbol, this.take(symbol));
    for (const row of this.spare) row.element.remove();
    this.putInOrder(wanted);
    this.above.rows[0].style.height = `${first * height}px`;
    this.below.rows[0].style.height = `${Math.max(0, this.symbols.length - end) * height}px`;
    this.above.hidden = first === 0;
    this.below.hidden = end >= this.symbols.length;
    if (isNew) this.changed(wanted);
  }

  take(symbol) {
    const row = this.spare.pop() ?? this.makeRow();
    this.lend(row, symbol);
    return row;
  }

  putInOrder(wanted) {
    let at = this.body.firstElementChild;
    for (const symbol of wanted) {
      const { element } = this.rows.get(symbol);
      if (element === at) at = at.nextElementSibling;
      else this.body.insertBefore(element, at);
    }
  }

  /** Which part of the list lies in the scrolled box, or in the window where the page scrolls as a whole (a phone). */
  range(height) {
    const box = this.scroller.getBoundingClientRect();
    const top = this.above.hidden ? this.body.getBoundingClientRect().top : this.above.getBoundingClientRect().top;
    const from = Math.max(box.top, 0) - top;
    const to = Math.min(box.bottom, window.innerHeight) - top;
    const first = Math.max(0, Math.min(Math.floor(from / height), this.symbols.length) - AROUND);
    return [first, Math.max(first, Math.min(this.symbols.length, Math.ceil(to / height) + AROUND))];
  }

  rowHeight() {
    return Number.parseFloat(getComputedStyle(this.body).getPropertyValue("--board-row-h"));
  }

  /** Scrolls as little as it takes to see the row, header and all. */
  reveal(symbol) {
    const at = this.symbols.indexOf(symbol);
    if (at < 0) return;
    const height = this.rowHeight();
    const box = this.scroller.getBoundingClientRect();
    const isOwn = this.scroller.scrollHeight > this.scroller.clientHeight + 1;
    const top = (this.above.hidden ? this.body : this.above).getBoundingClientRect().top + at * height;
    const highest = Math.max(box.top, 0) + this.head.offsetHeight;
    const lowest = Math.min(box.bottom, window.innerHeight) - height;
    const by = top < highest ? top - highest : top > lowest ? top - lowest : 0;
    if (by) (isOwn ? this.scroller : window).scrollBy({ top: by });
    this.draw();
  }
}
