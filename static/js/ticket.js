// The order ticket: steppers in ticks and lots, keyboard, prices picked from the depth. The server checks everything
// and draws preview, confirmation and refusals; nothing here decides.

import { isTyping } from "./dom.js";

export function start() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-step]");
    if (button) step(button.closest("form"), button.dataset.step, Number(button.dataset.direction));
    const preset = event.target.closest("[data-set-price], [data-set-quantity]");
    if (preset) usePreset(preset);
  });
  document.addEventListener("keydown", onKey);
  document.addEventListener("qts:price", (event) => {
    const form = ticket();
    if (form) setPrice(form, event.detail.vnd);
  });
  document.body.addEventListener("htmx:afterSettle", () => {
    const autofocus = document.querySelector(".ticket-holder [data-autofocus]");
    if (autofocus && !autofocus.dataset.focused) {
      autofocus.dataset.focused = "1";
      autofocus.focus({ preventScroll: true });
    }
  });
}

function ticket() {
  return document.querySelector("#dialog form.ticket-form") ?? document.querySelector("form.ticket-form");
}

function onKey(event) {
  const form = ticket();
  if (!form || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target instanceof HTMLInputElement && event.target.dataset.stepper && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    event.preventDefault();
    step(form, event.target.dataset.stepper, event.key === "ArrowUp" ? 1 : -1);
    return;
  }
  const takesLetters = event.target.type !== "radio" && !event.target.dataset?.stepper;
  if (isTyping(event) && takesLetters) return;
  const key = event.key.toUpperCase();
  if (key === "B" || key === "S") {
    event.preventDefault(); // or the letter lands in the quantity, which has the focus by then
    const side = form.querySelector(`input[name="side"][value="${key === "B" ? "BUY" : "SELL"}"]`);
    side.checked = true;
    changed(side);
    form.querySelector('input[name="quantity"]').focus();
  }
}

function usePreset(button) {
  const form = button.closest("form") ?? ticket();
  if (button.dataset.setPrice) setPrice(form, Number(button.dataset.setPrice));
  if (button.dataset.setQuantity) setField(form.querySelector('input[name="quantity"]'), Number(button.dataset.setQuantity).toLocaleString("en-US"));
}

/** VND from what is typed: thousand VND with a point (25.30), or points of a future. */
function typedVnd(form) {
  const typed = Number(form.querySelector('input[name="price"]').value.replaceAll(",", ""));
  return Number.isFinite(typed) ? Math.round(typed * unit(form)) : 0;
}

function unit(form) {
  return Number(form.dataset.unit);
}

function setPrice(form, vnd) {
  const field = form.querySelector('input[name="price"]');
  if (field.disabled) return;
  setField(field, (vnd / unit(form)).toFixed(2));
}

function setField(field, text) {
  field.value = text;
  changed(field);
}

function changed(field) {
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

function step(form, what, direction) {
  if (what === "price") stepPrice(form, direction);
  else stepQuantity(form, direction);
}

function stepPrice(form, direction) {
  const { floor, ceiling, reference } = form.dataset;
  const now = typedVnd(form);
  if (!now) {
    setPrice(form, Number(reference));
    return;
  }
  // Going down from 10,000 the tick is that of the prices below it.
  const tick = tickAt(form, direction > 0 ? now : now - 1);
  const onTick = direction > 0 ? Math.floor(now / tick) * tick + tick : Math.ceil(now / tick) * tick - tick;
  setPrice(form, Math.min(Number(ceiling) || onTick, Math.max(Number(floor) || onTick, onTick)));
}

/** data-ticks: [[from_vnd, tick_vnd], ...] in growing order. */
function tickAt(form, vnd) {
  return JSON.parse(form.dataset.ticks).reduce((tick, [from, size]) => (vnd >= from ? size : tick), 1);
}

function stepQuantity(form, direction) {
  const lot = Number(form.dataset.lot);
  const field = form.querySelector('input[name="quantity"]');
  const now = Number(field.value.replaceAll(",", "").replaceAll(".", "")) || 0;
  const next = direction > 0 ? Math.floor(now / lot) * lot + lot : Math.ceil(now / lot) * lot - lot;
  setField(field, Math.max(lot, next).toLocaleString("en-US"));
}
