// The order ticket: steppers in ticks and lots, keyboard, prices picked from the depth. The server checks everything
// and draws preview, confirmation and refusals; nothing here decides.

import { isTyping } from "./dom.js";

export function start() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-step]");
    if (button) step(button.closest(".stepper").querySelector("input"), Number(button.dataset.direction));
    const preset = event.target.closest("[data-set-price], [data-set-quantity], [data-share]");
    if (preset) usePreset(preset);
    const to = event.target.closest("[data-to-ticket]");
    if (to) goToTicket(to.dataset.toTicket);
  });
  document.addEventListener("keydown", onKey);
  document.addEventListener("qts:price", (event) => takePrice(event.detail));
  document.body.addEventListener("htmx:afterSettle", () => {
    const autofocus = document.querySelector(".ticket-holder [data-autofocus]");
    if (autofocus && !autofocus.dataset.focused) {
      autofocus.dataset.focused = "1";
      autofocus.focus({ preventScroll: true });
    }
  });
}

/** The ticket in which sides and quantities are chosen; an amendment has no side to choose. */
function ticket() {
  const forms = [...document.querySelectorAll("#dialog form.ticket-form"), ...document.querySelectorAll("form.ticket-form")];
  return forms[0] ?? null;
}

function onKey(event) {
  // Enter held a little too long opens the confirmation and would answer it too.
  if (event.key === "Enter" && event.repeat && event.target.closest("button[type=submit]")) event.preventDefault();
  const form = ticket();
  if (!form || event.ctrlKey || event.metaKey || event.altKey) return;
  const isStepper = event.target instanceof HTMLInputElement && Boolean(event.target.dataset.stepper);
  if (isStepper && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    event.preventDefault();
    step(event.target, event.key === "ArrowUp" ? 1 : -1);
    return;
  }
  if (isTyping(event) && event.target.type !== "radio" && !isStepper) return;
  const act = { B: () => chooseSide(form, "BUY"), S: () => chooseSide(form, "SELL"), M: () => useShare(form, 100) }[event.key.toUpperCase()];
  if (!act || !form.querySelector('input[name="side"]')) return;
  event.preventDefault(); // or the letter lands in the quantity, which has the focus by then
  act();
}

function chooseSide(form, code) {
  const side = form.querySelector(`input[name="side"][value="${code}"]`);
  side.checked = true;
  changed(side);
  form.querySelector('input[name="quantity"]').focus();
}

/** From a button far above it. The keyboard of a phone stays away until a field is touched. */
function goToTicket(code) {
  const form = ticket();
  const side = form?.querySelector(`input[name="side"][value="${code}"]`);
  if (side) {
    side.checked = true;
    changed(side);
  } else openTicket(`&side=${code}`);
  document.getElementById("ticket").scrollIntoView({ block: "start", behavior: "smooth" });
}

function openTicket(query) {
  const place = document.getElementById("ticket");
  if (place) window.htmx.ajax("GET", place.getAttribute("hx-get") + query, { target: "#ticket", swap: "innerHTML" });
}

/** A level of the depth: its price, and the side that meets it. After a sent order a new ticket opens with them. */
function takePrice({ vnd, side }) {
  const form = ticket();
  if (form?.querySelector('input[name="side"]')) {
    const type = form.querySelector('select[name="order_type"]');
    if (type && type.value !== "LO") setField(type, "LO");
    setPrice(form, vnd);
    chooseSide(form, side);
    form.querySelector('input[name="quantity"]').select();
    return;
  }
  openTicket(`&side=${side}&price_vnd=${vnd}`);
}

function usePreset(button) {
  const form = button.closest("form") ?? ticket();
  if (button.dataset.setPrice) setPrice(form, Number(button.dataset.setPrice));
  if (button.dataset.setQuantity) setQuantity(form, Number(button.dataset.setQuantity));
  if (button.dataset.share) useShare(form, Number(button.dataset.share));
}

/** A part, in per cent, of what the preview says is the most. */
function useShare(form, percent) {
  const most = Number(form.querySelector("[data-max-quantity]")?.dataset.maxQuantity ?? 0);
  const lot = Number(form.dataset.lot);
  const lots = Math.floor((most * percent) / 100 / lot);
  if (lots > 0) setQuantity(form, lots * lot);
}

/** VND from what is typed, thousand VND or points of a future, read as the server reads it: 25.30, 25,30, 1,280.50 or
    1.280,50. 0 where it is no number. */
function typedVnd(field) {
  const text = field.value.trim();
  let plain = text.replace(",", ".");
  if (/^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(text)) plain = text.replaceAll(",", "");
  else if (/^-?\d{1,3}(\.\d{3})+,\d+$/.test(text)) plain = text.replaceAll(".", "").replace(",", ".");
  const typed = Number(plain);
  return Number.isFinite(typed) ? Math.round(typed * unit(field.form)) : 0;
}

function unit(form) {
  return Number(form.dataset.unit);
}

function setPrice(form, vnd) {
  const field = form.querySelector('input[name="price"]');
  if (field && !field.disabled) setVnd(field, vnd);
}

function setVnd(field, vnd) {
  setField(field, (vnd / unit(field.form)).toFixed(2));
}

function setQuantity(form, shares) {
  setField(form.querySelector('input[name="quantity"]'), shares.toLocaleString("en-US"));
}

function setField(field, text) {
  field.value = text;
  changed(field);
}

function changed(field) {
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

function step(field, direction) {
  if (field.dataset.stepper === "price") stepPrice(field, direction);
  else stepQuantity(field, direction);
}

function stepPrice(field, direction) {
  const { floor, ceiling, reference } = field.form.dataset;
  const now = typedVnd(field);
  if (!now) {
    setVnd(field, Number(reference));
    return;
  }
  // Going down from 10,000 the tick is that of the prices below it.
  const tick = tickAt(field.form, direction > 0 ? now : now - 1);
  const onTick = direction > 0 ? Math.floor(now / tick) * tick + tick : Math.ceil(now / tick) * tick - tick;
  setVnd(field, Math.min(Number(ceiling) || onTick, Math.max(Number(floor) || onTick, onTick)));
}

/** data-ticks: [[from_vnd, tick_vnd], ...] in growing order. */
function tickAt(form, vnd) {
  return JSON.parse(form.dataset.ticks).reduce((tick, [from, size]) => (vnd >= from ? size : tick), 1);
}

function stepQuantity(field, direction) {
  const lot = Number(field.form.dataset.lot);
  const now = Number(field.value.replaceAll(",", "").replaceAll(".", "")) || 0;
  const next = direction > 0 ? Math.floor(now / lot) * lot + lot : Math.ceil(now / lot) * lot - lot;
  setField(field, Math.max(lot, next).toLocaleString("en-US"));
}
