// What moves on a symbol's page beside the chart: headline, statistics, depth, time and sales.

import { lightUp, setText } from "./dom.js";
import * as format from "./format.js";
import { drawOwn } from "./symbol-ladder.js";

const TAPE_ROWS_MAX = 60;
const LEVELS = 3;

export function drawQuote(quote, before, kind) {
  const colour = format.priceClass(quote.last, quote);
  const part = (name) => document.querySelector(`[data-q="${name}"]`);
  const headline = part("headline");
  for (const cell of [headline, part("last")]) format.setColour(cell, colour);
  if (before.total_qty !== undefined && before.total_qty !== quote.total_qty) {
    lightUp(headline, quote.last > before.last ? "flash-up" : quote.last < before.last ? "flash-down" : "flash-flat");
  }
  setText(part("last"), format.price(quote.last, kind));
  setText(part("change"), format.change(quote.last, quote.ref, kind));
  setText(part("percent"), quote.last ? format.percent(quote.last - quote.ref, quote.ref) : "–");
  for (const name of ["ref", "ceil", "floor", "high", "low", "avg", "est"]) {
    const cell = part(name);
    if (!cell || quote[name] === undefined) continue;
    setText(cell, format.price(quote[name], kind));
    format.setColour(cell, format.priceClass(quote[name], quote));
  }
  setText(part("total_qty"), format.quantity(quote.total_qty));
  setText(part("total_value"), format.billions(quote.total_value));
  drawForeign(quote, part);
  drawDepth(quote, kind);
}

function drawDepth(quote, kind) {
  const largest = Math.max(1, ...[...(quote.bids ?? []), ...(quote.asks ?? [])].map(([, quantity]) => quantity));
  for (const side of ["bids", "asks"]) {
    let total = 0;
    for (let level = 0; level < LEVELS; level += 1) {
      const [price, quantity] = quote[side]?.[level] ?? [0, 0];
      total += quantity;
      const row = document.querySelector(`[data-side-level="${side}${level}"]`);
      row.dataset.price = price;
      drawOwn(row);
      const cell = row.querySelector("[data-d=price]");
      setText(cell, price ? format.price(price, kind) : quantity ? (quote.session === "ATC" ? "ATC" : "ATO") : "–");
      format.setColour(cell, format.priceClass(price, quote));
      setText(row.querySelector("[data-d=quantity]"), quantity ? format.quantity(quantity) : "");
      row.querySelector("[data-d=bar]").style.width = `${(100 * quantity) / largest}%`;
    }
    setText(document.querySelector(`[data-depth-total="${side}"]`), format.quantity(total));
  }
  const [bids, asks] = ["bids", "asks"].map((side) => (quote[side] ?? []).reduce((sum, [, quantity]) => sum + quantity, 0));
  document.getElementById("depth-balance").style.width = `${bids + asks ? (100 * bids) / (bids + asks) : 50}%`;
  const [bid, ask] = [quote.bids?.[0]?.[0], quote.asks?.[0]?.[0]];
  setText(document.getElementById("depth-spread"), bid && ask ? format.price(ask - bid, kind) : "–");
}

/** What foreigners bought and sold today, the difference, and its share of the two. */
function drawForeign(quote, part) {
  if (quote.foreign_bought === undefined) return;
  const { foreign_bought: bought, foreign_sold: sold } = quote;
  for (const name of ["foreign_bought", "foreign_sold", "room"]) setText(part(name), format.quantity(quote[name]));
  const net = part("foreign_net");
  setText(net, format.money(bought - sold, { plus: true }));
  format.setColour(net, format.signClass(bought - sold));
  document.getElementById("foreign-balance").style.width = `${bought + sold ? (100 * bought) / (bought + sold) : 50}%`;
}

/** Newest first; a tick above the one before it is green, below it red. */
export function drawTape(ticks, isSnapshot, kind) {
  const body = document.getElementById("tape");
  if (isSnapshot) body.replaceChildren();
  for (const tick of ticks) {
    const before = Number(body.firstElementChild?.dataset.vnd ?? 0);
    const row = document.createElement("tr");
    row.dataset.vnd = tick.price;
    const colour = !before || before === tick.price ? (body.firstElementChild?.dataset.colour ?? "c-none") : tick.price > before ? "c-up" : "c-down";
    row.dataset.colour = colour;
    row.append(cell(format.clock(tick.time), "left muted"), cell(format.price(tick.price, kind), colour), cell(format.quantity(tick.qty)));
    body.prepend(row);
    if (!isSnapshot) lightUp(row, "flash-flat");
  }
  while (body.rows.length > TAPE_ROWS_MAX) body.lastElementChild.remove();
  document.getElementById("tape-none").hidden = body.rows.length > 0;
}

function cell(text, css = "") {
  const element = document.createElement("td");
  element.className = `num ${css}`;
  element.textContent = text;
  return element;
}
