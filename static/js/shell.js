// What is on every page: market clock, session, state and age of the data, theme, shortcuts, dialogs, errors.

import { ask } from "./api.js";
import { age, atMostEvery, isTyping, say, sayOf, setText, toast } from "./dom.js";
import { clock, day } from "./format.js";
import { startBell } from "./bell.js";
import { live, reconnectIfSilent } from "./live.js";

const DATA_AGE_MS_LATE = 15000; // the gate refuses orders on older data
const SILENCE_MS_MAX = 8000; // the server reports the stream's state each second

let status = null; // the last report of the server, with the moment at which it came
let market = null;

export function startShell() {
  bindTheme();
  bindShortcuts();
  bindDialogs();
  bindErrors();
  document.querySelector(".segmented [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  const holder = document.getElementById("market-state");
  if (!holder) return;
  startBell();
  const now = Number(holder.dataset.marketNow);
  status = { clock: { now, speed: Number(holder.dataset.speed) }, at: performance.now() };
  market = live("/ws/markets");
  market.addEventListener("state", drawConnection);
  market.subscribe("status", {}, (data) => {
    status = { ...status, ...data, at: performance.now() };
    drawSession();
    drawConnection();
  });
  const askBanners = atMostEvery(1000, () => window.htmx?.trigger(document.body, "qts:banners"));
  live("/ws/risk").subscribe("risk", {}, (data, isSnapshot) => {
    if (!isSnapshot && data.kill_switches) askBanners();
  });
  setInterval(() => {
    drawClock();
    drawConnection();
    reconnectIfSilent(market, SILENCE_MS_MAX);
  }, 250);
}

/** The market's time in ms, moved on by its speed since the server told it. */
export function marketNow() {
  const speed = status.clock.speed ?? 1; // 0: a replay that stands
  return status.clock.now + (performance.now() - status.at) * speed;
}

function drawClock() {
  const now = marketNow();
  setText(document.getElementById("market-clock"), clock(now));
  setText(document.getElementById("market-date"), day(now));
}

function drawSession() {
  const pill = document.getElementById("market-session");
  const session = status.clock.session;
  if (!session || pill.dataset.session === session) return;
  pill.dataset.session = session;
  pill.textContent = sayOf("sessions", session);
}

function drawConnection() {
  const pill = document.getElementById("connection");
  const told = status.stream?.age_ms ?? null; // null: nothing was ever heard
  const dataAge = told === null ? null : told + (performance.now() - status.at);
  const [state, label] = connectionState(dataAge);
  pill.dataset.state = state;
  setText(document.getElementById("connection-label"), label);
  setText(document.getElementById("data-age"), ageText(dataAge));
  drawBanner(dataAge);
}

function connectionState(dataAge) {
  if (market.state === "over") return ["down", say("replay")];
  if (market.state === "connecting") return ["connecting", say("connecting")];
  if (market.state !== "live") return ["down", say("offline")];
  if (!status.stream) return ["connecting", say("connecting")];
  if (document.body.dataset.market) return [status.replay?.is_silent ? "down" : "replay", say("replay")];
  if (status.stream.state === "down") return ["down", say("down")];
  if (status.stream.state === "reconnecting") return ["reconnecting", say("reconnecting")];
  return isLate(dataAge) ? ["reconnecting", say("stale")] : ["live", say("live")];
}

function isLate(dataAge) {
  return dataAge === null || dataAge > DATA_AGE_MS_LATE;
}

function ageText(dataAge) {
  return dataAge === null ? "–" : age(dataAge);
}

function bannerText(dataAge) {
  if (market.state === "ended" || market.state === "refused") return ["bad", say("session_ended")];
  if (market.state === "reconnecting") {
    return ["bad", say("lost", { seconds: Math.max(1, Math.ceil((market.retryAt - Date.now()) / 1000)) })];
  }
  if (!status.stream || document.body.dataset.market) return null; // a replay's own banner tells of it
  if (status.stream.state === "down") return ["bad", dataAge === null ? say("stream_never") : say("stream_down", { age: age(dataAge) })];
  if (status.stream.state === "reconnecting") return ["warn", say("stream_reconnecting")];
  return isLate(dataAge) ? ["warn", say("stream_late", { age: ageText(dataAge) })] : null;
}

function drawBanner(dataAge) {
  const holder = document.getElementById("connection-banner");
  const shown = bannerText(dataAge);
  holder.hidden = shown === null;
  if (shown === null) return;
  const [tone, text] = shown;
  holder.className = `banners banner ${tone}`;
  setText(holder, text);
}

function bindTheme() {
  document.addEventListener("click", (event) => {
    if (!event.target.closest('[data-action="theme"]')) return;
    const root = document.documentElement;
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    document.cookie = `qts_theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`; // for the log-in page
    if (document.body.classList.contains("desk")) ask("PATCH", "/api/v1/preferences/", { theme: root.dataset.theme });
    document.dispatchEvent(new Event("qts:theme"));
  });
}

function bindShortcuts() {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.querySelectorAll("details.menu[open]").forEach((menu) => menu.removeAttribute("open"));
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") {
      event.preventDefault();
      document.querySelector('[data-shortcut="/"]')?.focus();
    }
  });
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.menu[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.removeAttribute("open");
    });
  });
}

/** Whatever htmx puts into #dialog is shown as a modal; data-action="close" or an empty answer closes it. */
function bindDialogs() {
  const dialog = document.getElementById("dialog");
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== dialog) return;
    if (!dialog.childElementCount) dialog.close();
    else if (!dialog.open) dialog.showModal();
  });
  document.body.addEventListener("qts:close", () => dialog.close());
  document.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest('[data-action="close"]')) dialog.close();
  });
  dialog.addEventListener("close", () => dialog.replaceChildren());
}

function bindErrors() {
  document.body.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    toast(status === 403 ? say("forbidden") : say("failed", { status }), "bad");
  });
  document.body.addEventListener("htmx:sendError", () => toast(say("unreachable"), "bad"));
  document.body.addEventListener("qts:toast", (event) => toast(event.detail.text ?? event.detail.value, event.detail.tone));
}
