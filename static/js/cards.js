// Tables that become cards on a phone: each cell is told the name of its column, for the style sheet to show.

export function startCards() {
  label(document);
  document.body.addEventListener("htmx:afterSettle", (event) => label(event.target));
}

function label(within) {
  for (const table of within.querySelectorAll("table.cards")) {
    const names = [...(table.tHead?.rows[0]?.cells ?? [])].map((cell) => cell.textContent.trim());
    for (const row of [...table.tBodies].flatMap((body) => [...body.rows])) {
      [...row.cells].forEach((cell, place) => {
        if (names[place] && row.cells.length === names.length) cell.dataset.label = names[place];
      });
    }
  }
}
