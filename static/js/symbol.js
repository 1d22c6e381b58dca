// One security: chart, depth, time and sales, statistics. The ticket and the orders of the page have their own modules.

import { readJson, restartFlash, setText } from "./dom.js";
import { PriceChart } from "./chart.js";
import * as format from "./format.js";
import { live } from "./live.js";
import { startOrders } from "./orders.js";
import { followPatterns } from "./symbol-patterns.js";
import { followQuotes } from "./quotes.js";

const TAPE_ROWS_MAX = 60;
const LEVELS = 3;

export function start() {
  const page = readJson("symbol-page");
  const chart = new PriceChart(document.getElementById("chart"), page.kind);
  chart.load(page.bars);
  chart.setTrades(page.trades);
  bindIntervals(chart);
  followPatterns(chart, page);
  followQuotes([page.symbol], {}, (symbol, quote, before) => drawQuote(quote, before, page.kind));
  const market = live("/ws/markets");
  market.subscribe("bars", { symbols: [page.symbol] }, (data) => {
    if (data[page.symbol]) chart.update(data[page.symbol]);
  });
  market.subscribe("ticks", { symbols: [page.symbol] }, (data, isSnapshot) => {
    if (data[page.symbol]) drawTape(data[page.symbol], isSnapshot, page.kind);
  });
  startOrders({ onChange: () => refreshTrades(chart, page) });
  document.getElementById("depth").addEventListener("click", (event) => {
    const row = event.target.closest("[data-price]");
    if (row && row.dataset.price !== "0") document.dispatchEvent(new CustomEvent("qts:price", { detail: { vnd: Number(row.dataset.price), side: row.dataset.side } }));
  });
}

async function refreshTrades(chart, page) {
  const answer = await fetch(page.bars_url, { headers: { Accept: "application/json" } });
  if (answer.ok) chart.setTrades((await answer.json()).trades);
}

function bindIntervals(chart) {
  for (const button of document.querySelectorAll("[data-minutes]")) {
    button.addEventListener("click", () => {
      for (const other of document.querySelectorAll("[data-minutes]")) other.setAttribute("aria-pressed", String(other === button));
      chart.setMinutes(Number(button.dataset.minutes));
    });
  }
}

function drawQuote(quote, before, kind) {
  const colour = format.priceClass(quote.last, quote);
  const part = (name) => document.querySelector(`[data-q="${name}"]`);
  const headline = part("headline");
  format.setColour(headline, colour);
  if (before.total_qty !== undefined && before.total_qty !== quote.total_qty) {
    restartFlash(headline, quote.last > before.last ? "flash-up" : quote.last < before.last ? "flash-down" : "flash-flat");
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
  for (const name of ["foreign_bought", "foreign_sold", "room"]) {
    if (quote[name] !== undefined) setText(part(name), format.quantity(quote[name]));
  }
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

/** Newest first; a tick above the one before it is green, below it red. */
function drawTape(ticks, isSnapshot, kind) {
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
    if (!isSnapshot) restartFlash(row, "flash-flat");
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
