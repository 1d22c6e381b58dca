// The price board: live cells, watchlists, sort, filter, columns, and a ticket from the keyboard or a click on a price.

import { BoardLayout } from "./board-layout.js";
import { bindKeys } from "./board-keys.js";
import { ListTabs } from "./board-lists.js";
import { BoardOrder } from "./board-order.js";
import { BoardRow } from "./board-rows.js";
import { RowWindow } from "./board-window.js";
import { atMostEvery, readJson } from "./dom.js";
import { drawIndexes } from "./indexes.js";
import { quoteFeed } from "./quotes.js";
import { Watchlists } from "./watchlists.js";

const RESORT_MS = 2000;
const FOLLOW_MS = 200; // while somebody scrolls, the server is asked for other rows no more often

export async function start() {
  drawIndexes();
  const page = readJson("board-page");
  const answer = await fetch(page.securities_url, { headers: { Accept: "application/json" } });
  const { securities } = await answer.json();
  const board = new Board(page, securities.map(readSecurity));
  await board.watchlists.takeOverOld((symbol) => board.securities.has(symbol));
}

function readSecurity([symbol, name, exchange, kind, sector, index]) {
  return { symbol, name, exchange, kind, sector, index, search: `${symbol} ${name}`.toLowerCase() };
}

class Board {
  constructor(page, securities) {
    this.page = page;
    this.securities = new Map(securities.map((one) => [one.symbol, one]));
    for (const symbol of page.unarmed) if (this.securities.has(symbol)) this.securities.get(symbol).isUnarmed = true;
    this.selected = null;
    this.hovered = null;
    this.symbols = [];
    this.table = document.getElementById("board");
    this.filter = document.getElementById("board-filter");
    this.feed = quoteFeed((symbol, quote, before) => this.drawQuote(symbol, quote, before));
    this.follow = atMostEvery(FOLLOW_MS, () => this.followShown());
    const resort = atMostEvery(RESORT_MS, () => this.arrange());
    this.order = new BoardOrder(this.securities, () => (this.symbols.length ? resort() : this.arrange()));
    this.watchlists = new Watchlists(page.watchlists, () => this.listsChanged());
    this.tabs = new ListTabs(this.watchlists, (shown) => this.show(shown));
    this.tabs.fillGroups(securities);
    const template = document.getElementById("board-row");
    this.rows = new RowWindow({
      table: this.table,
      makeRow: () => new BoardRow(template),
      lend: (row, symbol) => this.lend(row, symbol),
      catchUp: (row) => this.catchUp(row),
      changed: () => this.follow(),
    });
    this.layout = new BoardLayout(page.layout, this.table, () => this.rows.reshape());
    this.bind();
    this.begin();
  }

  begin() {
    const { sort, is_descending: isDescending, shown } = this.layout.choice;
    Object.assign(this.order, { key: sort ?? "symbol", isDescending: isDescending ?? false });
    this.layout.draw();
    this.show(this.isThere(shown) ? shown : "all", { isKept: true });
  }

  isThere(shown) {
    return Boolean(shown) && (!shown.startsWith("list:") || this.watchlists.find(shown.slice(5)) !== null);
  }

  show(shown, { isKept = false } = {}) {
    this.order.shown = shown;
    if (!isKept) this.layout.keep({ shown });
    this.tabs.draw(shown);
    this.arrange();
  }

  listsChanged() {
    this.tabs.draw(this.isThere(this.order.shown) ? this.order.shown : "all");
    this.order.shown = this.tabs.shown;
    this.arrange();
    for (const row of this.rows.rows.values()) this.mark(row);
  }

  arrange() {
    const list = this.tabs.opened;
    this.symbols = this.order.symbols(list ? list.symbols : null);
    this.table.setAttribute("aria-rowcount", String(this.symbols.length + 2));
    document.getElementById("board-count").textContent = String(this.symbols.length);
    document.getElementById("board-none").hidden = this.symbols.length > 0;
    for (const head of this.table.querySelectorAll("th[aria-sort]")) head.removeAttribute("aria-sort");
    const head = this.table.querySelector(`[data-sort="${this.order.key}"]`).closest("th");
    head.setAttribute("aria-sort", this.order.isDescending ? "descending" : "ascending");
    this.rows.show(this.symbols);
  }

  lend(row, symbol) {
    row.lendTo(this.securities.get(symbol));
    row.isBehind = false;
    const known = this.feed.quotes.get(symbol);
    if (known) row.draw(known, {});
    this.mark(row, known !== undefined);
  }

  catchUp(row) {
    row.isBehind = false;
    row.draw(this.feed.quotes.get(row.symbol), {});
  }

