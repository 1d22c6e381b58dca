// Indicators of one's choice on a symbol's chart. The server computes them over the stored bars, as strategies have them.

import { LineSeries, LineStyle } from "../vendor/lightweight-charts/5.2.1/lightweight-charts.mjs";
import { colour, VIETNAM_S } from "./chart.js";
import { atMostEvery, say, toast } from "./dom.js";
import * as format from "./format.js";

const COLOURS = ["--accent", "--warn", "--ceiling", "--floor", "--up", "--down", "--reference", "--text-2"];
const PANE_PIXELS = 96;
const RELOAD_MS = 3000;

export class ChartIndicators {
  /** `address` answers for ?names=&timeframe=; `legend` gets a chip for each indicator, `remove(name)` takes one off. */
  constructor(chart, address, legend, remove) {
    Object.assign(this, { chart, address, legend });
    this.names = [];
    this.timeframe = "1m";
    this.drawn = []; // {name, series, told}
    this.asked = 0;
    this.barClosed = atMostEvery(RELOAD_MS, () => this.load());
    document.addEventListener("qts:theme", () => this.draw(this.told ?? []));
    legend.addEventListener("click", (event) => {
      const chip = event.target.closest("[data-indicator]");
      if (chip) remove(chip.dataset.indicator);
    });
  }

  async choose(names, timeframe) {
    this.names = names;
    this.timeframe = timeframe;
    await this.load();
  }

  async load() {
    this.asked += 1;
    const { asked } = this;
    if (!this.names.length) {
      this.draw([]);
      return;
    }
    const query = new URLSearchParams({ names: this.names.join(), timeframe: this.timeframe, limit: 1200 });
    const answer = await fetch(`${this.address}?${query}`, { headers: { Accept: "application/json" } });
    const told = await answer.json();
    if (asked !== this.asked) return; // somebody has chosen anew meanwhile
    if (answer.ok) this.draw(told);
    else toast(told.message, "bad");
  }

  /** Before the candles get another length: points of the old one would stretch the axis of time. */
  clear() {
    for (const { series } of this.drawn) series.setData([]);
  }

  draw(told) {
    this.told = told;
    const names = told.map((one) => one.name).join();
    if (names !== this.drawn.map((one) => one.name).join()) this.begin(told);
    for (const [position, { series, isPrice }] of this.drawn.entries()) {
      series.applyOptions({ color: colour(COLOURS[position]) });
      series.setData(told[position].points.map(([ms, value]) => ({ time: ms / 1000 + VIETNAM_S, value: isPrice ? format.chartPrice(value, this.chart.kind) : value })));
    }
    this.legend.replaceChildren(...this.drawn.map((one, position) => chip(one, told[position].points.at(-1)?.[1], position, this.chart.kind)));
  }

  /** Prices lie among the candles; what belongs to one function shares a pane of its own below. */
  begin(told) {
    for (const { series } of this.drawn) this.chart.chart.removeSeries(series);
    const panes = new Map();
    this.drawn = told.map(({ name, is_price: isPrice }) => {
      const group = name.split("_")[0];
      if (!isPrice && !panes.has(group)) panes.set(group, panes.size + 1);
      const options = { lineWidth: 1.5, lastValueVisible: !isPrice, priceLineVisible: false, crosshairMarkerVisible: false, lineStyle: LineStyle.Solid };
      return { name, isPrice, series: this.chart.chart.addSeries(LineSeries, options, isPrice ? 0 : panes.get(group)) };
    });
    for (const pane of this.chart.chart.panes().slice(1)) pane.setHeight(PANE_PIXELS);
  }
}

function chip({ name, isPrice }, value, position, kind) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "indicator-chip";
  button.dataset.indicator = name;
  button.title = say("take_off");
  const key = document.createElement("span");
  key.className = "key";
  key.style.background = `var(${COLOURS[position]})`;
  const figure = document.createElement("span");
  figure.className = "num";
  figure.textContent = value === undefined ? "–" : isPrice ? format.price(Math.round(value), kind) : format.decimal(value);
  button.append(key, `${name} `, figure, " ×");
  return button;
}
