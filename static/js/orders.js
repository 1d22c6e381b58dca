// Orders: the server draws the rows; a change on the socket asks for them again, at most once in 400 ms.

import { startBlotter } from "./blotter.js";
import { atMostEvery } from "./dom.js";
import { live } from "./live.js";

const REFRESH_MS = 400;

export function start() {
  startOrders();
  const table = document.getElementById("orders-table");
  if (table) startBlotter(table);
}

export function startOrders({ onChange = () => undefined } = {}) {
  const refresh = atMostEvery(REFRESH_MS, () => {
    window.htmx.trigger(document.body, "qts:orders");
    onChange();
  });
  let wasTold = false;
  live("/ws/orders").subscribe("orders", {}, (data, isSnapshot) => {
    if (!isSnapshot || wasTold || !isAsShown(data.orders)) refresh();
    wasTold = true;
  });
}

/** Whether the rows say the same of these orders: they may have changed since the server drew the page. */
function isAsShown(orders) {
  const shown = new Map([...document.querySelectorAll("tr[data-order]")].map((row) => [row.dataset.order, row.dataset.status]));
  return orders.every(({ id, status }) => (shown.get(id) ?? status) === status);
}
