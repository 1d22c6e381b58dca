// Virtual scrolling: of all rows only those in sight, and a few around them, are in the document.
//
// A row lies at its place by a transform, so one that comes into sight is the one that left it on the other side, moved
// and written anew: no element is made, and no other row is laid out again.

const AROUND = 6; // rows above and below what is seen, so that a flick of the wheel meets no empty board
const STEP = 4; // rows come and go in fours: three of four frames of a scroll change nothing
const HEAD_ROWS = 2;

export class RowWindow {
  /**
   * `lend(row, symbol)` fills a row, `catchUp(row)` draws what it missed out of sight; `changed()` is called when others
   * are in the document.
   */
  constructor({ table, makeRow, lend, catchUp, changed }) {
    Object.assign(this, { table, makeRow, lend, catchUp, changed });
    [this.body] = table.tBodies;
    this.scroller = table.parentElement;
    this.head = table.tHead;
    this.rows = new Map(); // symbol -> row
    this.spare = [];
    this.symbols = [];
    this.isAsked = false;
    // Events come before the frame's drawing: what they measure is known, and nothing has to be laid out for it.
    const look = () => {
      this.measure();
      this.askToDraw();
    };
    for (const place of [this.scroller, window]) {
      place.addEventListener("scroll", look, { passive: true });
      place.addEventListener("scrollend", () => this.putInOrder());
    }
    new ResizeObserver(() => this.reshape()).observe(this.scroller);
    this.reshape();
  }

  show(symbols) {
    this.symbols = symbols;
    this.redraw();
  }

  /** After other columns, another height of rows or of the window. */
  reshape() {
    this.height = Number.parseFloat(getComputedStyle(this.table).getPropertyValue("--board-row-h"));
    this.table.classList.toggle("is-wide", this.scroller.scrollWidth > this.scroller.clientWidth);
    this.redraw();
  }

  redraw() {
    this.body.style.height = `${this.symbols.length * this.height}px`;
    this.measure();
    this.draw();
    this.putInOrder();
  }

  /** Which rows are in sight, in the scrolled box, or in the window where the page scrolls as a whole (a phone). */
  measure() {
    const box = this.scroller.getBoundingClientRect();
    const { top } = this.body.getBoundingClientRect();
    this.first = Math.floor((Math.max(box.top, 0) - top) / this.height);
    this.end = Math.ceil((Math.min(box.bottom, window.innerHeight) - top) / this.height);
  }

  askToDraw() {
    if (this.isAsked) return;
    this.isAsked = true;
    requestAnimationFrame(() => {
      this.isAsked = false;
      this.draw();
    });
  }

  isInSight(row) {
    return row.at >= this.first && row.at < this.end;
  }

  draw() {
    const last = this.symbols.length;
    const from = Math.max(0, Math.min(last, Math.floor((this.first - AROUND) / STEP) * STEP));
    const wanted = this.symbols.slice(from, Math.max(from, Math.ceil((this.end + AROUND) / STEP) * STEP));
    const stay = new Set(wanted);
    for (const [symbol, row] of this.rows) {
      if (stay.has(symbol)) continue;
      this.rows.delete(symbol);
      this.spare.push(row);
    }
    const isNew = this.rows.size < wanted.length;
    wanted.forEach((symbol, number) => this.place(symbol, from + number));
    for (const row of this.spare) row.element.remove();
    if (isNew) this.changed();
  }

  place(symbol, at) {
    let row = this.rows.get(symbol);
    if (!row) {
      row = this.spare.pop() ?? this.makeRow();
      this.rows.set(symbol, row);
      this.lend(row, symbol);
      if (!row.element.isConnected) this.body.append(row.element);
    }
    if (row.at !== at || row.height !== this.height) {
      Object.assign(row, { at, height: this.height });
      row.element.style.transform = `translateY(${at * this.height}px)`;
      row.element.setAttribute("aria-rowindex", String(at + 1 + HEAD_ROWS));
    }
    if (row.isBehind && this.isInSight(row)) this.catchUp(row);
  }

  /** For whoever reads or walks the document as it is written; a row that has the focus keeps it. */
  putInOrder() {
    if (this.body.contains(document.activeElement)) return;
    const sorted = [...this.rows.values()].sort((a, b) => a.at - b.at);
    let next = this.body.firstElementChild;
    for (const { element } of sorted) {
      if (element === next) next = next.nextElementSibling;
      else this.body.insertBefore(element, next);
    }
  }

  /** Scrolls as little as it takes to see the row, header and all. */
  reveal(symbol) {
    const at = this.symbols.indexOf(symbol);
    if (at < 0) return;
    const box = this.scroller.getBoundingClientRect();
    const isOwn = this.scroller.scrollHeight > this.scroller.clientHeight + 1;
    const top = this.body.getBoundingClientRect().top + at * this.height;
    const highest = Math.max(box.top, 0) + this.head.offsetHeight;
    const lowest = Math.min(box.bottom, window.innerHeight) - this.height;
    const by = top < highest ? top - highest : top > lowest ? top - lowest : 0;
    if (by) (isOwn ? this.scroller : window).scrollBy({ top: by });
    this.measure();
    this.draw();
  }
}
