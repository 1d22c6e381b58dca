// The live candlestick chart: 1-minute bars from the server, the forming bar from the stream, averages computed here.

import {
  CandlestickSeries, ColorType, createChart, createSeriesMarkers, CrosshairMode, HistogramSeries, LineSeries, LineStyle,
} from "../vendor/lightweight-charts/5.2.1/lightweight-charts.mjs";
import * as format from "./format.js";
import { say } from "./dom.js";

const DAY_MINUTES = 1440;
export const VIETNAM_S = 7 * 3600; // the chart labels its times as UTC: shifted, they read as Ho Chi Minh City
const AVERAGES = [
  { length: 5, token: "--accent" },
  { length: 20, token: "--warn" },
];

export class PriceChart {
  /** `averages`: whether it draws two plain ones by itself; the symbol page has indicators of one's choice instead. */
  constructor(element, kind, { averages = true } = {}) {
    this.kind = kind;
    this.minutes = 1;
    this.history = []; // wider bars from before the minutes that are known
    this.bars = new Map(); // start of the minute in seconds -> {open, high, low, close, volume}, VND
    this.trades = [];
    this.chart = createChart(element, { autoSize: true, ...this.look() });
    const decimals = { type: "price", precision: 2, minMove: 0.01 };
    this.candles = this.chart.addSeries(CandlestickSeries, { ...this.candleLook(), priceFormat: decimals });
    this.volume = this.chart.addSeries(HistogramSeries, {
      priceScaleId: "volume", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false,
    });
    this.chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    this.chart.priceScale("right").applyOptions({ scaleMargins: { top: 0.08, bottom: 0.22 } });
    this.averages = (averages ? AVERAGES : []).map(({ length, token }) => ({
      length,
      token,
      series: this.chart.addSeries(LineSeries, {
        color: colour(token), lineWidth: 1.5, lastValueVisible: false, priceLineVisible: false, crosshairMarkerVisible: false,
        priceFormat: decimals,
      }),
    }));
    this.markers = createSeriesMarkers(this.candles, []);
    this.patternMarkers = createSeriesMarkers(this.candles, []);
    this.pattern = this.chart.addSeries(LineSeries, {
      color: colour("--text"), lineWidth: 2, lastValueVisible: false, priceLineVisible: false, crosshairMarkerVisible: false,
      pointMarkersVisible: true, pointMarkersRadius: 3, priceFormat: decimals,
    });
    this.gaps = this.chart.addSeries(HistogramSeries, {
      priceScaleId: "gaps", lastValueVisible: false, priceLineVisible: false, priceFormat: { type: "volume" },
    });
    this.chart.priceScale("gaps").applyOptions({ scaleMargins: { top: 0, bottom: 0 }, visible: false });
    this.gapSpans = [];
    this.orderLines = [];
    this.patterns = { shown: [], chosen: null };
    this.patternLines = [];
    document.addEventListener("qts:theme", () => this.restyle());
  }

  look() {
    return {
      layout: {
        background: { type: ColorType.Solid, color: "transparent" }, textColor: colour("--muted"),
        fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 11, attributionLogo: true,
        panes: { separatorColor: colour("--line-strong"), separatorHoverColor: colour("--accent-soft") },
      },
      grid: { vertLines: { color: colour("--line") }, horzLines: { color: colour("--line") } },
      crosshair: { mode: CrosshairMode.Normal },
      rightPriceScale: { borderColor: colour("--line") },
      timeScale: { borderColor: colour("--line"), timeVisible: true, secondsVisible: false, rightOffset: 4, minBarSpacing: 2 },
      localization: { locale: document.documentElement.lang || "vi" },
    };
  }

  candleLook() {
    const [up, down] = [colour("--up"), colour("--down")];
    return { upColor: up, borderUpColor: up, wickUpColor: up, downColor: down, borderDownColor: down, wickDownColor: down };
  }

  restyle() {
    this.chart.applyOptions(this.look());
    this.candles.applyOptions(this.candleLook());
    for (const average of this.averages) average.series.applyOptions({ color: colour(average.token) });
    this.redraw();
  }

