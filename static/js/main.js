// Starts the shell, then what the page needs.

import { startCards } from "./cards.js";
import { startPalette } from "./palette.js";
import { startShell } from "./shell.js";

const PAGES = {
  home: () => import("./home.js"),
  board: () => import("./board.js"),
  symbol: () => import("./symbol.js"),
  orders: () => import("./orders.js"),
  order: () => import("./orders.js"),
  positions: () => import("./positions.js"),
  strategies: () => import("./strategies.js"),
  rules: () => import("./rules.js"),
  risk: () => import("./risk.js"),
  "broker-log-in": () => import("./broker-log-in.js"),
  backtest: () => import("./backtest.js"),
  "risk-monitor": () => import("./risk-monitor.js"),
};

startShell();
startPalette();
startCards();
if (document.body.dataset.market) import("./replay.js").then((module) => module.start());
const page = document.body.dataset.page.trim();
if (page in PAGES) PAGES[page]().then((module) => module.start());
if (page === "unavailable") setTimeout(() => location.reload(), 5000);
if (document.querySelector("#dialog")) import("./ticket.js").then((module) => module.start());
