// The depth as a ladder: a click or Enter on a level puts its price and the side that meets it into the ticket; arrows
// go from level to level. Levels at which own orders stand are marked.

import { setText } from "./dom.js";
import * as format from "./format.js";

const STEPS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

export function bindLadder() {
  const depth = document.getElementById("depth");
  depth.addEventListener("click", (event) => {
    const row = event.target.closest("[data-price]");
    if (!row || row.dataset.price === "0") return;
    const detail = { vnd: Number(row.dataset.price), side: row.dataset.side };
    document.dispatchEvent(new CustomEvent("qts:price", { detail }));
  });
  depth.addEventListener("keydown", (event) => {
    const row = event.target.closest("[data-side-level]");
    if (!row || !(event.key in STEPS)) return;
    const [across, down] = STEPS[event.key];
    const side = across < 0 ? "bids" : across > 0 ? "asks" : row.dataset.sideLevel.slice(0, 4);
    depth.querySelector(`[data-side-level="${side}${Number(row.dataset.sideLevel.slice(4)) + down}"]`)?.focus();
    event.preventDefault();
  });
}

let own = new Map(); // "BUY 25000" -> quantity that still works

export function markOwn(orders) {
  own = new Map();
  for (const { side, price, quantity } of orders) own.set(`${side} ${price}`, (own.get(`${side} ${price}`) ?? 0) + quantity);
  for (const row of document.querySelectorAll("[data-side-level]")) drawOwn(row);
}

/** Own bids stand among the bids: there the others meet them. */
export function drawOwn(row) {
  const side = row.dataset.sideLevel.startsWith("bids") ? "BUY" : "SELL";
  const quantity = own.get(`${side} ${row.dataset.price}`) ?? 0;
  row.classList.toggle("has-own", quantity > 0);
  setText(row.querySelector("[data-d=own]"), quantity ? format.quantity(quantity) : "");
}
