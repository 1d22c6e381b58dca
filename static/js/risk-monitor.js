// Exposure and losses: the server draws the figures again after each change; the chart is fetched beside them.

import { BaselineSeries, ColorType, createChart, LineSeries } from "../vendor/lightweight-charts/5.2.1/lightweight-charts.mjs";
import { atMostEvery } from "./dom.js";
import { live } from "./live.js";

const CHART_EVERY_MS = 15000;
const MILLION = 1e6;

export function start() {
  if (!document.getElementById("risk-monitor")) return;
  const refresh = atMostEvery(2000, () => window.htmx.trigger(document.body, "qts:risk"));
  live("/ws/risk").subscribe("risk", {}, (data, isSnapshot) => {
    if (!isSnapshot) refresh();
  });
  const chart = new LossChart(document.getElementById("loss-chart"));
  chart.load();
  setInterval(() => chart.load(), CHART_EVERY_MS);
}

class LossChart {
  constructor(element) {
    this.element = element;
    this.chart = createChart(element, { autoSize: true, ...this.look() });
    this.profit = this.chart.addSeries(BaselineSeries, { ...this.profitLook(), baseValue: { type: "price", price: 0 }, lineWidth: 2 });
    this.drawdown = this.chart.addSeries(LineSeries, {
      ...this.drawdownLook(), lineWidth: 1.5, priceScaleId: "left", priceFormat: { type: "custom", minMove: 0.01, formatter: (value) => `${value.toFixed(2)}%` },
    });
    document.addEventListener("qts:theme", () => {
      this.chart.applyOptions(this.look());
      this.profit.applyOptions(this.profitLook());
      this.drawdown.applyOptions(this.drawdownLook());
    });
  }

  look() {
    return {
      layout: {
        background: { type: ColorType.Solid, color: "transparent" }, textColor: colour("--muted"),
        fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 11, attributionLogo: true,
      },
      grid: { vertLines: { color: colour("--line") }, horzLines: { color: colour("--line") } },
      leftPriceScale: { visible: true, borderColor: colour("--line") },
      rightPriceScale: { borderColor: colour("--line") },
      timeScale: { borderColor: colour("--line"), timeVisible: true, secondsVisible: false },
      localization: { locale: document.documentElement.lang || "vi" },
    };
  }

  profitLook() {
    const [up, down] = [colour("--up"), colour("--down")];
    return {
      topLineColor: up, bottomLineColor: down, topFillColor1: colour("--up-soft"), topFillColor2: "transparent",
      bottomFillColor1: "transparent", bottomFillColor2: colour("--down-soft"),
    };
  }

  drawdownLook() {
    return { color: colour("--warn") };
  }

  async load() {
    const answer = await fetch(this.element.dataset.url, { headers: { Accept: "application/json" } });
    if (!answer.ok) return; // the next one comes by itself
    const { points } = await answer.json();
    document.getElementById("loss-none").hidden = points.length > 0;
    this.element.hidden = points.length === 0;
    const isFirst = !this.shown;
    this.profit.setData(points.map((point) => ({ time: point.time, value: point.pnl / MILLION })));
    this.drawdown.setData(points.map((point) => ({ time: point.time, value: point.drawdown })));
    this.shown = points.length > 0;
    if (isFirst && this.shown) this.chart.timeScale().fitContent();
  }
}

function colour(token) {
  return getComputedStyle(document.documentElement).getPropertyValue(token).trim();
}
