"""The gate beside NautilusTrader's risk engine: `python -m benchmarks.risk_peer ORDERS REPEATS`.

Runs in an environment that holds nothing but NautilusTrader. Its engine gets each order as a command that was made
before, and does what it checks of its own: instrument, precision, quantity, value of the order, free balance, rate. The
commands that pass end in a counter instead of at a broker.
"""

import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from benchmarks.risk_orders import Asked, cases, rate
from qts.domain.risk import evaluate
from qts.domain.values import OrderType, Side

CASH_VND = 10**10
ORDER_VALUE_VND_MAX = 10**9
RATE_MAX = "1000000000/00:00:01"


def _class(path: str) -> Any:
    # imported by name: it is not installed where QTS is
    module, _, name = path.rpartition(".")
    return getattr(import_module(f"nautilus_trader.{module}"), name)


class PeerEngine:
    """One cash account, one equity in whole dong, and the checks that the engine has for them."""

    def __init__(self) -> None:
        stubs = _class("test_kit.stubs.component.TestComponentStubs")
        self.passed = self.denied = 0
        self._bus, cache, clock = stubs.msgbus(), stubs.cache(), stubs.clock()
        self._instrument_id = _class("model.identifiers.InstrumentId").from_str("SSI.HOSE")
        self._vnd = self._currency()
        cache.add_instrument(self._instrument())
        cache.add_account(self._account())
        cache.add_quote_tick(self._quote())
        portfolio = _class("portfolio.portfolio.Portfolio")(self._bus, cache, clock)
        config = _class("config.RiskEngineConfig")(
            max_order_submit_rate=RATE_MAX,
            max_order_modify_rate=RATE_MAX,
            max_notional_per_order={"SSI.HOSE": ORDER_VALUE_VND_MAX},
        )
        self._engine = _class("risk.engine.RiskEngine")(portfolio, self._bus, cache, clock, config)
        self._bus.register("ExecEngine.execute", self._pass)
        self._bus.register("ExecEngine.process", self._deny)
        self._engine.start()
        self._factory = stubs.order_factory()
        self.check: Callable[[Any], None] = self._engine.execute

    def _pass(self, _command: Any) -> None:
        self.passed += 1

    def _deny(self, _event: Any) -> None:
        self.denied += 1

    @staticmethod
    def _currency() -> Any:
        kind = _class("model.enums.CurrencyType").FIAT
        return _class("model.objects.Currency")("VND", 0, 704, "Vietnamese dong", kind)

    def _instrument(self) -> Any:
        price, quantity = _class("model.objects.Price"), _class("model.objects.Quantity")
        return _class("model.instruments.Equity")(
            self._instrument_id, self._instrument_id.symbol, self._vnd, 0, price(50, 0), quantity.from_int(100), 0, 0
        )

    def _quote(self) -> Any:
        """What an order without a price is valued at."""
        price, size = _class("model.objects.Price"), _class("model.objects.Quantity").from_int(1_000)
        return _class("model.data.QuoteTick")(self._instrument_id, price(24_950, 0), price(25_050, 0), size, size, 0, 0)

    def _account(self) -> Any:
        money, no_money = (_class("model.objects.Money")(amount, self._vnd) for amount in (CASH_VND, 0))
        state = _class("model.events.AccountState")(
            _class("model.identifiers.AccountId")("HOSE-1"), _class("model.enums.AccountType").CASH, self._vnd, True,
            [_class("model.objects.AccountBalance")(money, no_money, money)], [], {},
            _class("core.uuid.UUID4")(), 0, 0,
        )  # fmt: skip
        return _class("accounting.accounts.cash.CashAccount")(state, calculate_account_state=True)

    def command_of(self, asked: Asked) -> Any:
        request = asked[1].request
        enum = _class("model.enums.OrderSide")
        side = enum.BUY if request.side is Side.BUY else enum.SELL
        quantity = _class("model.objects.Quantity").from_int(request.quantity)
        if request.order_type is OrderType.LO:
            price = _class("model.objects.Price")(request.price_vnd, 0)
            order = self._factory.limit(self._instrument_id, side, quantity, price)
        else:
            order = self._factory.market_to_limit(self._instrument_id, side, quantity)
        return _class("execution.messages.SubmitOrder")(
            order.trader_id, order.strategy_id, order, _class("core.uuid.UUID4")(), 0
        )


def main(orders: int, repeats: int) -> None:
    asked = cases(orders)
    peer = PeerEngine()
    commands = [(peer.command_of(each), each[1]) for each in asked]
    found: dict[str, list[float]] = {"own": [], "peer": []}

    def theirs(command: Any, _intent: object) -> object:
        return peer.check(command)

    for _ in range(repeats):
        found["own"].append(rate(evaluate, asked, time.process_time))
        found["peer"].append(rate(theirs, commands, time.process_time))
    if peer.passed + peer.denied != orders * repeats or peer.passed < 0.9 * orders * repeats:
        raise ValueError(f"{peer.passed} passed, {peer.denied} denied of {orders * repeats}")
    sys.stdout.write(json.dumps(found | {"version": import_module("nautilus_trader").__version__}) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
