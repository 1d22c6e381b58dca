"""QTS and a simulator of its own, hand in hand through trading days: one clock for both, that the test moves.

Everything between them goes over the wire: log-in, master data, market stream, signed orders, order stream, queries.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from uuid import UUID

from django.conf import settings
from ssi_fctrading import FCTradingClient
from ssi_fctrading.models import fcmodel_requests as models

from apps.accounts import selectors as accounts
from apps.accounts import services as books
from apps.accounts.models import AccountMembership, LoanRatio, MarginTerms
from apps.accounts.services.broker import open_client
from apps.accounts.tests.live_market import clock_at
from apps.configuration.services import seed_demo_connections
from apps.marketdata import selectors as marketdata
from apps.marketdata.services import ingest, master_data
from apps.orders import selectors as orders
from apps.orders import services as desk
from apps.orders.models import Discrepancy, Fill, GatewayState
from apps.orders.services.order_stream import position_of, take_frames
from apps.orders.services.sending import send_next
from apps.risk.services import seed_limits
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user
from qts.adapters.redis_client import redis_client
from qts.adapters.ssi.order_stream import connect_order_stream
from qts.adapters.ssi.signalr import SignalRConnection
from qts.adapters.ssi.trading import TradingClient
from qts.domain.market import VIETNAM, to_vietnam
from qts.domain.orders import TERMINAL, OrderRequest
from qts.domain.values import Actor, ActorKind, OrderType, Side
from tests.order_market import OrderMarket, wait_for

SHARES = ("SSI", "VNM", "FPT", "HPG", "VCB")
OPENS = time(8, 40)


@dataclass(frozen=True, slots=True)
class Trader:
    """An account, and what orders for it are sent through."""

    id: UUID
    number: str
    connection_id: UUID
    actor: Actor


class Turn:
    """The right to send, without a lease: nobody else is there."""

    epoch = 1

    def goes_on(self) -> bool:
        return True


class Month:
    """The simulator's clock stands still and jumps with ours. `actions` is the simulator's file of what comes off."""

    def __init__(self, folder: Path, first_day: date, *, seed: int, numbers: Sequence[str], actions: str = "") -> None:
        settings.WAL_DIR = folder / "wal"
        self.rng = random.Random(seed)
        self.now = datetime.combine(first_day, OPENS, tzinfo=VIETNAM)
        settings.MARKET_CLOCK = clock_at(self.now)
        file = folder / "actions.csv"
        file.write_text(actions or "symbol,ex_date,kind,amount,price,pays_on\n")
        extra = ["--universe", "vn30", "--actions", str(file), "--activity", "0.4"]
        self.market = OrderMarket(folder, settings.MARKET_CLOCK, extra=extra)
        self._streams: dict[UUID, SignalRConnection] = {}
        self._wishes = 0
        self._numbers = numbers
        self.actions: dict[tuple[str, date], UUID] = {}
        self.rights_used = False

    def begin(self) -> None:
        """Start the simulator, take the accounts over."""
        self.market.start_simulator()
        for name in ("SSI_DATA_URL", "SSI_STREAM_URL", "SSI_TRADING_URL", "SSI_TRADING_STREAM_URL"):
            setattr(settings, name, self.market.url)
        self.market.ask("sim/clock", {"act": "pause"})
        for service in ("trading", "data"):
            self.market.ask("sim/quota", {"service": service, "limits": []})
        seed_limits(self.now)
        secrets = self.market.ask("sim/credentials")
        connection_of = seed_demo_connections(secrets, now=self.now)
        person = Actor(ActorKind.USER, str(make_user("trader", Role.TRADER).pk))
        master_data.load_master_data_of_day()
        self.market.slices.start(ingest.run_stream_slice)
        self.traders = [self._take_over(number, connection_of[number], person) for number in self._numbers]
        self.clients: dict[UUID, TradingClient] = {
            one: open_client(one) for one in sorted({trader.connection_id for trader in self.traders})
        }
        for connection_id in self.clients:
            GatewayState.objects.get_or_create(connection_id=connection_id)
        self._secrets = {number: one for one in secrets["customers"] for number in one["accounts"]}
        self._official: dict[str, FCTradingClient] = {}

    def end(self) -> None:
        for client in getattr(self, "clients", {}).values():
            client.close()
        self.market.end()

    # --- time -----------------------------------------------------------------------------------------------------

    def jump(
        self, hour: int, minute: int = 0, second: int = 0, *, day: date | None = None, trades: bool = False
    ) -> None:
        """Both clocks; with `trades`, the rest of the market trades in between."""
        moment = datetime.combine(day or self.now.date(), time(hour, minute, second), tzinfo=VIETNAM)
        told = self.market.ask("sim/clock", {"jump_to": f"{moment:%Y-%m-%dT%H:%M:%S}", "trade_through": trades})
        assert told["market_time"] == moment.isoformat(timespec="seconds")
        self.now = moment
        settings.MARKET_CLOCK = clock_at(moment)

    def meet_market(self, *symbols: str) -> None:
        """Until our live prices are the exchange's."""
        wait_for(lambda: self._in_step(symbols), 60, lambda: f"{self.now}: {marketdata.live_quotes(list(symbols))}")

    def _in_step(self, symbols: Sequence[str]) -> bool:
        theirs = self.market.ask("sim/state")
        quotes = marketdata.live_quotes(list(symbols))
        return all(
            quotes[one].reference_vnd
            and quotes[one].last_vnd == theirs["last_vnd"][one]
            and quotes[one].floor_vnd == theirs["floor_vnd"][one]
            for one in symbols
        )

    @contextmanager
    def order_streams(self) -> Iterator[None]:
        """Of one trading day, from its first message."""
        with ExitStack() as stack:
            for connection_id, client in self.clients.items():
                position = position_of(connection_id, self.now.date())
                stream = connect_order_stream(
                    settings.SSI_TRADING_STREAM_URL, client, notify_id=position.last_notify_id
                )
                self._streams[connection_id] = stack.enter_context(stream)
            yield

    # --- orders ---------------------------------------------------------------------------------------------------

    def submit(
        self, trader: Trader, side: Side, symbol: str, quantity: int, *, price_vnd: int | None, kind: OrderType
    ) -> UUID | None:
        """None where the gate refuses it."""
        self._wishes += 1
        request = OrderRequest(symbol, side, kind, quantity, price_vnd, f"wish-{self._wishes}")
        done = desk.submit_order(account_id=trader.id, request=request, actor=trader.actor, now=self.now)
        self.refusals = [str(breach.code) for breach in done.breaches]
        return done.order_id if done.accepted else None

    def send(self) -> None:
        """What is due goes out; what became of it comes back on the order streams."""
        for connection_id, client in self.clients.items():
            while send_next(connection_id, Turn(), client, self.now):
                pass
        self.listen()

    def listen(self) -> None:
        """Until every fill and every end that the simulator knows of is known here."""
        wait_for(self._heard, 60, lambda: f"{self.now}: {self._behind()} {list(Discrepancy.objects.values())}")

    def _heard(self) -> bool:
        for connection_id, stream in self._streams.items():
            take_frames(connection_id, stream.frames(0.02), now=self.now)
        return not self._behind()

    def _behind(self) -> list[str]:
        state = self.market.ask("sim/state")
        day = self.now.date().isoformat()
        theirs = [one for one in state["orders"] if one["day"] == day]
        fills = sum(one["quantity"] for one in state["fills"] if one["day"] == day)
        number_of = {trader.id: trader.number for trader in self.traders}
        ours = {(number_of[one.account_id], one.request_id): one for one in self.orders_of_day()}
        behind = [] if fills == self._filled() else [f"{fills} filled there, {self._filled()} here"]
        for one in theirs:
            mine, is_over = ours[one["account"], one["requestID"]], one["status"] in ("FF", "CL", "FFPC", "RJ", "EX")
            if is_over is not (mine.status in TERMINAL) or (one["status"] == "RS") or mine.status.value == "SENT":
                behind.append(f"{mine.status} is {one['status']} there {one['error_code']}")
        return behind

    def orders_of_day(self) -> list[orders.OrderView]:
        ids = [trader.id for trader in self.traders]
        return [one for one in orders.orders(ids, limit=500) if one.request_id and one.trading_day == self.now.date()]

    def _filled(self) -> int:
        return sum(Fill.objects.filter(trading_day=self.now.date()).values_list("quantity", flat=True))

    def cancel(self, order_id: UUID, trader: Trader) -> None:
        desk.request_cancel(order_id=order_id, actor=trader.actor, now=self.now)
        self.send()

    # --- what no order does ---------------------------------------------------------------------------------------

    def official(self, trader: Trader) -> FCTradingClient:
        """SSI's own client, for calls that QTS does not make."""
        if trader.number not in self._official:
            given = self._secrets[trader.number]
            client = FCTradingClient(
                self.market.url, given["consumer_id"], given["consumer_secret"], given["private_key"], 0
            )
            client.verifyCode(given["pin"])
            self._official[trader.number] = client
        return self._official[trader.number]

    def client(self, trader: Trader) -> TradingClient:
        return self.clients[trader.connection_id]

    def bank(self, trader: Trader, amount_vnd: int) -> None:
        """In when positive."""
        self.market.ask("sim/cash", {"account": trader.number, "amount_vnd": amount_vnd})
        self._enter(trader, "DEPOSIT" if amount_vnd > 0 else "WITHDRAWAL", abs(amount_vnd))

    def advance(self, trader: Trader, amount_vnd: int) -> None:
        asked = models.CashCIA(trader.number, amount_vnd, 0, "")
        answered = self.official(trader).create_cia(asked)
        assert answered["status"] == 200, answered
        self._enter(trader, "ADVANCE", amount_vnd)

    def _enter(self, trader: Trader, kind: str, amount_vnd: int) -> None:
        self._wishes += 1
        books.record_cash_event(
            account_id=trader.id,
            kind=kind,
            amount_vnd=amount_vnd,
            reference=f"D{self._wishes}",
            actor=trader.actor,
            now=self.now,
        )

    def state(self, trader: Trader) -> accounts.AccountState:
        return accounts.account_state(trader.id, self.now)

    def _take_over(self, number: str, connection_id: UUID, person: Actor) -> Trader:
        account_id = books.open_account(number=number, name=number, connection_id=connection_id)
        books.grant_membership(account_id=account_id, username="trader", role=AccountMembership.Role.MANAGE)
        if number.endswith("6"):
            MarginTerms.objects.create(account_id=account_id, credit_limit_vnd=10_000_000_000)
            for symbol in SHARES:
                LoanRatio.objects.get_or_create(account=None, symbol=symbol, defaults={"loan_percent": 50})
        trader = Trader(account_id, number, connection_id, person)
        client = open_client(connection_id)
        try:
            books.take_over(account_id, broker=client, now=self.now)
        finally:
            client.close()
        return trader


def forget_everything() -> None:
    client = redis_client(settings.REDIS_URL)
    for key in list(client.scan_iter("qts:*", count=1_000)):
        client.delete(key)


def today_of(month: Month) -> date:
    return to_vietnam(month.now).date()
