// The list of orders from the keyboard: choosing, marking, amending in the row, cancelling. The table itself is drawn by
// the server again and again; what is chosen and marked stays, and nothing is drawn over a row that is being amended.

import { isTyping, say, setText } from "./dom.js";

const picked = new Set();
let current = null; // id of the chosen order
let editing = null;

export function startBlotter(table) {
  table.addEventListener("htmx:beforeRequest", (event) => {
    if (editing && event.target === table) event.preventDefault();
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target === table) redraw(table);
  });
  table.addEventListener("change", (event) => marked(table, event.target));
  table.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-order]");
    if (row) choose(table, row);
  });
  table.addEventListener("dblclick", (event) => {
    const row = event.target.closest("tr[data-amend]");
    if (row && event.target.closest("[data-edit]")) edit(row);
  });
  document.addEventListener("keydown", (event) => onKey(event, table));
}

function rows(table) {
  return [...table.querySelectorAll("tr[data-order]")];
}

function redraw(table) {
  const cancellable = new Set(rows(table).filter((row) => row.dataset.cancel).map((row) => row.dataset.order));
  for (const id of picked) if (!cancellable.has(id)) picked.delete(id);
  for (const box of table.querySelectorAll("input[name=order]")) box.checked = picked.has(box.value);
  rows(table).find((row) => row.dataset.order === current)?.setAttribute("aria-current", "true");
  count();
}

function marked(table, box) {
  if (box.name === "order") picked[box.checked ? "add" : "delete"](box.value);
  else if ("pickAll" in box.dataset) {
    for (const one of table.querySelectorAll("input[name=order]")) {
      one.checked = box.checked;
      picked[box.checked ? "add" : "delete"](one.value);
    }
  }
  count();
}

function count() {
  const button = document.getElementById("cancel-picked");
  if (!button) return;
  button.hidden = picked.size === 0;
  setText(document.getElementById("picked-count"), String(picked.size));
}

function choose(table, row) {
  for (const other of rows(table)) other.removeAttribute("aria-current");
  row.setAttribute("aria-current", "true");
  current = row.dataset.order;
  row.scrollIntoView({ block: "nearest" });
}

function onKey(event, table) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.getElementById("dialog").open) return;
  if (isTyping(event) && event.target.type !== "checkbox") return;
  const all = rows(table);
  const at = all.findIndex((row) => row.dataset.order === current);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (!all.length) return;
    const next = at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + (event.key === "ArrowDown" ? 1 : -1)));
    choose(table, all[next]);
  } else if (at < 0 || !act(event, table, all[at])) return;
  event.preventDefault();
}

function act(event, table, row) {
  if (event.key === "Enter" && !event.target.closest("a, button, summary")) location.assign(row.dataset.why);
  else if (event.key.toUpperCase() === "X") row.querySelector("input[name=order]")?.click();
  else if (event.key.toUpperCase() === "A" && row.dataset.amend) edit(row);
  else if (event.key.toUpperCase() === "C" && row.dataset.cancel) window.htmx.ajax("GET", row.dataset.cancel, { target: "#dialog" });
  else return false;
  return true;
}

/** Price and quantity become fields: Enter asks for the amendment, Escape leaves everything as it is. */
function edit(row) {
  if (editing) return;
  const texts = [...row.querySelectorAll("[data-edit]")];
  editing = { row, fields: texts.map((text) => [text, field(text)]) };
  row.addEventListener("keydown", onEditKey);
  row.querySelector('[name="price"]')?.select();
}

function field(text) {
  const input = document.createElement("input");
  Object.assign(input, { type: "text", name: text.dataset.edit, value: text.textContent.trim(), className: "num in-row", maxLength: 24 });
  input.inputMode = text.dataset.edit === "price" ? "decimal" : "numeric";
  input.setAttribute("aria-label", { price: say("price"), quantity: say("quantity") }[text.dataset.edit]);
  text.hidden = true;
  text.after(input);
  return input;
}

function onEditKey(event) {
  if (event.key !== "Enter" && event.key !== "Escape") return;
  event.preventDefault();
  event.stopPropagation();
  const { row, fields } = editing;
  const values = Object.fromEntries(fields.map(([, input]) => [input.name, input.value]));
  for (const [text, input] of fields) {
    input.remove();
    text.hidden = false;
  }
  row.removeEventListener("keydown", onEditKey);
  editing = null;
  if (event.key === "Enter") {
    // a refusal comes back as the form of the amendment, with its reasons and what was typed
    window.htmx.ajax("POST", row.dataset.amend, { target: "#dialog", swap: "innerHTML", values });
  }
  window.htmx.trigger(document.body, "qts:orders");
}
