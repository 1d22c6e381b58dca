// A backtest's report: equity with drawdown, candles with trades; several runs beside each other.

import { AreaSeries, ColorType, createChart, LineSeries } from "../vendor/lightweight-charts/5.2.1/lightweight-charts.mjs";
import { PriceChart } from "./chart.js";
import { readJson } from "./dom.js";

const MILLION = 1e6;
const LINES = ["--accent", "--warn", "--up", "--ceiling"];

export function start() {
  const page = readJson("backtest-page");
  if (page?.points?.length) drawEquity(page.points);
  if (page?.symbols?.length) startCandles(page);
  const compared = readJson("compare-page");
  if (compared) drawComparison(compared);
}

function drawEquity(points) {
  const chart = dayChart(document.getElementById("equity-chart"));
  const equity = chart.addSeries(LineSeries, { lineWidth: 2, priceFormat: { type: "price", precision: 2, minMove: 0.01 } });
  const held = chart.addSeries(LineSeries, { lineWidth: 1, lastValueVisible: false, priceLineVisible: false });
  const index = chart.addSeries(LineSeries, { lineWidth: 1, lastValueVisible: false, priceLineVisible: false });
  const fall = chart.addSeries(AreaSeries, {
    priceScaleId: "fall", lineWidth: 1, lastValueVisible: false, priceLineVisible: false,
    priceFormat: { type: "custom", minMove: 0.01, formatter: (value) => `${value.toFixed(2)}%` },
  });
  chart.priceScale("right").applyOptions({ scaleMargins: { top: 0.06, bottom: 0.34 } });
  chart.priceScale("fall").applyOptions({ scaleMargins: { top: 0.74, bottom: 0.02 } });
  equity.setData(points.map((point) => ({ time: point.time, value: point.equity / MILLION })));
  held.setData(points.filter((point) => point.held !== null).map((point) => ({ time: point.time, value: point.held / MILLION })));
  index.setData(points.filter((point) => point.index !== null).map((point) => ({ time: point.time, value: point.index / MILLION })));
  fall.setData(points.map((point) => ({ time: point.time, value: point.fall })));
  restyled(chart, () => {
    equity.applyOptions({ color: colour("--accent") });
    held.applyOptions({ color: colour("--warn") });
    index.applyOptions({ color: colour("--up") });
    fall.applyOptions({ lineColor: colour("--down"), topColor: "transparent", bottomColor: colour("--down-soft") });
  });
  chart.timeScale().fitContent();
}

function startCandles(page) {
  const chart = new PriceChart(document.getElementById("chart"), "STOCK");
  if (page.period === "DAY") chart.chart.applyOptions({ timeScale: { timeVisible: false } });
  const show = async (symbol) => {
    const answer = await fetch(`${page.chart_url}?symbol=${encodeURIComponent(symbol)}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const { bars, trades } = await answer.json();
    chart.load(bars);
    chart.setTrades(trades);
    if (bars.length <= 400) chart.chart.timeScale().fitContent();
  };
  for (const button of document.querySelectorAll("[data-symbol]")) {
    button.addEventListener("click", () => {
      for (const other of document.querySelectorAll("[data-symbol]")) other.setAttribute("aria-pressed", String(other === button));
      show(button.dataset.symbol);
    });
  }
  show(page.symbols[0]);
}

function drawComparison(runs) {
  const chart = dayChart(document.getElementById("compare-chart"));
  const lines = runs.map((run) => {
    const line = chart.addSeries(LineSeries, { lineWidth: 2, priceFormat: { type: "custom", minMove: 0.01, formatter: (value) => `${value.toFixed(2)}%` } });
    line.setData(run.points);
    return line;
  });
  restyled(chart, () => lines.forEach((line, place) => line.applyOptions({ color: colour(LINES[place]) })));
  chart.timeScale().fitContent();
}

function dayChart(element) {
  return createChart(element, { autoSize: true, timeScale: { timeVisible: false } });
}

/** In the colours of the theme, now and when it changes. */
function restyled(chart, series) {
  const apply = () => {
    chart.applyOptions({
      layout: {
        background: { type: ColorType.Solid, color: "transparent" }, textColor: colour("--muted"),
        fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 11, attributionLogo: true,
      },
      grid: { vertLines: { color: colour("--line") }, horzLines: { color: colour("--line") } },
      rightPriceScale: { borderColor: colour("--line") },
      timeScale: { borderColor: colour("--line") },
      localization: { locale: document.documentElement.lang || "vi" },
    });
    series();
  };
  apply();
  document.addEventListener("qts:theme", apply);
}

function colour(token) {
  return getComputedStyle(document.documentElement).getPropertyValue(token).trim();
}