  /** Replaces everything; `bars` are {time, open, high, low, close, volume} with time in seconds. */
  load(bars) {
    this.bars.clear();
    for (const bar of bars) this.bars.set(bar.time, bar);
    this.redraw();
    this.showNewest();
  }

  showNewest() {
    const count = this.grouped().length;
    this.chart.timeScale().setVisibleLogicalRange({ from: Math.max(-10, count - 120), to: count + 4 });
  }

  /** The forming or a just closed bar. */
  update(bar) {
    const isNewest = [...this.bars.keys()].every((time) => time <= bar.time);
    this.bars.set(bar.time, bar);
    if (!isNewest) {
      this.redraw();
      return;
    }
    const all = this.grouped();
    const shown = all[all.length - 1];
    this.candles.update(this.candle(shown));
    this.volume.update(this.column(shown));
    for (const { length, series } of this.averages) {
      if (all.length >= length) series.update({ time: shown.time + VIETNAM_S, value: mean(all.slice(-length), this.kind) });
    }
  }

  /** `history` are bars of that length, oldest first; what the known minutes cover is made of them. */
  setMinutes(minutes, history = []) {
    this.minutes = minutes;
    this.history = history;
    this.chart.applyOptions({ timeScale: { timeVisible: minutes < DAY_MINUTES } });
    this.redraw();
    this.showNewest();
  }

  setTrades(trades) {
    this.trades = trades;
    this.drawMarkers();
  }

  /** A line at the price of each own order that works; {side, price, quantity}, VND and what is not filled yet. */
  setOrders(orders) {
    for (const line of this.orderLines) this.candles.removePriceLine(line);
    this.orderLines = orders.map(({ side, price, quantity }) => this.candles.createPriceLine({
      price: format.chartPrice(price, this.kind),
      color: colour(side === "BUY" ? "--up" : "--down"),
      lineWidth: 1,
      lineStyle: LineStyle.LargeDashed,
      axisLabelVisible: true,
      title: `${say(side === "BUY" ? "buy" : "sell")} ${format.quantity(quantity)}`,
    }));
  }

  /** A band behind the candles of each gap, strong while matches are missing; {from, to, is_filled} in seconds. */
  setGaps(gaps) {
    this.gapSpans = gaps;
    this.drawGaps();
  }

  drawGaps() {
    const width = this.minutes * 60;
    const touched = this.grouped().flatMap((bar) => {
      const found = this.gapSpans.filter((gap) => gap.from < bar.time + width && gap.to >= bar.time);
      if (!found.length) return [];
      const token = found.every((gap) => gap.is_filled) ? "--line" : "--warn-soft";
      return [{ time: bar.time + VIETNAM_S, value: 1, color: colour(token) }];
    });
    this.gaps.setData(touched);
  }

  /** Marks of all `shown` ones, and points, level and target of the `chosen` one, as far as the bars reach back. */
  setPatterns(shown, chosen) {
    this.patterns = { shown, chosen };
    this.drawPatterns();
  }

  drawPatterns() {
    const { shown, chosen } = this.patterns;
    const times = this.grouped().map((bar) => bar.time);
    const marks = new Map();
    for (const one of shown) {
      const time = barAt(times, one.time);
      if (time !== null) marks.set(`${time} ${one.direction}`, { time, one });
    }
    this.patternMarkers.setMarkers([...marks.values()].sort((a, b) => a.time - b.time).map(({ time, one }) => ({
      time: time + VIETNAM_S,
      position: one.direction > 0 ? "belowBar" : "aboveBar",
      shape: "circle",
      color: colour(one.direction > 0 ? "--up" : "--down"),
      size: one === chosen ? 1.4 : 0.7,
      text: one === chosen ? one.name : "",
    })));
    for (const line of this.patternLines) this.pattern.removePriceLine(line);
    this.patternLines = [];
    const points = new Map(); // two swings may fall into one of the drawn bars: the later one stands
    for (const [seconds, vnd] of chosen?.points ?? []) {
      const time = barAt(times, seconds);
      if (time !== null) points.set(time, vnd);
    }
    this.pattern.applyOptions({ color: colour("--text"), visible: points.size > 0 });
    this.pattern.setData([...points].map(([time, vnd]) => ({ time: time + VIETNAM_S, value: format.chartPrice(vnd, this.kind) })));
    if (!points.size) return;
    this.addPatternLine(chosen.level_vnd, "--muted", LineStyle.Dashed, say("level"));
    if (chosen.target_vnd) this.addPatternLine(chosen.target_vnd, "--accent", LineStyle.Dotted, say("target"));
  }

