// The price board: live cells, sort, filter, watch list, and a ticket from the keyboard or a click on a price.

import { isTyping, setText } from "./dom.js";
import * as format from "./format.js";
import { drawIndexes } from "./indexes.js";
import { followQuotes } from "./quotes.js";

const WATCH_KEY = "qts:watch";
const RESORT_MS = 3000;
const LEVELS = 3;
const SORT_VALUES = {
  symbol: (row) => row.symbol,
  last: (row) => row.quote.last || 0,
  percent: (row) => (row.quote.last && row.quote.ref ? (row.quote.last - row.quote.ref) / row.quote.ref : 0),
  change: (row) => (row.quote.last && row.quote.ref ? row.quote.last - row.quote.ref : 0),
  total: (row) => row.quote.total_qty || 0,
  value: (row) => row.quote.total_value || 0,
};

const rows = new Map();
let sorting = { key: "symbol", direction: 1 };
let view = "all";
let hovered = null;

export function start() {
  const body = document.getElementById("board-rows");
  for (const element of body.rows) rows.set(element.dataset.symbol, readRow(element));
  followQuotes([...rows.keys()], {}, (symbol, after, before) => {
    const row = rows.get(symbol);
    if (!row) return;
    row.quote = after;
    drawRow(row, after, before);
  });
  drawIndexes();
  bindSort();
  bindFilter();
  bindWatch(body);
  bindTicket(body);
  setInterval(() => {
    if (sorting.key !== "symbol") sortRows();
    if (view === "up" || view === "down") filterRows();
  }, RESORT_MS);
}

function readRow(element) {
  const cells = {};
  for (const cell of element.querySelectorAll("[data-f]")) cells[cell.dataset.f] = cell;
  return { element, cells, symbol: element.dataset.symbol, name: element.dataset.name, kind: element.dataset.kind, quote: {} };
}

function drawRow(row, quote, before) {
  const { cells, kind } = row;
  drawPrice(cells.ref, quote.ref, quote, kind);
  drawPrice(cells.ceil, quote.ceil, quote, kind);
  drawPrice(cells.floor, quote.floor, quote, kind);
  drawSide(cells, "b", quote.bids, quote, before.bids, kind);
  drawSide(cells, "a", quote.asks, quote, before.asks, kind);
  const isTraded = before.total_qty !== undefined && before.total_qty !== quote.total_qty;
  const flash = isTraded ? tone(quote.last, before.last) : "";
  const colour = format.priceClass(quote.last, quote);
  for (const name of ["symbol", "last", "last_qty", "change", "percent"]) if (cells[name]) format.setColour(cells[name], colour);
  setText(cells.last, format.price(quote.last, kind), flash);
  setText(cells.last_qty, quote.last ? format.quantity(quote.last_qty) : "", flash && "flash-flat");
  setText(cells.change, format.change(quote.last, quote.ref, kind));
  setText(cells.percent, quote.last ? format.percent(quote.last - quote.ref, quote.ref) : "–");
  setText(cells.total, quote.total_qty ? format.quantity(quote.total_qty) : "", isTraded ? "flash-flat" : "");
  for (const name of ["high", "avg", "low"]) drawPrice(cells[name], quote[name], quote, kind);
  for (const name of ["foreign_bought", "foreign_sold", "room"]) {
    if (quote[name] !== undefined) setText(cells[name], quote[name] ? format.quantity(quote[name]) : "");
  }
}

function drawPrice(cell, vnd, quote, kind) {
  if (!cell) return;
  setText(cell, vnd ? format.price(vnd, kind) : "");
  if (!cell.dataset.fixed) format.setColour(cell, format.priceClass(vnd, quote));
}

function drawSide(cells, side, levels, quote, levelsBefore, kind) {
  if (!levels) return;
  for (let level = 0; level < LEVELS; level += 1) {
    const [price, quantity] = levels[level] ?? [0, 0];
    const [priceBefore, quantityBefore] = levelsBefore?.[level] ?? [0, 0];
    const priceCell = cells[`${side}${level + 1}p`];
    const quantityCell = cells[`${side}${level + 1}q`];
    const colour = price ? format.priceClass(price, quote) : "c-none";
    format.setColour(priceCell, colour);
    format.setColour(quantityCell, colour);
    const isKnown = levelsBefore !== undefined;
    setText(priceCell, price ? format.price(price, kind) : auctionName(quantity, quote), isKnown && price !== priceBefore ? tone(price, priceBefore) : "");
    setText(quantityCell, quantity ? format.quantity(quantity) : "", isKnown && quantity !== quantityBefore ? "flash-flat" : "");
  }
}

/** Volume without a price belongs to orders at the auction price. */
function auctionName(quantity, quote) {
  if (!quantity) return "";
  return quote.session === "ATC" ? "ATC" : "ATO";
}

