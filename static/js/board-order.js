// Which symbols the board shows, and in which order. What moves is ordered by figures that come once a second.

import { live } from "./live.js";

const MOVING = new Set(["last", "percent", "change", "total", "value"]);
const VALUES = {
  symbol: () => 0,
  sector: (one) => one.security.sector || "\uffff", // without one: last
  last: ({ figures }) => figures.last || 0,
  change: ({ figures }) => (figures.last && figures.ref ? figures.last - figures.ref : 0),
  percent: ({ figures }) => (figures.last && figures.ref ? (figures.last - figures.ref) / figures.ref : 0),
  total: ({ figures }) => figures.total_qty || 0,
  value: ({ figures }) => figures.total_value || 0,
};
const GROUPS = new Set(["exchange", "sector", "index"]);
const NONE = {};

export class BoardOrder {
  /** `securities` by symbol; `changed` is called when the figures have moved. */
  constructor(securities, changed) {
    this.securities = securities;
    this.changed = changed;
    this.key = "symbol";
    this.isDescending = false;
    this.trend = "all"; // all, up, down
    this.typed = "";
    this.shown = "all"; // all, list:<id>, exchange:<code>, sector:<name>, index:<code>
    this.figures = new Map(); // symbol -> {last, ref, total_qty, total_value}
    this.isFollowing = false;
  }

  get isMoving() {
    return MOVING.has(this.key) || this.trend !== "all";
  }

  /** `watched` are the symbols of the chosen list in their own order, or null. */
  symbols(watched) {
    this.followFigures();
    const found = (watched ?? [...this.securities.keys()]).filter((symbol) => this.matches(symbol));
    if (this.key === "symbol" && watched && !this.isDescending) return found; // a list keeps the order it was given
    const ranked = found.map((symbol) => {
      const one = { security: this.securities.get(symbol), figures: this.figures.get(symbol) ?? NONE };
      return [symbol, VALUES[this.key](one)];
    });
    const sign = this.isDescending ? -1 : 1;
    ranked.sort(([a, first], [b, second]) => {
      if (this.key === "symbol") return (a < b ? -1 : 1) * sign;
      if (first !== second) return (first > second ? 1 : -1) * sign;
      return a < b ? -1 : 1;
    });
    return ranked.map(([symbol]) => symbol);
  }

  matches(symbol) {
    const security = this.securities.get(symbol);
    if (!security) return false; // watched, but no longer listed
    const [kind, name] = this.shown.split(/:(.*)/s);
    if (GROUPS.has(kind) && ![security[kind]].flat().includes(name)) return false;
    if (this.typed && !security.search.includes(this.typed)) return false;
    if (this.trend === "all") return true;
    const { last, ref } = this.figures.get(symbol) ?? NONE;
    return this.trend === "up" ? last > ref : last > 0 && last < ref;
  }

  /** The figures of the whole market are asked for only while the order or the choice depends on them. */
  followFigures() {
    if (this.isMoving === this.isFollowing) return;
    this.isFollowing = this.isMoving;
    const market = live("/ws/markets");
    if (!this.isFollowing) {
      market.unsubscribe("summary");
      return;
    }
    market.subscribe("summary", {}, (data) => {
      for (const [symbol, changed] of Object.entries(data)) this.figures.set(symbol, { ...this.figures.get(symbol), ...changed });
      this.changed();
    });
  }
}
