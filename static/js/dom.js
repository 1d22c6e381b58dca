// Small things that every page needs.

/** Writes `text` and lets the cell light up when it replaced another one. */
export function setText(element, text, flash = "") {
  if (!element || element.textContent === text) return false;
  const isFirst = element.textContent === "" || element.textContent === "–";
  element.textContent = text;
  if (flash && !isFirst) lightUp(element, flash);
  return true;
}

const LIT_MS = 600;
const SWEEP_MS = 150;
const lit = new Map(); // element -> {name, until}, the oldest first
let sweeper = null;

/** A colour for a moment. A class and no animation: between its coming and its going nothing has to be drawn. */
export function lightUp(element, name) {
  const before = lit.get(element);
  if (before?.name !== name) {
    if (before) element.classList.replace(before.name, name);
    else element.classList.add(name);
  }
  lit.delete(element);
  lit.set(element, { name, until: performance.now() + LIT_MS });
  sweeper ??= setInterval(sweep, SWEEP_MS);
}

export function putOut(element) {
  const known = lit.get(element);
  if (!known) return;
  lit.delete(element);
  element.classList.remove(known.name);
}

function sweep() {
  const now = performance.now();
  for (const [element, { until }] of lit) {
    if (until > now) break;
    putOut(element);
  }
  if (lit.size) return;
  clearInterval(sweeper);
  sweeper = null;
}

/** Calls `act` at most once per `ms`, the last time at the end. */
export function atMostEvery(ms, act) {
  let timer = null;
  let last = 0;
  return () => {
    if (timer !== null) return;
    timer = setTimeout(() => {
      timer = null;
      last = Date.now();
      act();
    }, Math.max(0, last + ms - Date.now()));
  };
}

export function isTyping(event) {
  const target = event.target;
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

export function readJson(id) {
  const element = document.getElementById(id);
  return element ? JSON.parse(element.textContent) : null;
}

const spoken = readJson("client-messages") ?? {};

/** A sentence in the language of the page. */
export function say(key, values = {}) {
  return String(spoken[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export function sayOf(group, key) {
  return spoken[group]?.[key] ?? key;
}

/** "3.2 s" or "4 min". */
export function age(ms) {
  if (ms >= 120000) return say("minutes", { n: Math.round(ms / 60000) });
  return say("seconds", { n: ms < 10000 ? (ms / 1000).toFixed(1) : Math.round(ms / 1000) });
}

export function toast(text, tone = "") {
  const holder = document.getElementById("toasts");
  const note = document.createElement("div");
  note.className = `toast ${tone}`;
  note.textContent = text;
  holder.append(note);
  setTimeout(() => note.remove(), 6000);
}