function tone(now, then) {
  if (!then || now === then) return "flash-flat";
  return now > then ? "flash-up" : "flash-down";
}

function bindSort() {
  for (const button of document.querySelectorAll("#board [data-sort]")) {
    button.addEventListener("click", () => {
      const key = button.dataset.sort;
      const direction = sorting.key === key ? -sorting.direction : key === "symbol" ? 1 : -1;
      sorting = { key, direction };
      for (const head of document.querySelectorAll("#board th[aria-sort]")) head.removeAttribute("aria-sort");
      button.closest("th").setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
      sortRows();
    });
  }
}

function sortRows() {
  const value = SORT_VALUES[sorting.key];
  const sorted = [...rows.values()].sort((a, b) => {
    const [first, second] = [value(a), value(b)];
    return (first > second ? 1 : first < second ? -1 : 0) * sorting.direction || a.symbol.localeCompare(b.symbol);
  });
  const body = document.getElementById("board-rows");
  const isChanged = sorted.some((row, position) => body.rows[position] !== row.element);
  if (isChanged) body.append(...sorted.map((row) => row.element));
}

function bindFilter() {
  const input = document.getElementById("board-filter");
  input.addEventListener("input", filterRows);
  for (const button of document.querySelectorAll("[data-view]")) {
    button.addEventListener("click", () => {
      view = button.dataset.view;
      for (const other of document.querySelectorAll("[data-view]")) other.setAttribute("aria-pressed", String(other === button));
      filterRows();
    });
  }
}

function filterRows() {
  const wanted = document.getElementById("board-filter").value.trim().toLowerCase();
  const watched = watchList();
  let shown = 0;
  for (const row of rows.values()) {
    const isShown = matchesView(row, watched) && (row.symbol.toLowerCase().includes(wanted) || row.name.toLowerCase().includes(wanted));
    row.element.hidden = !isShown;
    shown += isShown;
  }
  document.getElementById("board-none").hidden = shown > 0;
}

function matchesView(row, watched) {
  if (view === "watch") return watched.has(row.symbol);
  const { last, ref } = row.quote;
  if (view === "up") return last > ref;
  if (view === "down") return last && last < ref;
  return true;
}

function watchList() {
  try {
    return new Set(JSON.parse(localStorage.getItem(WATCH_KEY) ?? "[]"));
  } catch (error) {
    if (error instanceof SyntaxError) return new Set(); // somebody edited the entry: start with an empty list
    throw error;
  }
}

function bindWatch(body) {
  const draw = () => {
    const watched = watchList();
    for (const row of rows.values()) row.cells.watch.setAttribute("aria-pressed", String(watched.has(row.symbol)));
  };
  body.addEventListener("click", (event) => {
    const button = event.target.closest('[data-f="watch"]');
    if (!button) return;
    const watched = watchList();
    const { symbol } = button.closest("tr").dataset;
    if (!watched.delete(symbol)) watched.add(symbol);
    localStorage.setItem(WATCH_KEY, JSON.stringify([...watched].sort()));
    draw();
    filterRows();
  });
  draw();
}

/** B or S over a row opens its ticket; a click on a bid sells to it, a click on an ask buys from it. */
function bindTicket(body) {
  if (!body.dataset.ticketUrl) return;
  body.addEventListener("pointerover", (event) => {
    hovered = event.target.closest("tr")?.dataset.symbol ?? null;
  });
  body.addEventListener("focusin", (event) => {
    hovered = event.target.closest("tr")?.dataset.symbol ?? null;
  });
  document.addEventListener("keydown", (event) => {
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || !hovered || document.getElementById("dialog").open) return;
    const key = event.key.toUpperCase();
    if (key === "B" || key === "S") openTicket(body, hovered, key === "B" ? "BUY" : "SELL", 0);
  });
  body.addEventListener("click", (event) => {
    const cell = event.target.closest('[data-f^="b"], [data-f^="a"]');
    if (!cell || !/^[ab]\d[pq]$/.test(cell.dataset.f)) return;
    const row = rows.get(cell.closest("tr").dataset.symbol);
    const isBid = cell.dataset.f[0] === "b";
    const [price] = (isBid ? row.quote.bids : row.quote.asks)?.[Number(cell.dataset.f[1]) - 1] ?? [0];
    openTicket(body, row.symbol, isBid ? "SELL" : "BUY", price);
  });
}

function openTicket(body, symbol, side, price) {
  const query = new URLSearchParams({ symbol, side, ...(price ? { price_vnd: price } : {}), dialog: 1 });
  window.htmx.ajax("GET", `${body.dataset.ticketUrl}?${query}`, { target: "#dialog", swap: "innerHTML" });
}
