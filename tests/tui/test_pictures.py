"""What the screens look like, compared with kept pictures; `pytest tests/tui/test_pictures.py --snapshot-update`
makes them anew, to be looked at."""

import time
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest
from rich.segment import Segment
from textual.widgets import Input

from qts.tui import language, wire
from qts.tui.app import Terminal
from qts.tui.feed import Feed, FeedState
from qts.tui.preferences import Preferences
from qts.tui.session import Session

NOW_S = 1_000.0
WAIT_S = 20.0
SMALL, LARGE = (80, 24), (160, 44)
ACCOUNT = "a0000000-0000-4000-8000-000000000001"

QUOTES = {
    "SSI": {"ref": 25_000, "ceil": 26_750, "floor": 23_250, "last": 25_300, "total_qty": 1_234_500, "high": 25_400,
            "low": 24_900, "bids": [[25_250, 12_300], [25_200, 40_000], [25_150, 900]],
            "asks": [[25_300, 7_700], [25_350, 31_000], [25_400, 15_200]], "room": 771_854_500},
    "FPT": {"ref": 98_000, "ceil": 104_800, "floor": 91_200, "last": 104_800, "total_qty": 8_000_000,
            "bids": [[104_800, 250_000]], "asks": []},
    "HPG": {"ref": 27_250, "ceil": 29_150, "floor": 25_350, "last": 25_350, "total_qty": 3_100},
    "VCB": {"ref": 61_100, "ceil": 65_300, "floor": 56_900, "last": 61_100, "total_qty": 500},
    "VNM": {"ref": 60_600, "ceil": 64_800, "floor": 56_400, "last": 60_100, "total_qty": 98_700},
    "VN30F2612": {"ref": 187_600_000, "ceil": 200_700_000, "floor": 174_500_000, "last": 188_250_000,
                  "total_qty": 210_345, "bids": [[188_240_000, 12]], "asks": [[188_260_000, 9]]},
    "MWG": {"ref": 81_900, "ceil": 87_600, "floor": 76_200},
}  # fmt: skip


def order(number: int, status: str, **changes: object) -> dict:
    return {
        "id": f"o{number}", "account_id": ACCOUNT, "symbol": "SSI", "side": "BUY", "order_type": "LO", "quantity": 300,
        "price_vnd": 25_050, "status": status, "filled_quantity": 0, "average_fill_vnd": None, "reason": "",
        "breaches": [], "cancel_wanted": False, "actor": "user:1",
        "submitted_at": f"2026-11-23T03:15:{number:02}+00:00", "updated_at": "2026-11-23T03:15:00+00:00",
    } | changes  # fmt: skip


TOLD = {
    "quotes": QUOTES,
    "indexes": {"VNINDEX": {"value": 164_661, "prior": 164_177}, "VN30": {"value": 188_207, "prior": 188_663}},
    "status": {
        "stream": {"state": "connected", "age_ms": 300},
        "clock": {"now": 1_795_403_705_000, "speed": 1.0, "session": "CONTINUOUS"},
    },
    "orders": {
        "orders": [
            order(1, "FILLED", filled_quantity=300, average_fill_vnd=25_040),
            order(2, "DENIED", quantity=90_000, side="SELL",
                  breaches=[{"code": "SELLABLE_QUANTITY_EXCEEDED", "limit": 1_000, "actual": 90_000, "detail": ""}]),
            order(3, "PARTIALLY_FILLED", quantity=1_200, filled_quantity=400, average_fill_vnd=25_050),
            order(4, "REJECTED", reason="the broker's <words> [bold]as they are[/]"),
        ]
    },
    "positions": {
        "account": ACCOUNT, "cash_settled": 92_485_000, "cash_pending": 0, "reserved": 7_526_272,
        "buying_power": 84_958_728, "market_value": 32_900_000, "equity": 125_385_000, "unrealised": 385_000,
        "realised_today": 0, "day_pnl": 385_000,
        "positions": [
            {"symbol": "SSI", "quantity": 1_300, "sellable": 1_000, "cost_total": 31_515_000, "mark": 25_300,
             "market_value": 32_890_000, "unrealised": 1_375_000, "realised": 0},
            {"symbol": "MWG", "quantity": 100, "sellable": 100, "cost_total": 8_190_000, "mark": None,
             "market_value": None, "unrealised": None, "realised": -120_000},
        ],
    },
    "signals": {
        "strategies": [
            {"id": "s1", "name": "MA cross", "status": "RUNNING", "status_reason": "", "account_id": ACCOUNT},
            {"id": "s2", "name": "RSI reversion", "status": "FAILED", "status_reason": "3 losses in a row",
             "account_id": ACCOUNT},
        ],
        "decisions": [
            {"id": "d1", "strategy_name": "MA cross", "account_id": ACCOUNT, "symbol": "SSI", "side": "BUY",
             "quantity": 500, "price_vnd": 25_300, "signal": "fast crossed above slow",
             "decided_at": "2026-11-23T03:14:00+00:00", "outcome": "SUBMITTED", "outcome_reason": ""},
        ],
    },
    "risk": {
        "kill_switches": [
            {"scope": "symbol:HPG", "is_engaged": True, "reason": "rumours", "changed_at": "2026-11-23T03:00:00+00:00"}
        ],
        "limit_use": [
            {"account": ACCOUNT, "code": "ORDER_VALUE_EXCEEDS_MAX", "scope": "firm", "limit": 2_000_000_000,
             "actual": 1_900_000_000, "unit": "VND", "percent": 95},
            {"account": ACCOUNT, "code": "OPEN_ORDERS_EXCEED_MAX", "scope": "firm", "limit": 100, "actual": 1,
             "unit": "orders", "percent": 1},
        ],
    },
}  # fmt: skip


