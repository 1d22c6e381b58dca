// Patterns today: the board's watch list, kept in this browser, goes along when it is asked for.

const WATCH_KEY = "qts:watch";

export function start() {
  const form = document.getElementById("pattern-filters");
  const fill = () => { form.elements.watched.value = watched(); };
  fill();
  addEventListener("storage", fill); // another tab's board
}

function watched() {
  try {
    return JSON.parse(localStorage.getItem(WATCH_KEY) ?? "[]").join(",");
  } catch (error) {
    if (error instanceof SyntaxError) return ""; // somebody edited the entry
    throw error;
  }
}
