// The banner of a day that is played again: where it is, and how its owner steers it, by hand and by keyboard.

import { isTyping, say, sayOf, setText, toast } from "./dom.js";
import { clock } from "./format.js";
import { live } from "./live.js";

const MINUTE_MS = 60000;
const VIETNAM_MS = 7 * 3600 * 1000;
const DAY_MS = 24 * 3600 * 1000;
const DRAWN_EVERY_MS = 200;

let banner = null;
let told = null; // the last report, with the moment at which it came
let isHeld = false; // somebody drags the handle

export function start() {
  banner = document.getElementById("replay-banner");
  if (!banner) return;
  const market = live("/ws/markets");
  market.subscribe("status", {}, (data) => {
    told = { ...data.replay, pace: data.clock.speed, heardAt: performance.now() };
    drawState();
  });
  market.addEventListener("state", drawTrouble);
  setInterval(drawTime, DRAWN_EVERY_MS);
  if (banner.dataset.actUrl) bindActs();
}

/** The market's time in ms, moved on by its pace since the server told it. */
function now() {
  const at = told.at + (performance.now() - told.heardAt) * told.pace;
  return Math.max(told.begins, told.state === "playing" ? at : told.at);
}

function drawTime() {
  if (!told) return;
  setText(document.getElementById("replay-now"), clock(now()));
  const place = document.getElementById("replay-place");
  place.min = told.begins;
  place.max = Math.max(told.until, told.at);
  if (!isHeld) place.value = now();
}

function drawState() {
  banner.dataset.state = told.state;
  setText(document.getElementById("replay-speed"), `×${told.speed}`);
  setText(document.getElementById("replay-state"), sayOf("replay_states", told.state));
  const speeds = document.getElementById("replay-speeds");
  if (speeds && document.activeElement !== speeds && [...speeds.options].some((one) => Number(one.value) === told.speed)) speeds.value = told.speed;
  drawTrouble();
  drawTime();
}

function drawTrouble() {
  const parts = [];
  if (live("/ws/markets").state === "over") parts.push(say("replay_over"));
  else if (told?.is_silent) parts.push(say("replay_silent"));
  if (told?.is_behind) parts.push(say("replay_behind"));
  if (told && told.restarts > Number(banner.dataset.restarts)) parts.push(say("replay_restarted"));
  setText(document.getElementById("replay-trouble"), parts.length ? ` ${parts.join(" ")}` : "");
}

function bindActs() {
  document.getElementById("replay-toggle").addEventListener("click", toggle);
  document.getElementById("replay-speeds").addEventListener("change", (event) => wish({ act: "speed", speed: event.target.value }));
  for (const button of banner.querySelectorAll("[data-replay-jump]")) {
    button.addEventListener("click", (event) => jump(Number(button.dataset.replayJump) * (event.shiftKey ? 10 : 1)));
  }
  const place = document.getElementById("replay-place");
  place.addEventListener("input", () => {
    isHeld = true;
    setText(document.getElementById("replay-now"), clock(Number(place.value)));
  });
  place.addEventListener("change", () => {
    isHeld = false;
    goTo(Number(place.value));
  });
  document.addEventListener("keydown", onKey);
}

function onKey(event) {
  if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || !told) return;
  const onButton = event.target instanceof HTMLElement && event.target.closest("button, a, summary");
  if (event.key === " " && !onButton) {
    event.preventDefault();
    toggle();
  } else if (event.key === "," || event.key === "<") jump(-MINUTE_MS * (event.shiftKey ? 10 : 1));
  else if (event.key === "." || event.key === ">") jump(MINUTE_MS * (event.shiftKey ? 10 : 1));
  else if (event.key === "[") step(-1);
  else if (event.key === "]") step(1);
}

function toggle() {
  if (told) wish({ act: told.state === "playing" ? "pause" : "resume" });
}

function jump(byMs) {
  if (told) goTo(Math.min(Math.max(now() + byMs, told.begins), Math.max(told.until, told.at)));
}

function goTo(ms) {
  const seconds = Math.floor((((ms + VIETNAM_MS) % DAY_MS) + DAY_MS) % DAY_MS / 1000);
  const two = (number) => String(number).padStart(2, "0");
  wish({ act: "seek", at: `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}` });
}

function step(by) {
  const speeds = [...document.getElementById("replay-speeds").options].map((one) => Number(one.value)).sort((a, b) => a - b);
  const next = by > 0 ? speeds.find((one) => one > told.speed) : speeds.filter((one) => one < told.speed).pop();
  if (next) wish({ act: "speed", speed: next });
}

async function wish(wanted) {
  const headers = JSON.parse(document.body.getAttribute("hx-headers"));
  const answer = await fetch(banner.dataset.actUrl, { method: "POST", headers: { ...headers, "HX-Request": "true" }, body: new URLSearchParams(wanted) });
  if (!answer.ok) toast((await answer.text()).slice(0, 200) || say("failed", { status: answer.status }), "bad");
}