class StillFeed(SimpleNamespace):
    """What a feed shows of itself, in a state that does not change."""


@pytest.fixture
def still(monkeypatch, tmp_path):
    """A terminal whose clock and feeds stand still: `still(FeedState.LIVE)`; nobody is asked anything."""
    clock = SimpleNamespace(monotonic=lambda: NOW_S)
    for module in ("bars", "desk", "desk_screen"):
        monkeypatch.setattr(f"qts.tui.{module}.time", clock)
    for name in ("HOLDS_EVERY_S", "SILENCE_S_MAX"):  # what the terminal would ask a server by itself
        monkeypatch.setattr(f"qts.tui.app.{name}", 1e9)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    yield lambda spoken, state=FeedState.LIVE: Picture(spoken, state)
    language.use("en")


class Picture:
    def __init__(self, spoken: str, state: FeedState) -> None:
        language.use(spoken)
        self._state = state
        self.app = Terminal(Session("http://127.0.0.1:8000"), Preferences())

    async def fill(self, pilot) -> None:
        app = self.app
        await app.pop_screen()
        app.session.person = wire.Person(1, "trader")
        app._username = "trader"
        app.feeds = {
            path: cast(Feed, StillFeed(state=self._state, heard_at=NOW_S - 42, retry_at=NOW_S + 3, mistake=None))
            for path in ("/ws/markets", "/ws/orders", "/ws/positions", "/ws/signals", "/ws/risk")
        }
        desk = app.desk
        desk.accounts = [wire.Account(ACCOUNT, "0901351", "Demo")]
        desk.account_id = ACCOUNT
        kinds = dict.fromkeys(QUOTES, "STOCK") | {"VN30F2612": "FUTURE"}
        desk.securities = {
            symbol: wire.Security(symbol, "HOSE", kind, f"Công ty {symbol}", f"{symbol} Corporation", 100)
            for symbol, kind in kinds.items()
        }
        for channel, data in TOLD.items():
            desk.hear(channel, msgspec.Raw(msgspec.json.encode(data)), True)
        await pilot.pause()
        app.main.watch_symbols(list(QUOTES))
        app.main.draw_everything()
        app.main.set_focus(app.main.board.table)
        await pilot.pause()


def pressing(picture: Picture, *keys: str, shows: str):
    """The keys, and then wait for what they bring: a busy machine draws late."""

    async def prepare(pilot) -> None:
        await picture.fill(pilot)
        await settle(pilot, "1,234,500")
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.05)
        await settle(pilot, shows)

    return prepare


async def settle(pilot, shows: str) -> None:
    """Until the words are there and nothing moves any more."""
    until = time.monotonic() + WAIT_S
    before: list[list[Segment]] = []
    while True:
        for field in pilot.app.screen.query(Input):
            field.cursor_blink = False
        drawn = [list(strip) for strip in pilot.app.screen._compositor.render_strips()]
        text = "\n".join("".join(segment.text for segment in line) for line in drawn)
        if shows in text and drawn == before:
            return
        assert time.monotonic() < until, f"{shows!r} is not on the screen:\n{text}"
        before = drawn
        await pilot.pause(0.1)


def test_log_in(snap_compare, still):
    async def prepare(pilot) -> None:
        await settle(pilot, "Log in to QTS")

    assert snap_compare(still("en").app, terminal_size=SMALL, run_before=prepare)


@pytest.mark.parametrize(
    ("key", "shows"),
    [("1", "Part filled"), ("2", "Buying power"), ("3", "MA cross"), ("4", "symbol HPG: rumours")],
    ids=["orders", "positions", "signals", "risk"],
)
def test_each_panel_on_a_small_terminal(snap_compare, still, key, shows):
    picture = still("en")
    assert snap_compare(picture.app, terminal_size=SMALL, run_before=pressing(picture, key, shows=shows))


def test_why_an_order_was_refused(snap_compare, still):
    picture = still("en")
    prepare = pressing(picture, "1", "down", "down", "enter", shows="Not enough shares")
    assert snap_compare(picture.app, terminal_size=SMALL, run_before=prepare)


def test_everything_at_once_in_vietnamese_on_a_large_terminal(snap_compare, still):
    picture = still("vi")
    assert snap_compare(picture.app, terminal_size=LARGE, run_before=pressing(picture, "down", shows="Công ty FPT"))


def test_a_lost_connection(snap_compare, still):
    picture = still("en", FeedState.LOST)
    assert snap_compare(picture.app, terminal_size=SMALL, run_before=pressing(picture, shows="Connection lost"))


@pytest.mark.parametrize(
    ("key", "shows"),
    [("b", "Lệnh trên tài khoản 0901351"), ("k", "Gõ STOP"), ("question_mark", "Dấu bên cạnh màu")],
    ids=["ticket", "kill", "help"],
)
def test_dialogs_in_vietnamese(snap_compare, still, key, shows):
    picture = still("vi")
    assert snap_compare(picture.app, terminal_size=SMALL, run_before=pressing(picture, key, shows=shows))
