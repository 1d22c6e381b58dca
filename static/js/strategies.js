// Strategies: the server draws list and decisions again when one of them changes.

import { atMostEvery } from "./dom.js";
import { live } from "./live.js";
import { startOrders } from "./orders.js";

export function start() {
  const refresh = atMostEvery(800, () => window.htmx.trigger(document.body, "qts:signals"));
  live("/ws/signals").subscribe("signals", {}, (data, isSnapshot) => {
    if (!isSnapshot) refresh();
  });
  startOrders();
}
