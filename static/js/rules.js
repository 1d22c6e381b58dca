// The editor of rules: line numbers, where it is wrong, a draft in this browser, and the candles of a preview.

import { PriceChart } from "./chart.js";
import { forget, keep, kept } from "./keep.js";

const DRAFT_AFTER_MS = 400;

export function start() {
  const form = document.getElementById("rules-form");
  const area = document.getElementById("rules-text");
  const numbers = document.getElementById("rules-lines");
  const draft = new Draft(`qts-rules:${form.dataset.draft}`, area);
  const renumber = () => drawNumbers(area, numbers);
  area.addEventListener("input", () => { renumber(); draft.later(); });
  area.addEventListener("scroll", () => { numbers.scrollTop = area.scrollTop; });
  area.addEventListener("keydown", (event) => indent(event, area));
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s") return;
    event.preventDefault();
    form.requestSubmit();
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id === "rules-told") renumber();
    if (event.target.id === "rules-preview") drawPreview();
  });
  document.body.addEventListener("click", (event) => {
    const place = event.target.closest("[data-go-line]");
    if (place) go(area, Number(place.dataset.goLine), Number(place.dataset.goColumn));
  });
  document.body.addEventListener("qts:rules-saved", (event) => {
    draft.drop();
    document.getElementById("rules-seen").value = event.detail.hash;
    document.getElementById("seen-shown").textContent = event.detail.hash.slice(0, 8);
    window.htmx.trigger(area, "qts:check"); // the difference is against what was saved
  });
  draft.offer(() => { renumber(); window.htmx.trigger(area, "qts:check"); });
  renumber();
}

/** What was typed survives a log-out, a crash and a closed tab; saving takes it away. */
class Draft {
  constructor(key, area) {
    Object.assign(this, { key, area, timer: 0, original: area.value });
    window.addEventListener("pagehide", () => this.keep());
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keep(), DRAFT_AFTER_MS);
  }

  keep() {
    if (this.area.value !== this.original) keep(this.key, this.area.value);
  }

  drop() {
    clearTimeout(this.timer);
    this.original = this.area.value;
    forget(this.key);
  }

  offer(taken) {
    const draft = kept(this.key);
    if (draft === null || draft === this.area.value) return;
    const note = document.getElementById("draft-note");
    note.hidden = false;
    document.getElementById("draft-take").addEventListener("click", () => {
      this.area.value = draft;
      note.hidden = true;
      taken();
    });
    document.getElementById("draft-drop").addEventListener("click", () => {
      forget(this.key);
      note.hidden = true;
    });
  }
}

function drawNumbers(area, numbers) {
  const wrong = new Set((document.querySelector("#rules-told [data-lines]")?.dataset.lines ?? "").split(","));
  const count = area.value.split("\n").length;
  numbers.replaceChildren(...Array.from({ length: count }, (_, at) => {
    const line = document.createElement("span");
    line.textContent = `${at + 1}\n`;
    if (wrong.has(String(at + 1))) line.className = "is-wrong";
    return line;
  }));
  numbers.scrollTop = area.scrollTop;
}

/** Tab writes two spaces, as YAML wants them; Escape before it lets the focus go on. */
function indent(event, area) {
  if (event.key === "Escape") area.dataset.leaves = "1";
  if (event.key !== "Tab" || event.shiftKey || area.dataset.leaves) {
    if (event.key !== "Escape") delete area.dataset.leaves;
    return;
  }
  event.preventDefault();
  area.setRangeText("  ", area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

function go(area, line, column) {
  const before = area.value.split("\n").slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  area.focus();
  area.setSelectionRange(before + Math.max(0, column - 1), before + Math.max(0, column - 1));
}

let chart = null;

function drawPreview() {
  const told = document.getElementById("rules-preview-data");
  const place = document.getElementById("rules-chart");
  place.hidden = !told;
  if (!told) return;
  const { bars, trades } = JSON.parse(told.textContent);
  chart ??= new PriceChart(place, "STOCK");
  chart.load(bars);
  chart.setTrades(trades);
  if (bars.length <= 400) chart.chart.timeScale().fitContent();
}
