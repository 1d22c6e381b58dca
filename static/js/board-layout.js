// Columns, height of the rows and order of the board, kept by the server for each person.

import { ask } from "./api.js";
import { atMostEvery } from "./dom.js";

const ADDRESS = "/api/v1/layouts/board/";
const WIDE_PIXELS = 1560; // from here on the foreign columns fit
const SAVE_MS = 800;

export class BoardLayout {
  /** `choice` is {hidden, sort, is_descending, is_dense, shown}, empty for a board as it comes: with low rows. */
  constructor(choice, table, changed) {
    this.choice = choice;
    this.table = table;
    this.changed = changed;
    this.save = atMostEvery(SAVE_MS, () => ask("PUT", ADDRESS, this.choice));
    this.boxes = [...document.querySelectorAll("[data-column]")];
    this.dense = document.getElementById("board-dense");
    for (const box of this.boxes) box.addEventListener("change", () => this.keep({ hidden: this.unchecked() }));
    this.dense.addEventListener("change", () => this.keep({ is_dense: this.dense.checked }));
    document.getElementById("board-reset").addEventListener("click", () => {
      this.choice = {};
      this.save();
      this.draw();
    });
    matchMedia(`(min-width: ${WIDE_PIXELS}px)`).addEventListener("change", () => this.draw());
  }

  keep(change) {
    this.choice = { ...this.choice, ...change };
    this.save();
    this.draw();
  }

  unchecked() {
    return this.boxes.filter((box) => !box.checked).map((box) => box.dataset.column);
  }

  get hidden() {
    if (this.choice.hidden) return this.choice.hidden;
    return window.innerWidth >= WIDE_PIXELS ? ["value", "sector"] : ["value", "sector", "foreign"];
  }

  get isDense() {
    return this.choice.is_dense ?? true;
  }

  draw() {
    const { hidden } = this;
    this.table.dataset.hidden = hidden.join(" ");
    this.table.classList.toggle("is-dense", this.isDense);
    for (const box of this.boxes) box.checked = !hidden.includes(box.dataset.column);
    this.dense.checked = this.isDense;
    this.changed();
  }
}
