"""Strategies that do what a strategy must not, to see what the host makes of it."""

import os
import sys
import time
from typing import ClassVar

from qts.domain.strategy import Bar, Context, Intent, Intents, Parameters, PlaceOrder, Strategy, TargetPosition
from qts.domain.values import OrderType, Side


class _Misbehaving(Strategy[Parameters]):
    title: ClassVar[str] = "Misbehaving"
    summary: ClassVar[str] = "For tests."


class Raises(_Misbehaving):
    key = "raises"

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        raise ValueError("the sky is falling")


class OrdersTwice(_Misbehaving):
    key = "orders_twice"

    def on_bar(self, bar: Bar, context: Context) -> Intents:
        return [PlaceOrder(Side.SELL, 200, OrderType.LO, bar.close_vnd, "half"), TargetPosition(0, "the rest")]


class Floods(_Misbehaving):
    key = "floods"

    def on_bar(self, bar: Bar, context: Context) -> Intents:
        return [TargetPosition(100, "more")] * 10_000


class Babbles(_Misbehaving):
    key = "babbles"

    def on_bar(self, bar: Bar, context: Context) -> Intents:
        return [TargetPosition(100, "one"), 7]  # type: ignore[list-item]


class Rambles(_Misbehaving):
    key = "rambles"

    def on_bar(self, bar: Bar, context: Context) -> Intents:
        return TargetPosition(100, "on and on " * 200_000)


class SaysNul(_Misbehaving):
    key = "says_nul"

    def on_bar(self, bar: Bar, context: Context) -> Intents:
        return TargetPosition(100, "a\x00b")


class RaisesNul(_Misbehaving):
    key = "raises_nul"

    def on_bar(self, bar: Bar, context: Context) -> Intents:
        raise ValueError("a\x00b")


class WritesNul(_Misbehaving):
    key = "writes_nul"

    def on_bar(self, bar: Bar, context: Context) -> Intents:
        os.write(2, b"a\x00b")
        os._exit(7)


class Hangs(_Misbehaving):
    key = "hangs"

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        while True:
            time.sleep(1)


class Exits(_Misbehaving):
    key = "exits"

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        os._exit(7)


class Hoards(_Misbehaving):
    key = "hoards"

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        bytearray(4 << 30)
        return None


class Chatters(_Misbehaving):
    key = "chatters"

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        print("buy everything")
        sys.stdout.write('{"type": "target"}\n')
        return TargetPosition(100, "calm")


class TellsItsEnvironment(_Misbehaving):
    key = "tells"

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        return TargetPosition(0, ",".join(sorted(os.environ)))


class OrdersDirectly(_Misbehaving):
    key = "orders"

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        return PlaceOrder(Side.SELL, 200, OrderType.LO, bar.close_vnd, "take profit")
