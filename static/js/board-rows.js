// One row of the price board: made once, then lent to one symbol after another.
//
// A board of forty rows changes some hundred cells four times a second. A cell therefore remembers what it shows, asks
// the document nothing, and keeps its text node: what is equal costs a comparison, what differs one write.

import { lightUp, putOut } from "./dom.js";
import * as format from "./format.js";

const LEVELS = 3;
const NO_LEVEL = [0, 0];
const PRICES = ["ref", "ceil", "floor", "high", "avg", "low"];
const FOREIGN = ["foreign_bought", "foreign_sold", "room"];

class Cell {
  constructor(element) {
    this.element = element;
    this.text = element.appendChild(new Text(""));
    this.colour = "";
  }

  /** Lights up where it replaces another text. */
  show(text, flash = "") {
    const before = this.text.data;
    if (before === text) return;
    this.text.data = text;
    if (flash && before) lightUp(this.element, flash);
  }

  paint(colour) {
    if (this.colour === colour) return;
    if (this.colour) this.element.classList.replace(this.colour, colour);
    else this.element.classList.add(colour);
    this.colour = colour;
  }

  clear() {
    this.text.data = "";
    putOut(this.element);
  }
}

export class BoardRow {
  constructor(template) {
    this.element = template.content.firstElementChild.cloneNode(true);
    const places = {};
    for (const place of this.element.querySelectorAll("[data-f]")) places[place.dataset.f] = place;
    const { watch, symbol, ...cells } = places;
    this.watch = watch;
    this.link = symbol;
    this.address = this.link.getAttribute("href"); // ends in a symbol that stands for all
    this.watchLabel = this.watch.getAttribute("aria-label");
    this.name = new Cell(this.link);
    this.cells = Object.fromEntries(Object.entries(cells).map(([name, place]) => [name, new Cell(place)]));
    this.symbol = null;
  }

  /** Everything of the symbol before goes. */
  lendTo(security) {
    this.symbol = security.symbol;
    this.kind = security.kind;
    for (const cell of Object.values(this.cells)) cell.clear();
    this.element.dataset.symbol = security.symbol;
    this.name.show(security.symbol);
    this.name.paint("c-none");
    this.link.title = security.name;
    this.element.classList.toggle("is-unarmed", security.isUnarmed === true);
    this.link.href = this.address.replace("SYMBOL", encodeURIComponent(security.symbol));
    this.watch.setAttribute("aria-label", this.watchLabel.replace("SYMBOL", security.symbol));
    this.cells.sector.show(security.sector);
  }

  mark({ isWatched, isSelected, isOld }) {
    this.watch.setAttribute("aria-pressed", String(isWatched));
    if (isSelected) this.element.setAttribute("aria-current", "true");
    else this.element.removeAttribute("aria-current");
    this.setOld(isOld);
  }

  setOld(isOld) {
    if (this.isOld === isOld) return;
    this.isOld = isOld;
    this.element.classList.toggle("is-old", isOld);
  }

  /** What differs from `before`; everything where nothing was known, or the prices changed on which all colours hang. */
  draw(quote, before) {
    this.setOld(false);
    const differs = (name) => quote[name] !== before[name];
    const isAnew = before.ref === undefined || differs("ref") || differs("ceil") || differs("floor");
    const { cells, kind } = this;
    for (const name of PRICES) if (isAnew || differs(name)) drawPrice(cells[name], quote[name], quote, kind);
    if (isAnew || differs("bids")) drawSide(cells, "b", quote, before, kind);
    if (isAnew || differs("asks")) drawSide(cells, "a", quote, before, kind);
    if (isAnew || differs("last") || differs("last_qty") || differs("total_qty")) this.drawMatch(quote, before);
    if (differs("total_value")) cells.value.show(quote.total_value ? format.billions(quote.total_value) : "");
    for (const name of FOREIGN) if (differs(name)) cells[name].show(quote[name] ? format.quantity(quote[name]) : "");
  }

  drawMatch(quote, before) {
    const { cells, kind } = this;
    const isTraded = before.total_qty !== undefined && before.total_qty !== quote.total_qty;
    const flash = isTraded ? tone(quote.last, before.last) : "";
    const colour = format.priceClass(quote.last, quote);
    for (const cell of [this.name, cells.last, cells.last_qty, cells.change, cells.percent]) cell.paint(colour);
    cells.last.show(format.price(quote.last, kind), flash);
    cells.last_qty.show(quote.last ? format.shortQuantity(quote.last_qty) : "", flash && "flash-flat");
    cells.change.show(format.change(quote.last, quote.ref, kind));
    cells.percent.show(quote.last ? format.percent(quote.last - quote.ref, quote.ref) : "–");
    cells.total.show(quote.total_qty ? format.quantity(quote.total_qty) : "", isTraded ? "flash-flat" : "");
  }
}

function drawPrice(cell, vnd, quote, kind) {
  cell.show(vnd ? format.price(vnd, kind) : "");
  if (!cell.element.dataset.fixed) cell.paint(format.priceClass(vnd, quote));
}

function drawSide(cells, side, quote, before, kind) {
  const name = side === "b" ? "bids" : "asks";
  const [levels, levelsBefore] = [quote[name], before[name]];
  if (!levels) return;
  for (let level = 0; level < LEVELS; level += 1) {
    const [price, quantity] = levels[level] ?? NO_LEVEL;
    const [priceBefore, quantityBefore] = levelsBefore?.[level] ?? NO_LEVEL;
    const priceCell = cells[`${side}${level + 1}p`];
    const quantityCell = cells[`${side}${level + 1}q`];
    const colour = price ? format.priceClass(price, quote) : "c-none";
    priceCell.paint(colour);
    quantityCell.paint(colour);
    const isKnown = levelsBefore !== undefined;
    priceCell.show(price ? format.price(price, kind) : auctionName(quantity, quote), isKnown && price !== priceBefore ? tone(price, priceBefore) : "");
    quantityCell.show(quantity ? format.shortQuantity(quantity) : "", isKnown && quantity !== quantityBefore ? "flash-flat" : "");
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
