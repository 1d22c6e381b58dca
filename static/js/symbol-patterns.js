// The patterns of one symbol: a list under the chart, marks on it, and the lines of the one that is chosen.

import { say } from "./dom.js";

const REFRESH_MS = 30_000;

export function followPatterns(chart, page) {
  const toggle = document.getElementById("patterns-on");
  const list = document.getElementById("pattern-list");
  const wanted = Number(new URLSearchParams(location.search).get("pattern"));
  let patterns = [];
  let chosenId = wanted || null;

  const draw = () => {
    const chosen = patterns.find((one) => one.id === chosenId) ?? null;
    chart.setPatterns(toggle.checked ? patterns : [], toggle.checked ? chosen : null);
    for (const row of list.children) row.setAttribute("aria-pressed", String(Number(row.dataset.pattern) === chosenId));
  };
  const load = async () => {
    const answer = await fetch(page.patterns_url, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    ({ patterns } = await answer.json());
    if (chosenId === null && patterns.length) chosenId = (patterns.find((one) => one.points.length > 2) ?? patterns[0]).id;
    list.replaceChildren(...patterns.map(rowOf));
    document.getElementById("patterns-none").hidden = patterns.length > 0;
    draw();
  };
  list.addEventListener("click", (event) => {
    const row = event.target.closest("[data-pattern]");
    if (!row) return;
    const id = Number(row.dataset.pattern);
    chosenId = id === chosenId ? 0 : id; // a second click takes its lines off the chart
    draw();
  });
  toggle.addEventListener("change", draw);
  load();
  setInterval(load, REFRESH_MS);
}

function rowOf(pattern) {
  const row = document.createElement("button");
  row.type = "button";
  row.className = "pattern-row";
  row.dataset.pattern = pattern.id;
  const isUp = pattern.direction > 0;
  row.append(
    cell(isUp ? "▲" : "▼", isUp ? "c-up" : "c-down"),
    cell(pattern.name, "strong clip"),
    cell(pattern.timeframe, "muted"),
    cell(`${pattern.strength_percent}%`, "num muted phone-only"),
    cell(pattern.when, "num muted"),
    cell(pattern.level, "num wide"),
    cell(pattern.target, "num wide"),
    cell(say("strength", { n: pattern.strength_percent }), "num wide muted"),
  );
  return row;
}

function cell(text, css) {
  const element = document.createElement("span");
  element.className = css;
  element.textContent = text;
  return element;
}
