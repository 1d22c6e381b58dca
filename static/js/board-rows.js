// One row of the price board: made once, then lent to one symbol after another.

import { setText } from "./dom.js";
import * as format from "./format.js";

const LEVELS = 3;

export class BoardRow {
  constructor(template) {
    this.element = template.content.firstElementChild.cloneNode(true);
    this.cells = {};
    for (const cell of this.element.querySelectorAll("[data-f]")) this.cells[cell.dataset.f] = cell;
    this.link = this.cells.symbol;
    this.address = this.link.getAttribute("href"); // ends in a symbol that stands for all
    this.watchLabel = this.cells.watch.getAttribute("aria-label");
    this.symbol = null;
  }

  /** Everything of the symbol before goes. */
  lendTo(security) {
    this.symbol = security.symbol;
    this.kind = security.kind;
    for (const [name, cell] of Object.entries(this.cells)) {
      if (name === "watch") continue;
      cell.textContent = "";
      cell.classList.remove("flash-up", "flash-down", "flash-flat");
    }
    this.element.dataset.symbol = security.symbol;
    this.link.textContent = security.symbol;
    this.link.title = security.name;
    this.element.classList.toggle("is-unarmed", security.isUnarmed === true);
    this.link.href = this.address.replace("SYMBOL", encodeURIComponent(security.symbol));
    this.cells.watch.setAttribute("aria-label", this.watchLabel.replace("SYMBOL", security.symbol));
    this.cells.sector.textContent = security.sector;
  }

  mark({ isWatched, isSelected, isOld }) {
    this.cells.watch.setAttribute("aria-pressed", String(isWatched));
    if (isSelected) this.element.setAttribute("aria-current", "true");
    else this.element.removeAttribute("aria-current");
    this.element.classList.toggle("is-old", isOld);
  }

  draw(quote, before) {
    const { cells, kind } = this;
    this.element.classList.remove("is-old");
    for (const name of ["ref", "ceil", "floor", "high", "avg", "low"]) drawPrice(cells[name], quote[name], quote, kind);
    drawSide(cells, "b", quote.bids, quote, before.bids, kind);
    drawSide(cells, "a", quote.asks, quote, before.asks, kind);
    const isTraded = before.total_qty !== undefined && before.total_qty !== quote.total_qty;
    const flash = isTraded ? tone(quote.last, before.last) : "";
    const colour = format.priceClass(quote.last, quote);
    for (const name of ["symbol", "last", "last_qty", "change", "percent"]) format.setColour(cells[name], colour);
    setText(cells.last, format.price(quote.last, kind), flash);
    setText(cells.last_qty, quote.last ? format.shortQuantity(quote.last_qty) : "", flash && "flash-flat");
    setText(cells.change, format.change(quote.last, quote.ref, kind));
    setText(cells.percent, quote.last ? format.percent(quote.last - quote.ref, quote.ref) : "–");
    setText(cells.total, quote.total_qty ? format.quantity(quote.total_qty) : "", isTraded ? "flash-flat" : "");
    setText(cells.value, quote.total_value ? format.billions(quote.total_value) : "");
    for (const name of ["foreign_bought", "foreign_sold", "room"]) setText(cells[name], quote[name] ? format.quantity(quote[name]) : "");
  }
}

function drawPrice(cell, vnd, quote, kind) {
  setText(cell, vnd ? format.price(vnd, kind) : "");
  if (!cell.dataset.fixed) format.setColour(cell, format.priceClass(vnd, quote));
}

function drawSide(cells, side, levels, quote, levelsBefore, kind) {
  if (!levels || levels === levelsBefore) return;
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
    setText(quantityCell, quantity ? format.shortQuantity(quantity) : "", isKnown && quantity !== quantityBefore ? "flash-flat" : "");
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
