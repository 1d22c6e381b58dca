"""What the broker must not forget, in one SQLite file; nothing is answered or published before it is committed.

Rows hold JSON of the structs: the file is read by this program alone, at its start. `commit` returns after fsync.
"""

import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec

from simulator.broker.accounts import Account
from simulator.broker.movements import CashMovement, MovementKind
from simulator.broker.orders import ClientOrder

_SCHEMA: Final = """
create table if not exists facts (name text primary key, body text not null);
create table if not exists accounts (number text primary key, body text not null);
create table if not exists orders (order_id integer primary key, day text not null, body text not null);
create index if not exists orders_by_day on orders (day);
create table if not exists fills (
    fill_id integer primary key, order_id integer not null, day text not null,
    quantity integer not null, price_vnd integer not null, at_ms integer not null);
create table if not exists movements (
    movement_id integer primary key, account text not null, day text not null, at_ms integer not null,
    kind text not null, amount_vnd integer not null, order_id text not null);
create table if not exists calls (
    call_id integer primary key, customer_id text not null, day text not null, at_ms integer not null,
    name text not null, body text not null, refusal text not null);
create table if not exists requests (
    customer_id text not null, day text not null, request_id text not null,
    primary key (customer_id, day, request_id));
create table if not exists notices (
    customer_id text not null, day text not null, notify_id integer not null, body text not null,
    primary key (customer_id, day, notify_id));
create table if not exists securities (symbol text primary key, body text not null);
create table if not exists daily_bars (
    symbol text not null, day text not null, body text not null, primary key (symbol, day));
create table if not exists minute_bars (
    symbol text not null, start_ms integer not null, day text not null, body text not null,
    primary key (symbol, start_ms));
"""


