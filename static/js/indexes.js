// The strip of indices above the board and on the home page.

import { setText } from "./dom.js";
import * as format from "./format.js";
import { live } from "./live.js";

const known = new Map();

export function drawIndexes() {
  const cards = new Map([...document.querySelectorAll("[data-index]")].map((card) => [card.dataset.index, card]));
  if (!cards.size) return;
  live("/ws/markets").subscribe("indexes", {}, (data) => {
    for (const [code, fields] of Object.entries(data)) {
      const before = known.get(code);
      const index = { ...before, ...fields };
      known.set(code, index);
      if (cards.has(code)) drawCard(cards.get(code), index, before);
    }
  });
}

function drawCard(card, index, before) {
  const difference = index.value && index.prior ? index.value - index.prior : null; // before its first value of the day
  const part = (name) => card.querySelector(`[data-i="${name}"]`);
  format.setColour(part("figures"), difference === null ? "c-none" : difference ? format.signClass(difference) : "c-reference");
  const flash = before && before.value !== index.value ? (index.value > before.value ? "flash-up" : "flash-down") : "";
  setText(part("value"), format.index(index.value), flash);
  setText(part("change"), format.indexChange(difference));
  setText(part("percent"), format.percent(difference, difference === null ? null : index.prior));
  setText(part("total_value"), format.billions(index.total_value));
  setText(part("total_qty"), format.quantity(index.total_qty));
  for (const name of ["advances", "unchanged", "declines", "ceilings", "floors"]) setText(part(name), String(index[name] ?? 0));
}
