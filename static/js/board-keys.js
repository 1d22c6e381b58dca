// The board from the keyboard: arrows move, Enter opens, B and S trade, W watches, / filters, Escape forgets the filter.

import { isTyping } from "./dom.js";

const PAGE_ROWS = 15;
const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE_ROWS, PageUp: -PAGE_ROWS, Home: -Infinity, End: Infinity };

/** `board` moves, opens, trades and watches; letters act on the row under the pointer, else on the chosen one. */
export function bindKeys(board, filter) {
  // In the first phase: on this page the slash means its own filter, not the search of all pages.
  window.addEventListener("keydown", (event) => onKey(event, board, filter), true);
}

function onKey(event, board, filter) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.getElementById("dialog").open) return;
  if (event.target === filter) {
    onFilterKey(event, board, filter);
    return;
  }
  if (isTyping(event) || event.target.closest?.("details[open]")) return;
  if (event.key in STEPS) board.move(STEPS[event.key]);
  else if (event.key === "/") filter.focus();
  else if (event.key === "Enter" && !event.target.closest?.("a, button")) board.open();
  else if (event.key === "Escape") board.clearFilter();
  else if (!actByLetter(event.key.toUpperCase(), board)) return;
  event.preventDefault();
  event.stopPropagation();
}

function onFilterKey(event, board, filter) {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") board.move(STEPS[event.key]);
  else if (event.key === "Enter") board.open();
  else if (event.key === "Escape") {
    board.clearFilter();
    filter.blur();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

function actByLetter(letter, board) {
  if (letter === "B" || letter === "S") return board.trade(letter === "B" ? "BUY" : "SELL");
  if (letter === "W") return board.watch();
  return false;
}
