// Positions and money: live marks in place; when a symbol comes or goes the server draws the table again.

import { atMostEvery, setText } from "./dom.js";
import * as format from "./format.js";
import { live } from "./live.js";
import { startOrders } from "./orders.js";

const MONEY = ["equity", "cash_settled", "cash_pending", "reserved", "buying_power", "market_value", "unrealised", "realised_today", "day_pnl"];
const SIGNED = new Set(["unrealised", "realised", "realised_today", "day_pnl", "floating", "due"]);

export function start() {
  const account = document.getElementById("portfolio")?.dataset.account;
  if (!account) return;
  followPositions(account);
  startOrders();
}

export function followPositions(account) {
  const refresh = atMostEvery(1000, () => window.htmx.trigger(document.body, "qts:positions"));
  live("/ws/positions").subscribe("positions", { accounts: [account] }, (data) => {
    if (data.account !== account) return;
    for (const name of MONEY) if (data[name] !== undefined) drawMoney(document.querySelector(`[data-money="${name}"]`), name, data[name]);
    const isSame = drawRows(data.positions ?? []);
    if (!drawContracts(data.contracts ?? []) || !isSame) refresh();
  });
}

function drawMoney(cell, name, vnd) {
  if (!cell) return;
  setText(cell, format.money(vnd, { plus: SIGNED.has(name) }));
  if (SIGNED.has(name)) format.setColour(cell, format.signClass(vnd));
}

/** False when the table does not hold exactly these symbols and quantities. */
function drawRows(positions) {
  const rows = document.querySelectorAll("[data-position]");
  if (!rows.length && !document.getElementById("positions-table")) return true;
  const shown = new Map([...rows].map((row) => [row.dataset.position, row]));
  let isSame = shown.size === positions.length;
  for (const position of positions) {
    const row = shown.get(position.symbol);
    if (!row || Number(row.dataset.quantity) !== position.quantity) isSame = false;
    if (row) drawRow(row, position);
  }
  return isSame;
}

/** False when a contract was traded, or has come. */
function drawContracts(contracts) {
  if (!document.getElementById("positions-table")) return true;
  let isSame = true;
  for (const one of contracts) {
    const row = document.querySelector(`[data-contract="${CSS.escape(one.symbol)}"]`);
    if (!row || Number(row.dataset.net) !== one.net) {
      isSame = isSame && !one.net && !row;
      continue;
    }
    const part = (name) => row.querySelector(`[data-p="${name}"]`);
    setText(part("mark"), format.price(one.mark, "FUTURE"));
    for (const name of ["floating", "due", "realised"]) drawMoney(part(name), name, one[name]);
  }
  return isSame;
}

function drawRow(row, position) {
  const part = (name) => row.querySelector(`[data-p="${name}"]`);
  const markBefore = Number(row.dataset.mark);
  const mark = position.mark;
  row.dataset.mark = mark;
  const flash = markBefore && mark !== markBefore ? (mark > markBefore ? "flash-up" : "flash-down") : "";
  setText(part("mark"), format.price(mark, row.dataset.kind), flash);
  setText(part("market_value"), format.money(position.market_value));
  setText(part("sellable"), format.quantity(position.sellable));
  drawMoney(part("unrealised"), "unrealised", position.unrealised);
  drawMoney(part("realised"), "realised", position.realised);
  const cost = Number(row.dataset.cost);
  const percent = part("percent");
  setText(percent, format.percent(position.unrealised, cost));
  format.setColour(percent, format.signClass(position.unrealised));
}
