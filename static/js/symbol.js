// One security: chart, depth, time and sales, statistics. The ticket and the orders of the page have their own modules.

import { PriceChart } from "./chart.js";
import { ChartIndicators } from "./chart-indicators.js";
import { ask } from "./api.js";
import { atMostEvery, readJson } from "./dom.js";
import { bindIndicatorForm } from "./indicator-form.js";
import { live } from "./live.js";
import { startOrders } from "./orders.js";
import { followQuotes } from "./quotes.js";
import { bindLadder, markOwn } from "./symbol-ladder.js";
import { followPatterns } from "./symbol-patterns.js";
import { drawQuote, drawTape } from "./symbol-quote.js";

const MARKS_EVERY_MS = 10_000;
const LAYOUT = "/api/v1/layouts/chart/";
const INDICATORS_MAX = 8;
const MINUTES = { "1m": 1, "5m": 5, "15m": 15, "60m": 60, "1d": 1440 };

export function start() {
  const page = readJson("symbol-page");
  if (page.is_replay) {
    startReplay(page);
    return;
  }
  const layout = { indicators: ["sma_5", "sma_20"], timeframe: "1m", has_patterns: true, ...page.layout };
  const chart = new PriceChart(document.getElementById("chart"), page.kind, { averages: false });
  chart.load(page.bars);
  drawMarks(chart, page, page.marks);
  document.getElementById("patterns-on").checked = layout.has_patterns;
  followPatterns(chart, page);
  const indicators = bindStudies(chart, page, layout);
  followQuotes([page.symbol], {}, (symbol, quote, before) => drawQuote(quote, before, page.kind));
  followMarket(chart, page, indicators);
  startOrders({ onChange: () => refreshMarks(chart, page) });
  setInterval(() => refreshMarks(chart, page), MARKS_EVERY_MS);
  bindLadder();
}

/** A day that is played again: what was known by then, and nothing of one's own. */
function startReplay(page) {
  const chart = new PriceChart(document.getElementById("chart"), page.kind);
  const draw = ({ bars, gaps }) => {
    chart.load(bars);
    chart.setGaps(gaps);
  };
  draw(page);
  followQuotes([page.symbol], {}, (symbol, quote, before) => drawQuote(quote, before, page.kind));
  const market = live("/ws/markets");
  market.subscribe("bars", { symbols: [page.symbol] }, async (data, isSnapshot) => {
    const told = isSnapshot ? await fetched(page.bars_url) : null; // it may have jumped
    if (told) draw(told);
    if (data[page.symbol]) chart.update(data[page.symbol]);
  });
  market.subscribe("ticks", { symbols: [page.symbol] }, (data, isSnapshot) => {
    if (data[page.symbol]) drawTape(data[page.symbol], isSnapshot, page.kind);
  });
}

function followMarket(chart, page, indicators) {
  const market = live("/ws/markets");
  let newest = 0;
  market.subscribe("bars", { symbols: [page.symbol] }, (data) => {
    const bar = data[page.symbol];
    if (!bar) return;
    chart.update(bar);
    if (newest && bar.time > newest) indicators.barClosed();
    newest = Math.max(newest, bar.time);
  });
  market.subscribe("ticks", { symbols: [page.symbol] }, (data, isSnapshot) => {
    if (data[page.symbol]) drawTape(data[page.symbol], isSnapshot, page.kind);
  });
}

async function refreshMarks(chart, page) {
  const marks = await fetched(page.marks_url);
  if (!marks) return;
  if (filled(marks.gaps) !== filled(page.marks.gaps)) {
    const told = await fetched(page.bars_url); // history has brought what was missing
    if (told) chart.load(told.bars);
  }
  drawMarks(chart, page, marks);
}

function drawMarks(chart, page, marks) {
  page.marks = marks;
  chart.setTrades(marks.trades);
  chart.setGaps(marks.gaps);
  chart.setOrders(marks.orders);
  markOwn(marks.orders);
}

async function fetched(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  return answer.ok ? answer.json() : null;
}

function filled(gaps) {
  return gaps.filter((gap) => gap.is_filled).length;
}

/** Length of the candles and indicators, as this person has left them. */
function bindStudies(chart, page, layout) {
  const save = atMostEvery(800, () => ask("PUT", LAYOUT, layout));
  const indicators = new ChartIndicators(chart, page.indicators_url, document.getElementById("indicators"), (name) => {
    choose(layout.indicators.filter((one) => one !== name));
  });
  const choose = async (names) => {
    layout.indicators = [...new Set(names)].slice(-INDICATORS_MAX);
    save();
    await indicators.choose(layout.indicators, layout.timeframe);
  };
  const lengthen = async (timeframe) => {
    layout.timeframe = timeframe;
    for (const button of document.querySelectorAll("[data-timeframe]")) button.setAttribute("aria-pressed", String(button.dataset.timeframe === timeframe));
    const told = timeframe === "1m" ? { bars: [] } : await fetched(`${page.history_url}?timeframe=${timeframe}`);
    if (!told || layout.timeframe !== timeframe) return; // the server is away, or another one was chosen meanwhile
    indicators.clear();
    chart.setMinutes(MINUTES[timeframe], told.bars);
    await indicators.choose(layout.indicators, timeframe);
  };
  for (const button of document.querySelectorAll("[data-timeframe]")) {
    button.addEventListener("click", () => {
      lengthen(button.dataset.timeframe);
      save();
    });
  }
  document.getElementById("patterns-on").addEventListener("change", (event) => {
    layout.has_patterns = event.target.checked;
    save();
  });
  bindIndicatorForm(document.getElementById("indicator-menu"), (name) => choose([...layout.indicators, name]));
  lengthen(layout.timeframe);
  return indicators;
}