  mark(row, isOld = false) {
    const isWatched = this.tabs.current?.symbols.includes(row.symbol) ?? false;
    row.mark({ isWatched, isSelected: row.symbol === this.selected, isOld });
  }

  followShown() {
    const symbols = [...this.rows.rows.keys()].sort();
    const asked = symbols.join();
    if (!symbols.length || asked === this.asked) return;
    this.asked = asked;
    this.feed.follow(symbols);
  }

  drawQuote(symbol, quote, before) {
    const row = this.rows.rows.get(symbol);
    if (!row) return;
    if (this.rows.isInSight(row)) row.draw(quote, before);
    else row.isBehind = true;
  }

  bind() {
    this.filter.addEventListener("input", () => {
      this.order.typed = this.filter.value.trim().toLowerCase();
      this.select(null);
      this.arrange();
    });
    for (const button of document.querySelectorAll("[data-view]")) button.addEventListener("click", () => this.chooseTrend(button));
    for (const button of this.table.querySelectorAll("[data-sort]")) button.addEventListener("click", () => this.sortBy(button.dataset.sort));
    const body = this.rows.body;
    body.addEventListener("pointerover", (event) => (this.hovered = event.target.closest("tr")?.dataset.symbol ?? null));
    body.addEventListener("pointerleave", () => (this.hovered = null));
    body.addEventListener("focusin", (event) => this.select(event.target.closest("tr").dataset.symbol));
    body.addEventListener("click", (event) => this.clicked(event));
    window.addEventListener("focus", () => this.watchlists.reload());
    bindKeys(this, this.filter);
  }

  chooseTrend(button) {
    this.order.trend = button.dataset.view;
    for (const other of document.querySelectorAll("[data-view]")) other.setAttribute("aria-pressed", String(other === button));
    this.arrange();
  }

  sortBy(key) {
    const isDescending = this.order.key === key ? !this.order.isDescending : key !== "symbol" && key !== "sector";
    Object.assign(this.order, { key, isDescending });
    this.layout.keep({ sort: key, is_descending: isDescending });
    this.arrange();
  }

  /** A click on a bid sells to it, a click on an ask buys from it, the star watches. */
  clicked(event) {
    const row = this.rows.rows.get(event.target.closest("tr")?.dataset.symbol);
    if (!row) return;
    this.select(row.symbol);
    const { f } = event.target.closest("[data-f]")?.dataset ?? {};
    if (f === "watch") this.watchlists.toggle(this.tabs.current?.id, row.symbol);
    else if (/^[ab]\d[pq]$/.test(f)) this.takePrice(row.symbol, f[0] === "b", Number(f[1]) - 1);
  }

  takePrice(symbol, isBid, level) {
    const quote = this.feed.quotes.get(symbol) ?? {};
    const [price] = (isBid ? quote.bids : quote.asks)?.[level] ?? [0];
    this.openTicket(symbol, isBid ? "SELL" : "BUY", price);
  }

  openTicket(symbol, side, price = 0) {
    if (!this.page.ticket_url) return false;
    const query = new URLSearchParams({ symbol, side, ...(price ? { price_vnd: price } : {}), dialog: 1 });
    window.htmx.ajax("GET", `${this.page.ticket_url}?${query}`, { target: "#dialog", swap: "innerHTML" });
    return true;
  }

  select(symbol) {
    const before = this.rows.rows.get(this.selected);
    this.selected = symbol;
    for (const row of [before, this.rows.rows.get(symbol)]) if (row) this.mark(row);
  }

  // --- what the keyboard does

  move(step) {
    if (!this.symbols.length) return;
    this.hovered = null;
    const at = this.symbols.indexOf(this.selected);
    const last = this.symbols.length - 1;
    this.select(this.symbols[at < 0 ? (step < 0 ? last : 0) : Math.max(0, Math.min(last, at + step))]);
    this.rows.reveal(this.selected);
    this.select(this.selected);
  }

  open() {
    const symbol = this.selected ?? (this.symbols.length === 1 ? this.symbols[0] : null);
    this.rows.rows.get(symbol)?.link.click();
  }

  trade(side) {
    const symbol = this.hovered ?? this.selected;
    return symbol !== null && this.openTicket(symbol, side);
  }

  watch() {
    const symbol = this.hovered ?? this.selected;
    if (symbol === null) return false;
    this.watchlists.toggle(this.tabs.current?.id, symbol);
    return true;
  }

  clearFilter() {
    this.filter.value = "";
    this.filter.dispatchEvent(new Event("input"));
  }
}
