// Choosing an indicator: its function, its numbers, and where it gives several lines, which of them.

import { ask } from "./api.js";

const ADDRESS = "/api/v1/indicators/";

/** `add(name)` is called with a name such as "bbands_20_2_upper". What there is, is asked for when the menu opens. */
export function bindIndicatorForm(menu, add) {
  const form = menu.querySelector("form");
  const choice = form.querySelector("select");
  const rest = form.querySelector("[data-rest]");
  let known = null;

  const draw = () => {
    const chosen = known.find((one) => one.function === choice.value);
    rest.replaceChildren(...chosen.numbers.map(numberField), ...(chosen.outputs.length > 1 ? [outputField(chosen)] : []));
  };
  menu.addEventListener("toggle", async () => {
    if (!menu.open || known) return;
    known = await ask("GET", ADDRESS);
    if (!known) return;
    known = known.filter((one) => !one.function.startsWith("cdl"));
    choice.replaceChildren(...known.map((one) => new Option(`${one.function} · ${one.title}`, one.function)));
    choice.value = "ema";
    draw();
  });
  choice.addEventListener("change", draw);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!known) return;
    const parts = [...rest.querySelectorAll("input, select")].map((field) => field.value.trim());
    add([choice.value, ...parts].filter(Boolean).join("_"));
  });
}

function numberField([name, usual]) {
  const field = document.createElement("input");
  Object.assign(field, { type: "number", step: Number.isInteger(usual) ? 1 : "any", value: usual, required: true, className: "num" });
  return labelled(name, field);
}

function outputField({ function: name, outputs }) {
  const field = document.createElement("select");
  field.append(...outputs.map((word) => new Option(word || name, word)));
  field.setAttribute("aria-label", name);
  return labelled("", field);
}

function labelled(text, field) {
  const label = document.createElement("label");
  label.append(text, field);
  return label;
}
