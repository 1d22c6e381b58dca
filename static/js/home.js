// The overview: indices, money of the first account, orders.

import { drawIndexes } from "./indexes.js";
import { setText } from "./dom.js";
import * as format from "./format.js";
import { followPositions } from "./positions.js";
import { followQuotes } from "./quotes.js";
import { start as startStrategies } from "./strategies.js";

export function start() {
  drawIndexes();
  startStrategies();
  const account = document.getElementById("portfolio")?.dataset.account;
  if (account) followPositions(account);
  const rows = new Map([...document.querySelectorAll("[data-mover]")].map((row) => [row.dataset.mover, row]));
  if (!rows.size) return;
  followQuotes([...rows.keys()], {}, (symbol, quote, before) => {
    const row = rows.get(symbol);
    const flash = before.last && before.last !== quote.last ? (quote.last > before.last ? "flash-up" : "flash-down") : "";
    const cell = row.querySelector('[data-m="last"]');
    setText(cell, format.price(quote.last || quote.ref), flash);
    setText(row.querySelector('[data-m="percent"]'), quote.last ? format.percent(quote.last - quote.ref, quote.ref) : "–");
    for (const element of row.querySelectorAll("[data-m]")) format.setColour(element, format.priceClass(quote.last, quote));
  });
}
