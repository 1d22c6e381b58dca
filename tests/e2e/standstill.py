"""A page that stands still while it is looked at: complete, and nothing arrives in it any more.

What is on a page depends on the moment: a part that htmx still loads, a price that flashes, a request that another page
cuts off. Here a visitor's pages never poll, `settled` waits until all that a page asked for has come, and from then on
nothing is asked for, heard or drawn by the clock.
"""

import time
from typing import Final

from playwright.sync_api import BrowserContext, Page, Request

SETTLED_S_MAX: Final = 60.0
LOOKS: Final = 3  # one after the other in which nothing was under way: between an answer and what it asks for is a gap
LOOK_EVERY_MS: Final = 40
# in every document, before its own scripts
_HELD: Final = """(() => {
    const held = window.held = {stands: false, sockets: new Set()};
    window.WebSocket = class extends WebSocket {
        constructor(...address) {
            super(...address);
            this.unanswered = 0;
            held.sockets.add(this);
            super.addEventListener("close", () => held.sockets.delete(this));
        }
        send(text) {
            if (JSON.parse(text).action === "subscribe") this.unanswered += 1;
            super.send(text);
        }
        addEventListener(kind, act, options) {
            super.addEventListener(kind, (event) => {
                if (held.stands) return;
                if (kind === "message" && JSON.parse(event.data).seq === 0) this.unanswered -= 1;
                act(event);
            }, options);
        }
    };
    const every = window.setInterval;
    window.setInterval = (act, ms) => every(() => held.stands || act(), ms);
    document.addEventListener("htmx:beforeRequest", (event) => {
        const trigger = event.detail.elt.getAttribute("hx-trigger") ?? "";
        if (held.stands || (trigger.includes("every") && !trigger.includes("load"))) event.preventDefault();
    });
})()"""
_MISSING: Final = """() => [
    document.readyState === "complete" ? "" : "the document",
    document.querySelector("#connection[data-state=connecting]") ? "the state of the market" : "",
    ...[...held.sockets].map((socket) => socket.readyState === WebSocket.CONNECTING ? socket.url : ""),
    ...[...held.sockets].map((socket) => socket.unanswered > 0 ? `a snapshot of ${socket.url}` : ""),
    document.querySelector(".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added") ? "a part of the page" : "",
].filter((missing) => missing)"""
_STAND: Final = """async () => {
    held.stands = true;
    await document.fonts.ready;
    document.getAnimations().forEach((moving) => moving.finish());
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""


class Standstill:
    """Of the pages of one context: prepare it before the pages that are looked at are opened."""

    def __init__(self, context: BrowserContext) -> None:
        self._underway: dict[Request, str] = {}
        context.add_init_script(_HELD)
        context.on("request", self._began)
        context.on("requestfinished", self._ended)
        context.on("requestfailed", self._ended)

    def settle(self, page: Page) -> None:
        """Wait until the page is complete, then let it stand still."""
        deadline, quiet = time.monotonic() + SETTLED_S_MAX, 0
        while quiet < LOOKS:
            missing = [*page.evaluate(_MISSING), *self._underway.values()]
            assert time.monotonic() < deadline, f"{page.url} still waits for {missing}"
            quiet = 0 if missing else quiet + 1
            page.wait_for_timeout(LOOK_EVERY_MS)
        page.evaluate(_STAND)

    def _began(self, request: Request) -> None:
        if request.is_navigation_request():
            self._underway.clear()  # of the document before
        self._underway[request] = request.url

    def _ended(self, request: Request) -> None:
        self._underway.pop(request, None)
