// Risk: use of limits and kill switches are drawn by the server again after each change, at most once a second.

import { atMostEvery } from "./dom.js";
import { live } from "./live.js";

export function start() {
  const refresh = atMostEvery(1000, () => window.htmx.trigger(document.body, "qts:risk"));
  live("/ws/risk").subscribe("risk", {}, (data, isSnapshot) => {
    if (!isSnapshot) refresh();
  });
}
