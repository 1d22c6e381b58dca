// The latest quote of each symbol, merged from snapshot and changes.

import { perFrame } from "./dom.js";
import { live } from "./live.js";

/** Calls `draw(symbol, quote, before)` for each changed symbol, at most once per frame. */
export function followQuotes(symbols, initial, draw) {
  const quotes = new Map(Object.entries(initial ?? {}));
  const later = perFrame((batch) => {
    const changed = new Map();
    for (const data of batch) {
      for (const [symbol, fields] of Object.entries(data)) changed.set(symbol, { ...changed.get(symbol), ...fields });
    }
    for (const [symbol, fields] of changed) {
      const before = quotes.get(symbol) ?? {};
      const after = { ...before, ...fields };
      quotes.set(symbol, after);
      draw(symbol, after, before);
    }
  });
  live("/ws/markets").subscribe("quotes", { symbols }, later);
  return quotes;
}
