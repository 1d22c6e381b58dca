// The latest quote of each symbol, merged from snapshot and changes.

import { live } from "./live.js";

/**
 * Calls `draw(symbol, quote, before)` for each changed symbol, at most once per frame. What comes meanwhile is merged:
 * a hidden tab, which has no frames, holds one change of each symbol and no more.
 */
export function quoteFeed(draw, initial = {}) {
  const quotes = new Map(Object.entries(initial));
  const market = live("/ws/markets");
  let changed = new Map();
  let isAsked = false;
  let isBegun = false;
  const apply = () => {
    isAsked = false;
    const batch = changed;
    changed = new Map();
    for (const [symbol, fields] of batch) {
      const before = quotes.get(symbol) ?? {};
      const after = { ...before, ...fields };
      quotes.set(symbol, after);
      draw(symbol, after, before);
    }
  };
  const take = (data) => {
    for (const [symbol, fields] of Object.entries(data)) changed.set(symbol, { ...changed.get(symbol), ...fields });
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(apply);
  };
  return {
    quotes,
    /** From now on these symbols, and no others. */
    follow(symbols) {
      if (isBegun) market.rescope("quotes", { symbols });
      else market.subscribe("quotes", { symbols }, take);
      isBegun = true;
    },
  };
}

/** The same for symbols that stay. */
export function followQuotes(symbols, initial, draw) {
  const feed = quoteFeed(draw, initial);
  feed.follow(symbols);
  return feed.quotes;
}
