// Ctrl-K: one line that leads to every page, symbol and strategy. "?" shows the shortcuts.

import { isTyping } from "./dom.js";

export function startPalette() {
  const palette = document.getElementById("palette");
  if (!palette) return;
  const typed = palette.querySelector("input");
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open(palette, typed);
    } else if (event.key === "?" && !isTyping(event)) {
      location.assign(document.body.dataset.shortcuts);
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest('[data-action="palette"]')) open(palette, typed);
    else if (event.target === palette) palette.close();
  });
  typed.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose(palette, typed, event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter") {
      event.preventDefault();
      chosen(palette)?.click();
    }
  });
}

function open(palette, typed) {
  if (palette.open) return;
  typed.value = "";
  palette.showModal();
  typed.focus();
  window.htmx?.trigger(typed, "qts:open");
}

function options(palette) {
  return [...palette.querySelectorAll("a[role=option]")];
}

function chosen(palette) {
  return options(palette).find((option) => option.getAttribute("aria-selected") === "true");
}

function choose(palette, typed, step) {
  const all = options(palette);
  if (!all.length) return;
  const place = (all.indexOf(chosen(palette)) + step + all.length) % all.length;
  all.forEach((option, number) => option.setAttribute("aria-selected", String(number === place)));
  typed.setAttribute("aria-activedescendant", all[place].id);
  all[place].scrollIntoView({ block: "nearest" });
}