  addPatternLine(vnd, token, lineStyle, title) {
    const price = format.chartPrice(vnd, this.kind);
    this.patternLines.push(this.pattern.createPriceLine({ price, color: colour(token), lineWidth: 1, lineStyle, axisLabelVisible: true, title }));
  }

  redraw() {
    const all = this.grouped();
    this.candles.setData(all.map((bar) => this.candle(bar)));
    this.volume.setData(all.map((bar) => this.column(bar)));
    for (const { length, series } of this.averages) {
      series.setData(
        all.slice(length - 1).map((bar, position) => ({ time: bar.time + VIETNAM_S, value: mean(all.slice(position, position + length), this.kind) })),
      );
    }
    this.drawMarkers();
    this.drawPatterns();
    this.drawGaps();
  }

  drawMarkers() {
    this.markers.setMarkers(
      this.trades.map((trade) => ({
        time: this.windowOf(trade.time) + VIETNAM_S,
        position: trade.side === "BUY" ? "belowBar" : "aboveBar",
        shape: trade.side === "BUY" ? "arrowUp" : "arrowDown",
        color: colour(trade.side === "BUY" ? "--up" : "--down"),
        text: `${trade.side === "BUY" ? say("buy") : say("sell")} ${format.quantity(trade.quantity)}`,
      })),
    );
  }

  /** Start of the drawn bar that holds this moment, on the clock of Ho Chi Minh City. */
  windowOf(seconds) {
    const width = this.minutes * 60;
    return seconds - ((seconds + VIETNAM_S) % width);
  }

  grouped() {
    const sorted = [...this.bars.values()].sort((a, b) => a.time - b.time);
    if (this.minutes === 1) return sorted;
    const groups = new Map();
    for (const bar of sorted) {
      const time = this.windowOf(bar.time);
      const group = groups.get(time);
      if (!group) groups.set(time, { ...bar, time });
      else {
        group.high = Math.max(group.high, bar.high);
        group.low = Math.min(group.low, bar.low);
        group.close = bar.close;
        group.volume += bar.volume;
      }
    }
    return this.withHistory([...groups.values()]);
  }

  /** The first of the groups may have begun before the known minutes: there the history knows more. */
  withHistory(groups) {
    const first = groups[0]?.time ?? Infinity;
    const isWhole = groups.length < 2 || !this.history.some((bar) => bar.time === first);
    const rest = isWhole ? groups : groups.slice(1);
    return [...this.history.filter((bar) => bar.time < (rest[0]?.time ?? Infinity)), ...rest];
  }

  candle(bar) {
    const value = (vnd) => format.chartPrice(vnd, this.kind);
    return { time: bar.time + VIETNAM_S, open: value(bar.open), high: value(bar.high), low: value(bar.low), close: value(bar.close) };
  }

  column(bar) {
    return { time: bar.time + VIETNAM_S, value: bar.volume, color: colour(bar.close >= bar.open ? "--up-soft" : "--down-soft") };
  }
}

/** The start of the drawn bar that holds this moment; null before the first one. `times` are in order. */
function barAt(times, seconds) {
  let found = null;
  for (const time of times) {
    if (time > seconds) break;
    found = time;
  }
  return found;
}

function mean(bars, kind) {
  return bars.reduce((sum, bar) => sum + format.chartPrice(bar.close, kind), 0) / bars.length;
}

export function colour(token) {
  return getComputedStyle(document.documentElement).getPropertyValue(token).trim();
}
