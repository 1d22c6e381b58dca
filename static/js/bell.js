// The bell of every page: how many alerts are unread, and each new one as a toast the moment it fires.

import { setText, toast } from "./dom.js";
import { live } from "./live.js";

export function startBell() {
  const bell = document.getElementById("bell");
  if (!bell) return;
  const language = document.documentElement.lang === "en" ? "en" : "vi";
  live("/ws/alerts").subscribe("alerts", {}, (data, isSnapshot) => {
    const count = bell.querySelector("[data-unread]");
    setText(count, data.unread > 99 ? "99+" : String(data.unread));
    count.hidden = data.unread === 0;
    for (const alert of data.alerts) toast(alert.text[language]);
    if (!isSnapshot) window.htmx?.trigger(document.body, "qts:alerts");
  });
}
