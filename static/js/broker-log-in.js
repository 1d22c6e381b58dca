// How long a requested code is still taken. The server says how many seconds are left, so a wrong clock here does no harm.

const ends = new WeakMap();

export function start() {
  draw();
  setInterval(draw, 250);
}

function draw() {
  for (const element of document.querySelectorAll("[data-left-s]")) {
    if (!ends.has(element)) ends.set(element, performance.now() + Number(element.dataset.leftS) * 1000);
    const left = Math.max(0, Math.ceil((ends.get(element) - performance.now()) / 1000));
    const text = left ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` : element.dataset.over;
    if (element.textContent !== text) element.textContent = text;
  }
}
