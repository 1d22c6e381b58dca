// Orders: the server draws the rows; a change on the socket asks for them again, at most once in 400 ms.

import { atMostEvery } from "./dom.js";
import { live } from "./live.js";

const REFRESH_MS = 400;

export function start() {
  startOrders();
}

export function startOrders({ onChange = () => undefined } = {}) {
  const refresh = atMostEvery(REFRESH_MS, () => {
    window.htmx.trigger(document.body, "qts:orders");
    onChange();
  });
  live("/ws/orders").subscribe("orders", {}, (data, isSnapshot) => {
    if (!isSnapshot) refresh();
  });
}
