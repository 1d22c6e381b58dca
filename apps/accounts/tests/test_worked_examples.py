"""Forty worked examples. The account begins on Monday, 9 November 2026 with 100,000,000 VND and 1,000 SSI that cost
24,000,000; fee 0.15 %, sale tax 0.1 %, dividend tax 5 %, all rounded down; T+2 from 13:00. It has no HPG.

Futures are not among them: QTS books stocks, its gate refuses futures.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest

from apps.accounts import selectors, services
from apps.accounts.services import ActionNotice
from apps.accounts.tests.conftest import MONDAY, Desk, day
from qts.domain.errors import TerminalError
from qts.domain.portfolio import ActionKind, ActionTerms
from qts.domain.values import Actor, ActorKind, Side

FIRST, SECOND = Actor(ActorKind.USER, "1"), Actor(ActorKind.USER, "2")
MON, TUE, WED, THU = day(0), day(1), day(2), day(3)
WED_12_59_59, WED_13 = day(2, 12, 59, 59), day(2, 13)
PAID = date(2026, 11, 20)


@dataclass(frozen=True)
class Trade:
    side: str
    quantity: int
    price_vnd: int
    symbol: str = "SSI"
    now: datetime = MON


@dataclass(frozen=True)
class Cash:
    kind: str
    amount_vnd: int
    now: datetime = MON
    reference: str = ""


@dataclass(frozen=True)
class Hold:
    """A working order: cash of a purchase, or shares of a sale."""

    side: str
    quantity: int
    amount_vnd: int = 0


@dataclass(frozen=True)
class Action:
    """Its ex-date is Wednesday; paid or listed on Friday of the week after."""

    kind: str
    cash: int = 0
    new: int = 0
    old: int = 1
    price: int = 0


@dataclass(frozen=True)
class Subscribe:
    quantity: int
    now: datetime = THU


@dataclass(frozen=True)
class Refused:
    """What is tried and must change nothing."""

    act: Any


def buy(quantity: int, price_vnd: int, symbol: str = "SSI", now: datetime = MON) -> Trade:
    return Trade("BUY", quantity, price_vnd, symbol, now)


def sell(quantity: int, price_vnd: int, symbol: str = "SSI", now: datetime = MON) -> Trade:
    return Trade("SELL", quantity, price_vnd, symbol, now)


# (what happens, when it is looked at, what the books say); what is not named is not looked at
EXAMPLES: dict[str, tuple[list[Any], datetime, dict[str, int]]] = {
    # --- purchases: 200 x 25,000 = 5,000,000, fee 7,500
    "01 a purchase is owed at once": ([buy(200, 25_000)], MON, {"payable": 5_007_500, "free": 94_992_500}),
    "02 it costs its value and its fee": ([buy(200, 25_000)], MON, {"SSI": 1_200, "SSI cost": 29_007_500}),
    "03 its shares may not be sold that day": ([buy(200, 25_000, "HPG")], MON, {"HPG": 200, "HPG sellable": 0}),
    "04 nor on the next": ([buy(200, 25_000, "HPG")], TUE, {"HPG sellable": 0}),
    "05 nor at 12:59:59 of T+2": ([buy(200, 25_000, "HPG")], WED_12_59_59, {"HPG sellable": 0, "settled": 100_000_000}),
    # 100,000,000 - 5,007,500
    "06 but at 13:00:00": ([buy(200, 25_000, "HPG")], WED_13, {"HPG sellable": 200, "settled": 94_992_500}),
    # Thursday and Friday have no holiday, Monday is T+2
    "07 over a week-end T+2 is Monday": ([buy(200, 25_000, "HPG", THU)], day(7, 12, 59, 59), {"HPG sellable": 0}),
    "08 at 13:00 of it": ([buy(200, 25_000, "HPG", THU)], day(7, 13), {"HPG sellable": 200}),
    # 333 x 17,350 = 5,777,550; 0.15 % = 8,666.325
    "09 a fee is rounded down": ([buy(333, 17_350, "HPG")], MON, {"HPG cost": 5_786_216, "payable": 5_786_216}),
    # 1 x 600: 0.9 VND of fee
    "10 a fee below one dong is none": ([buy(1, 600, "HPG")], MON, {"HPG cost": 600}),
    # 200 x 25,000 + 7,500 and 100 x 26,000 + 3,900
    "11 purchases add up": (
        [buy(200, 25_000, "HPG"), buy(100, 26_000, "HPG")], MON, {"HPG cost": 7_611_400, "HPG": 300},
    ),
    # --- partial fills of an order of 1,000 at 20,000 that holds 20,030,000
    "12 an order holds cash back": (
        [Hold("BUY", 1_000, 20_030_000)], MON, {"free": 79_970_000, "settled": 100_000_000},
    ),
    # 400 x 19,900 = 7,960,000 + 11,940; six tenths of 20,030,000 stay held
    "13 a partial fill pays its part": (
        [Hold("BUY", 1_000, 20_030_000), ("fill", buy(400, 19_900))], MON,
        {"payable": 7_971_940, "reserved": 12_018_000, "free": 80_010_060},
    ),
    # 12,000,000 + 18,000 more
    "14 the last fill gives the rest back": (
        [Hold("BUY", 1_000, 20_030_000), ("fill", buy(400, 19_900)), ("fill", buy(600, 20_000))], MON,
        {"payable": 19_989_940, "reserved": 0, "free": 80_010_060},
    ),
    "15 a cancel gives all back": (
        [Hold("BUY", 1_000, 20_030_000), "cancel"], MON, {"reserved": 0, "free": 100_000_000},
    ),
    "16 a sale holds shares back": ([Hold("SELL", 600)], MON, {"SSI": 1_000, "SSI sellable": 400, "free": 100_000_000}),
    "17 its cancel too": ([Hold("SELL", 600), "cancel"], MON, {"SSI sellable": 1_000}),
    # --- sales: 300 x 25,000 = 7,500,000; fee 11,250; tax 7,500; cost 24,000,000 x 300 / 1,000 = 7,200,000
    "18 a sale earns net of fee, tax and cost": (
        [sell(300, 25_000)], MON, {"realised": 281_250, "SSI cost": 16_800_000},
    ),
    "19 its cash is on its way": ([sell(300, 25_000)], MON, {"pending": 7_481_250, "free": 100_000_000}),
    "20 and there at 13:00 of T+2": ([sell(300, 25_000)], WED_13, {"pending": 0, "free": 107_481_250}),
    "21 not a second before": ([sell(300, 25_000)], WED_12_59_59, {"pending": 7_481_250, "free": 100_000_000}),
    # 300 x 20,000 = 6,000,000 - 9,000 - 6,000 - 7,200,000: the tax is taken of a loss too
    "22 a loss is taxed all the same": ([sell(300, 20_000)], MON, {"realised": -1_215_000, "pending": 5_985_000}),
    # 25,000,000 - 37,500 - 25,000 - 24,000,000
    "23 who sells all has no cost left": ([sell(1_000, 25_000)], MON, {"SSI": 0, "SSI cost": 0, "realised": 937_500}),
    # 24,000,000 x 333 / 1,000 = 7,992,000, then 16,008,000 x 333 / 667 = 7,992,000, then all of 8,016,000
    "24 in three parts too": (
        [sell(333, 24_000), sell(333, 24_000), sell(334, 24_000)], MON, {"SSI": 0, "SSI cost": 0},
    ),
    # 1 x 999: fee 1.4985, tax 0.999 -> 999 - 1 - 0 - 24,000
    "25 fee and tax of one share": ([sell(1, 999)], MON, {"pending": 998, "realised": -23_002}),
    "26 more than is held is refused": ([Refused(sell(1_001, 25_000))], MON, {"SSI": 1_000, "pending": 0}),
    "27 nothing is no fill": ([Refused(buy(0, 25_000)), Refused(buy(100, 0))], MON, {"payable": 0}),
    # bought Monday, sold on Wednesday afternoon: 5,007,500 out; 200 x 26,000 = 5,200,000 - 7,800 - 5,200 - 5,007,500
    "28 a round trip": (
        [buy(200, 25_000, "HPG"), sell(200, 26_000, "HPG", WED_13)], WED_13, {"realised": 179_500, "HPG": 0},
    ),
    # --- cash
    "29 a deposit may be spent at once": (
        [Cash("DEPOSIT", 5_000_000)], MON, {"free": 105_000_000, "opening": 105_000_000},
    ),
    "30 a withdrawal is gone": ([Cash("WITHDRAWAL", 5_000_000)], MON, {"free": 95_000_000, "realised": 0}),
    "31 what is held back stays": (
        [Hold("BUY", 1_000, 20_030_000), Refused(Cash("WITHDRAWAL", 79_970_001))], MON, {"free": 79_970_000},
    ),
    "32 a document counts once": (
        [Cash("DEPOSIT", 7, reference="D"), Refused(Cash("DEPOSIT", 7, reference="D"))], MON, {"settled": 100_000_007},
    ),
    "33 interest is income": ([Cash("INTEREST_EARNED", 12_345)], MON, {"settled": 100_012_345, "opening": 100_000_000}),
    # 7,481,250 come: 5,000,000 are lent on it on Monday, and 2,481,250 are left on Wednesday; 5,000,000 for two days
    # at 12 % a year are 3,287, less than the least fee of 10,000
    "34 an advance": (
        [sell(300, 25_000), Cash("ADVANCE", 5_000_000)], MON, {"free": 104_990_000, "advanced": 5_000_000},
    ),
    "35 is taken back": ([sell(300, 25_000), Cash("ADVANCE", 5_000_000)], WED_13, {"free": 107_471_250, "advanced": 0}),
    # --- companies: 1,000 SSI as Wednesday begins
    # 1,500,000 - 75,000
    "36 a cash dividend": ([Action("CASH_DIVIDEND", cash=1_500)], day(11, 9, 0), {"settled": 101_425_000, "due": 0}),
    # 150 new ones at no cost, to be sold from their listing
    "37 a stock dividend": (
        [Action("STOCK_DIVIDEND", new=15, old=100)], WED, {"SSI": 1_150, "SSI sellable": 1_000, "SSI cost": 24_000_000},
    ),
    # listed on Friday the 20th: 100 x 20,000 = 2,000,000 - 3,000 - 2,000 - 100 x 10,000 x 5 % = 50,000
    # - 24,000,000 x 100 / 1,150 = 2,086,956
    "38 its tax when sold": (
        [Action("STOCK_DIVIDEND", new=15, old=100), sell(100, 20_000, now=day(11))], day(11), {"realised": -141_956},
    ),
    "39 a split": ([Action("SPLIT", new=2, old=1)], WED, {"SSI": 2_000, "SSI sellable": 2_000, "SSI cost": 24_000_000}),
    # 1,000 / 4 = 250 rights; 250 x 12,000 = 3,000,000
    "40 rights": (
        [Action("RIGHTS", new=1, old=4, price=12_000), Refused(Subscribe(251)), Subscribe(250)], THU,
        {"SSI": 1_250, "SSI sellable": 1_000, "SSI cost": 27_000_000, "settled": 97_000_000},
    ),
}  # fmt: skip


class Clerk:
    """Does one act after the other; the last order that works is the one that fills and cancels are of."""

    def __init__(self, account_id: UUID) -> None:
        self.account_id, self.desk = account_id, Desk(account_id)
        self.order_id: UUID | None = None
        self.action_id: UUID | None = None
        self.documents = 0

    def do(self, act: Any) -> None:
        match act:
            case Refused(tried):
                with pytest.raises(TerminalError):
                    self.do(tried)
            case ("fill", Trade() as fill):
                self.desk.fill(Side(fill.side), fill.quantity, fill.price_vnd, fill.symbol, order_id=self.order_id)
            case Trade(side, quantity, price_vnd, symbol, now):
                self.desk.fill(Side(side), quantity, price_vnd, symbol, now)
            case Hold(side, quantity, amount_vnd):
                self.order_id = self.desk.reserve(Side(side), quantity, amount_vnd)
            case "cancel":
                assert self.order_id is not None
                self.desk.release(self.order_id)
            case Cash():
                self._move_cash(act)
            case Action():
                self._announce(act)
            case Subscribe(quantity, now):
                assert self.action_id is not None
                services.subscribe_rights(
                    account_id=self.account_id, action_id=self.action_id, quantity=quantity, listed_on=PAID, now=now
                )

    def _move_cash(self, act: Cash) -> None:
        self.documents += 1
        services.record_cash_event(
            account_id=self.account_id,
            kind=act.kind,
            amount_vnd=act.amount_vnd,
            reference=act.reference or f"document {self.documents}",
            actor=FIRST,
            now=act.now,
        )

    def _announce(self, act: Action) -> None:
        terms = ActionTerms(ActionKind(act.kind), act.cash, act.new, act.old, act.price)
        notice = ActionNotice("SSI", WED.date(), PAID, terms, "notice")
        self.action_id = services.propose_action(notice, actor=FIRST, now=MONDAY)
        services.confirm_action(self.action_id, actor=SECOND, now=MONDAY)
        services.settle_due(WED.replace(hour=8))


def books(account_id: UUID, now: datetime) -> dict[str, int]:
    state = selectors.account_state(account_id, now)
    told = {
        "settled": state.cash_settled_vnd,
        "pending": state.cash_pending_vnd,
        "payable": state.payable_vnd,
        "reserved": state.reserved_orders_vnd,
        "free": state.buying_power_vnd,
        "advanced": state.advanced_vnd,
        "due": state.dividends_due_vnd,
        "opening": state.opening_cash_vnd,
        "realised": state.realised_pnl_vnd,
    }
    for symbol in ("SSI", "HPG"):
        position = state.position(symbol)
        told |= {
            symbol: position.quantity,
            f"{symbol} sellable": position.sellable_quantity,
            f"{symbol} cost": position.cost_total_vnd,
        }
    return told


@pytest.mark.parametrize("name", EXAMPLES)
def test_worked_example(account_id, name):
    acts, now, expected = EXAMPLES[name]
    clerk = Clerk(account_id)
    for act in acts:
        clerk.do(act)
    told = books(account_id, now)
    assert {what: told[what] for what in expected} == expected
    services.settle_due(now)  # posted or not, the books say the same
    told = books(account_id, now)
    assert {what: told[what] for what in expected} == expected
    assert selectors.ledger_differences(account_id, now=now) == []


def test_there_are_forty_of_them():
    assert [name[:2] for name in EXAMPLES] == [f"{number:02}" for number in range(1, 41)]