class Journal:
    """One writer, one thread. Rows written are visible to reads at once and durable after `commit`."""

    def __init__(self, file: Path) -> None:
        self._database = sqlite3.connect(file)
        self._database.execute("pragma journal_mode=wal")
        self._database.execute("pragma synchronous=full")
        self._database.executescript(_SCHEMA)

    def commit(self) -> None:
        self._database.commit()

    def close(self) -> None:
        self._database.commit()
        self._database.close()

    # --- single facts ---------------------------------------------------------------------------------------------

    def put_fact(self, name: str, value: Any) -> None:
        self._database.execute("insert or replace into facts values (?, ?)", (name, _text(value)))

    def fact(self, name: str) -> Any:
        """The value, or None."""
        row = self._database.execute("select body from facts where name = ?", (name,)).fetchone()
        return msgspec.json.decode(row[0]) if row else None

    def put_trading_day(self, day: date) -> None:
        self.put_fact("trading_day", day)

    def trading_day(self) -> date | None:
        """The one that was begun last, if any was."""
        stored = self.fact("trading_day")
        return date.fromisoformat(stored) if stored else None

    # --- customers ------------------------------------------------------------------------------------------------

    def put_account(self, account: Account) -> None:
        self._database.execute("insert or replace into accounts values (?, ?)", (account.number, _text(account)))

    def accounts(self) -> list[Account]:
        rows = self._database.execute("select body from accounts order by number")
        return [msgspec.json.decode(body, type=Account) for (body,) in rows]

    def put_order(self, order: ClientOrder) -> None:
        row = (int(order.order_id), order.day.isoformat(), _text(order))
        self._database.execute("insert or replace into orders values (?, ?, ?)", row)

    def orders(self, first: date, last: date) -> list[ClientOrder]:
        """Of these trading days, in order of entry."""
        rows = self._database.execute(
            "select body from orders where day between ? and ? order by order_id", (first.isoformat(), last.isoformat())
        )
        return [msgspec.json.decode(body, type=ClientOrder) for (body,) in rows]

    def all_orders(self) -> list[ClientOrder]:
        """Of every day."""
        return self.orders(date.min, date.max)

    def last_order_id(self) -> int:
        """0 before the first order."""
        return int(self._database.execute("select coalesce(max(order_id), 0) from orders").fetchone()[0])

    def add_fill(self, order: ClientOrder, *, quantity: int, price_vnd: int, at_ms: int) -> None:
        row = (int(order.order_id), order.day.isoformat(), quantity, price_vnd, at_ms)
        self._database.execute("insert into fills values (null, ?, ?, ?, ?, ?)", row)

    def fills(self) -> list[dict[str, Any]]:
        """Every fill ever, oldest first."""
        rows = self._database.execute("select order_id, day, quantity, price_vnd, at_ms from fills order by fill_id")
        names = ("orderID", "day", "quantity", "price_vnd", "at_ms")
        return [dict(zip(names, (str(row[0]), *row[1:]), strict=True)) for row in rows]

    def add_movement(self, movement: CashMovement) -> None:
        row = (
            movement.account,
            movement.day.isoformat(),
            movement.at_ms,
            movement.kind,
            movement.amount_vnd,
            movement.order_id,
        )
        self._database.execute("insert into movements values (null, ?, ?, ?, ?, ?, ?)", row)

    def movements(self) -> list[CashMovement]:
        """Every one ever, oldest first."""
        rows = self._database.execute(
            "select account, day, at_ms, kind, amount_vnd, order_id from movements order by movement_id"
        )
        return [
            CashMovement(account, date.fromisoformat(day), at_ms, MovementKind(kind), amount_vnd, order_id)
            for account, day, at_ms, kind, amount_vnd, order_id in rows
        ]

    def add_call(self, customer_id: str, day: date, at_ms: int, *, name: str, body: str, refusal: str) -> None:
        """A signed request whose sender was known; `refusal` is "" when it was accepted."""
        row = (customer_id, day.isoformat(), at_ms, name, body, refusal)
        self._database.execute("insert into calls values (null, ?, ?, ?, ?, ?, ?)", row)

    def calls(self) -> list[dict[str, Any]]:
        """Every one ever, oldest first; `request` is the body as it came, without the second factor."""
        rows = self._database.execute("select customer_id, day, at_ms, name, body, refusal from calls order by call_id")
        return [
            {
                "customer": customer_id,
                "day": day,
                "at_ms": at_ms,
                "name": name,
                "request": msgspec.json.decode(body),
                "refusal": refusal,
            }
            for customer_id, day, at_ms, name, body, refusal in rows
        ]

    def everything(self) -> dict[str, Any]:
        """All that was ever asked, accepted, matched and booked, oldest first, for whoever judges: as plain JSON."""
        return {
            "requests": self.calls(),
            "orders": msgspec.to_builtins(self.all_orders()),
            "fills": self.fills(),
            "cash_movements": msgspec.to_builtins(self.movements()),
            "accounts": msgspec.to_builtins(self.accounts()),
        }

    def take_request_id(self, customer_id: str, day: date, request_id: str) -> bool:
        """False when the customer has used it that day."""
        row = (customer_id, day.isoformat(), request_id)
        return self._database.execute("insert or ignore into requests values (?, ?, ?)", row).rowcount == 1

    def add_notice(self, customer_id: str, day: date, notify_id: int, body: str) -> None:
        row = (customer_id, day.isoformat(), notify_id, body)
        self._database.execute("insert into notices values (?, ?, ?, ?)", row)

    def notices(self, customer_id: str, day: date, from_notify_id: int) -> list[str]:
        rows = self._database.execute(
            "select body from notices where customer_id = ? and day = ? and notify_id >= ? order by notify_id",
            (customer_id, day.isoformat(), from_notify_id),
        )
        return [body for (body,) in rows]

    def last_notify_id(self, customer_id: str, day: date) -> int:
        row = self._database.execute(
            "select coalesce(max(notify_id), 0) from notices where customer_id = ? and day = ?",
            (customer_id, day.isoformat()),
        ).fetchone()
        return int(row[0])

    # --- market ---------------------------------------------------------------------------------------------------

    def put_security(self, symbol: str, body: Any) -> None:
        self._database.execute("insert or replace into securities values (?, ?)", (symbol, _text(body)))

    def securities(self) -> dict[str, str]:
        """JSON text by symbol."""
        return dict(self._database.execute("select symbol, body from securities"))

    def put_daily_bar(self, symbol: str, day: date, body: Any) -> None:
        row = (symbol, day.isoformat(), _text(body))
        self._database.execute("insert or replace into daily_bars values (?, ?, ?)", row)

    def daily_bars(self, symbol: str, first: date, last: date) -> Iterator[str]:
        rows = self._database.execute(
            "select body from daily_bars where symbol = ? and day between ? and ? order by day",
            (symbol, first.isoformat(), last.isoformat()),
        )
        return (body for (body,) in rows)

    def put_minute_bar(self, symbol: str, start_ms: int, day: date, body: Any) -> None:
        row = (symbol, start_ms, day.isoformat(), _text(body))
        self._database.execute("insert or replace into minute_bars values (?, ?, ?, ?)", row)

    def minute_bars(self, symbol: str, first: date, last: date) -> Iterator[str]:
        rows = self._database.execute(
            "select body from minute_bars where symbol = ? and day between ? and ? order by start_ms",
            (symbol, first.isoformat(), last.isoformat()),
        )
        return (body for (body,) in rows)


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()
