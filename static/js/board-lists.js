// The tabs above the board: all symbols, one for each watchlist, exchanges and sectors; making, renaming, deleting lists.

import { say } from "./dom.js";

export class ListTabs {
  /** `choose(shown)` is called with "all", "list:<id>", "exchange:<code>", "sector:<name>" or "index:<code>". */
  constructor(watchlists, choose) {
    this.watchlists = watchlists;
    this.choose = choose;
    this.shown = "all";
    this.tabs = document.getElementById("board-lists");
    this.group = document.getElementById("board-group");
    this.menu = document.getElementById("board-list-menu");
    this.name = document.getElementById("board-list-name");
    this.isSure = false;
    this.tabs.addEventListener("click", (event) => {
      const tab = event.target.closest("[data-shown]");
      if (tab) this.choose(tab.dataset.shown);
    });
    this.group.addEventListener("change", () => this.choose(this.group.value || "all"));
    document.getElementById("board-list-new").addEventListener("click", () => this.create());
    document.getElementById("board-list-form").addEventListener("submit", (event) => this.save(event));
    document.getElementById("board-list-delete").addEventListener("click", (event) => this.remove(event.target));
  }

  fillGroups(securities) {
    for (const kind of ["exchange", "sector", "index"]) {
      const names = [...new Set(securities.flatMap((one) => one[kind]))].filter(Boolean).sort((a, b) => a.localeCompare(b));
      const part = this.group.querySelector(`[data-kind="${kind}"]`);
      part.replaceChildren(...names.map((name) => new Option(name, `${kind}:${name}`)));
      part.hidden = names.length === 0;
    }
  }

  /** The list that a star puts a symbol on: the one in sight, else the first. */
  get current() {
    return this.watchlists.find(this.shown.replace("list:", "")) ?? this.watchlists.lists[0] ?? null;
  }

  get opened() {
    return this.shown.startsWith("list:") ? this.watchlists.find(this.shown.slice(5)) : null;
  }

  draw(shown) {
    this.shown = shown;
    const all = this.tabs.firstElementChild;
    const lists = this.watchlists.lists.map((one) => tab(one.name, `list:${one.id}`, one.symbols.length));
    this.tabs.replaceChildren(all, ...lists);
    for (const one of this.tabs.children) one.setAttribute("aria-pressed", String(one.dataset.shown === shown));
    this.group.value = /^(exchange|sector|index):/.test(shown) ? shown : "";
    this.menu.hidden = this.opened === null;
    if (document.activeElement !== this.name) this.name.value = this.opened?.name ?? "";
  }

  async create() {
    const taken = new Set(this.watchlists.lists.map((one) => one.name));
    let name = say("new_list");
    for (let number = 2; taken.has(name); number += 1) name = `${say("new_list")} ${number}`;
    const made = await this.watchlists.create(name);
    if (!made) return;
    this.choose(`list:${made.id}`);
    this.menu.open = true;
    this.name.select();
  }

  async save(event) {
    event.preventDefault();
    if (await this.watchlists.rename(this.opened, this.name.value.trim())) this.menu.open = false;
  }

  /** The first press asks, the second one deletes. */
  async remove(button) {
    if (!this.isSure) {
      this.isSure = true;
      const asked = button.textContent;
      button.textContent = say("delete_sure");
      setTimeout(() => {
        this.isSure = false;
        button.textContent = asked;
      }, 4000);
      return;
    }
    this.menu.open = false;
    const gone = this.opened;
    this.choose("all");
    await this.watchlists.remove(gone);
  }
}

function tab(name, shown, count) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.shown = shown;
  const number = document.createElement("small");
  number.className = "muted num";
  number.textContent = String(count);
  button.append(name, number);
  return button;
}
