// A person's watchlists, kept by the server: the same at every desk.

import { ask } from "./api.js";
import { say } from "./dom.js";
import { forget, kept } from "./keep.js";

const ADDRESS = "/api/v1/watchlists/";
const OLD_KEY = "qts:watch"; // the one list that browsers kept before

export class Watchlists {
  constructor(lists, changed) {
    this.lists = lists; // [{id, name, symbols}] by name
    this.changed = changed;
    this.turn = Promise.resolve(); // stars are sent one after the other: each is put on what the one before left
  }

  find(id) {
    return this.lists.find((one) => one.id === id) ?? null;
  }

  /** What a browser still keeps moves to the server once; symbols that are no longer listed stay behind. */
  async takeOverOld(isListed) {
    const symbols = oldSymbols().filter(isListed);
    if (symbols.length) {
      const name = say("watched");
      const known = this.lists.find((one) => one.name === name);
      const kept = known ? await this.put(known, { symbols: [...known.symbols, ...symbols] }) : await this.create(name, symbols);
      if (!kept) return; // it is tried again with the next page
    }
    forget(OLD_KEY);
  }

  async reload() {
    const lists = await ask("GET", ADDRESS);
    if (lists) this.replace(lists);
  }

  async create(name, symbols = []) {
    const made = await ask("POST", ADDRESS, { name, symbols });
    if (made) this.replace([...this.lists, made]);
    return made;
  }

  async rename(list, name) {
    return this.put(list, { name });
  }

  async remove(list) {
    if (await ask("DELETE", `${ADDRESS}${list.id}/`)) this.replace(this.lists.filter((one) => one !== list));
  }

  /** On the list of that id or off it; without any list yet, the first star makes one. */
  toggle(id, symbol) {
    this.turn = this.turn.then(() => this.toggleNow(this.find(id) ?? this.lists[0], symbol));
  }

  async toggleNow(list, symbol) {
    if (!list) {
      await this.create(say("watched"), [symbol]);
      return;
    }
    const isOn = list.symbols.includes(symbol);
    await this.put(list, { symbols: isOn ? list.symbols.filter((one) => one !== symbol) : [...list.symbols, symbol] });
  }

  async put(list, change) {
    const told = await ask("PATCH", `${ADDRESS}${list.id}/`, change);
    if (told) this.replace(this.lists.map((one) => (one.id === told.id ? told : one)));
    return told;
  }

  replace(lists) {
    this.lists = lists.toSorted((a, b) => a.name.localeCompare(b.name));
    this.changed();
  }
}

function oldSymbols() {
  try {
    const symbols = JSON.parse(kept(OLD_KEY) ?? "[]");
    return Array.isArray(symbols) ? symbols : [];
  } catch (error) {
    if (error instanceof SyntaxError) return []; // somebody edited the entry
    throw error;
  }
}
