"""A little life for the pictures: what a trader does on a morning, by the same REST as any program.

Orders that fill, one that rests, one that is refused, one taken back; stops, an iceberg, a basket, a watchlist,
alerts, a backtest and a strategy that trades. An account that has orders is left as it is.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from playwright.sync_api import Page

_ASK: Final = """async ([method, path, body, key]) => {
    const answer = await fetch(`/api/v1/${path}`, { method, body: body || undefined, headers: {
        "Content-Type": "application/json", "Idempotency-Key": key,
        ...JSON.parse(document.body.getAttribute("hx-headers")) } });
    return [answer.status, await answer.text()];
}"""
_UPLOAD: Final = """async (text) => {
    const form = new FormData();
    form.set("file", new File([text], "minutes.csv"));
    form.set("period", "DAY");
    const answer = await fetch("/api/v1/backtests/data/", { method: "POST", body: form,
        headers: JSON.parse(document.body.getAttribute("hx-headers")) });
    return (await answer.json()).digest;
}"""
_WATCHED: Final = ("FPT", "SSI", "VCB", "HPG", "MWG", "VNM")
_DAYS: Final = 240


@dataclass(frozen=True, slots=True)
class Trader:
    """In `page` somebody who may trade is logged in."""

    page: Page
    account_id: str

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        text = json.dumps(body) if body is not None else ""
        status, answer = self.page.evaluate(_ASK, [method, path, text, str(uuid4())])
        if status >= 400:
            print(f"{method} {path}: {status} {answer[:200]}", flush=True)
        return json.loads(answer) if answer else None

    def send(self, path: str, **body: Any) -> Any:
        return self.ask("POST", path, {"account_id": self.account_id} | body)

    def order(self, symbol: str, side: str, quantity: int, price_vnd: int) -> Any:
        return self.send(
            "orders/", symbol=symbol, side=side, order_type="LO", quantity=quantity, price_vnd=price_vnd
        )  # fmt: skip


def live(page: Page) -> None:
    accounts = page.evaluate(_ASK, ["GET", "accounts/", "", ""])[1]
    trader = Trader(page, json.loads(accounts)[0]["id"])
    if trader.ask("GET", "orders/"):
        return
    quotes = {one["symbol"]: one for one in trader.ask("GET", "quotes/")}
    _trade(trader, quotes)
    _plan(trader, quotes)
    _study(trader)
    trader.ask("POST", "watchlists/", {"name": "Ngân hàng và bán lẻ", "symbols": list(_WATCHED)})
    for strategy in trader.ask("GET", "strategies/"):
        trader.ask("POST", f"strategies/{strategy['id']}/start/", {})


def _trade(trader: Trader, quotes: Mapping[str, Any]) -> None:
    for symbol, quantity in (("FPT", 500), ("SSI", 2_000), ("HPG", 1_500), ("VCB", 800)):
        trader.order(symbol, "BUY", quantity, quotes[symbol]["ceiling_vnd"])
    for symbol in ("MWG", "VNM", "FPT"):
        trader.order(symbol, "BUY", 300, quotes[symbol]["floor_vnd"])
    taken_back = trader.order("TCB", "BUY", 200, quotes["TCB"]["floor_vnd"])
    trader.ask("POST", f"orders/{taken_back['id']}/cancel/", {})
    trader.order("FPT", "BUY", 1_000_000, quotes["FPT"]["ceiling_vnd"] + 5_000)  # refused, with every reason


def _plan(trader: Trader, quotes: Mapping[str, Any]) -> None:
    ssi, fpt = quotes["SSI"], quotes["FPT"]
    until = trader.page.evaluate("new Date(Number(document.getElementById('market-state').dataset.marketNow) + 864e5)")
    kept = {"symbol": "SSI", "side": "SELL", "quantity": 300, "valid_until": f"{until:%Y-%m-%d}"}
    trader.send(
        "conditional-orders/", kind="OCO", stop_vnd=ssi["floor_vnd"] + 500, target_vnd=ssi["ceiling_vnd"] - 500, **kept
    )
    trader.send("conditional-orders/", kind="STOP", stop_vnd=ssi["floor_vnd"] + 200, **kept)
    bought = {"symbol": "FPT", "side": "BUY", "quantity": 1_000, "price_vnd": fpt["floor_vnd"]}
    trader.send("sliced-orders/", kind="ICEBERG", show_quantity=200, **bought)
    rows = [
        {"symbol": symbol, "side": "BUY", "quantity": 200, "price_vnd": quotes[symbol]["reference_vnd"]}
        for symbol in _WATCHED
    ]
    trader.send("baskets/", rows=rows)
    for kind, threshold in (("PRICE_ABOVE", fpt["ceiling_vnd"]), ("PRICE_BELOW", fpt["ceiling_vnd"])):
        trader.ask("POST", "alert-rules/", {"kind": kind, "symbol": "FPT", "threshold": threshold})


def _study(trader: Trader) -> None:
    digest = trader.page.evaluate(_UPLOAD, _daily_bars())
    parts = [{"strategy": "moving_average_cross", "parameters": {"fast": 5, "slow": 20, "quantity": 1_000}}]
    trader.ask("POST", "backtests/", {"digest": digest, "parts": parts})


def _daily_bars() -> str:
    """Prices that swing: a crossing of averages has something to do."""
    rows = ["symbol,time,open,high,low,close,volume"]
    price = 30.0
    for day in range(_DAYS):
        before, price = price, round(20 + abs(day % 48 - 24) * 0.45 + day % 5 * 0.1, 2)
        month, number = day // 20 + 1, day % 20 + 1
        high, low = max(before, price) + 0.2, min(before, price) - 0.2
        rows.append(f"ABC,2025-{month:02}-{number:02},{before},{high:.2f},{low:.2f},{price},900000")
    return "\n".join(rows) + "\n"
