"""From a strategy's intent to a working order: the same sizing and the same gate as live."""

from dataclasses import dataclass
from datetime import datetime

from qts.backtest.book import Account, WorkingOrder
from qts.backtest.result import Refusal
from qts.backtest.spec import BacktestSpec
from qts.domain.market import Band, Instrument, next_price_down, next_price_up, round_down_to_tick, session_at
from qts.domain.orders import OrderIntent, OrderRequest
from qts.domain.portfolio import cash_needed_vnd
from qts.domain.risk import AccountFacts, MarketFacts, RiskSnapshot, evaluate
from qts.domain.strategy import Intent
from qts.domain.strategy.sizing import Holding, NoOrder, Proposal, TopOfBook, propose
from qts.domain.values import Side


@dataclass(frozen=True, slots=True)
class Quote:
    """The market that an order is judged by: the bar that just closed."""

    close_vnd: int
    reference_vnd: int
    band: Band
    equity_vnd: int


class Desk:
    def __init__(self, spec: BacktestSpec, account: Account) -> None:
        self._spec, self._account = spec, account
        self.refusals: list[Refusal] = []

    def working(self, symbol: str) -> int:
        """The signed remainder of what works."""
        account = self._account
        return account.working_quantity(symbol, Side.BUY) - account.working_quantity(symbol, Side.SELL)

    def act(self, symbol: str, intent: Intent, quote: Quote, now: datetime) -> None:
        instrument = self._spec.instruments[symbol]
        holding = Holding(
            held=self._account.held(symbol),
            working=self.working(symbol),
            sellable=self._account.sellable(symbol),
            round_lot=instrument.lot_size,
        )
        proposal = propose(intent, holding, _top(instrument, quote, self._spec.spread_ticks))
        if isinstance(proposal, NoOrder):
            self._refuse(symbol, intent, proposal.reason, now)
            return
        request = OrderRequest(
            symbol, proposal.side, proposal.order_type, proposal.quantity, proposal.price_vnd, client_order_id=""
        )
        breaches = evaluate(self._snapshot(instrument, quote, now), OrderIntent(request, instrument))
        if breaches:
            self._refuse(symbol, intent, ", ".join(dict.fromkeys(breach.code for breach in breaches)), now)
            return
        self._work(symbol, proposal, quote, intent.signal)

    def _work(self, symbol: str, proposal: Proposal, quote: Quote, signal: str) -> None:
        """An order without a limit price reaches as far as the band lets it."""
        widest_vnd = quote.band.ceiling_vnd if proposal.side is Side.BUY else quote.band.floor_vnd
        price_vnd = proposal.price_vnd or widest_vnd
        reserved_vnd = 0
        if proposal.side is Side.BUY:
            reserved_vnd = cash_needed_vnd(quantity=proposal.quantity, price_vnd=price_vnd, fees=self._spec.fees)
        order = WorkingOrder(symbol, proposal.side, price_vnd, proposal.quantity, signal, reserved_vnd)
        self._account.working.setdefault(symbol, []).append(order)

    def _refuse(self, symbol: str, intent: Intent, reason: str, now: datetime) -> None:
        self.refusals.append(Refusal(round(now.timestamp() * 1_000), symbol, intent.signal, reason))

    def _snapshot(self, instrument: Instrument, quote: Quote, now: datetime) -> RiskSnapshot:
        account, symbol = self._account, instrument.symbol
        return RiskSnapshot(
            account=AccountFacts(
                is_active=True,
                buying_power_vnd=account.buying_power_vnd(),
                position_quantity=account.held(symbol),
                pending_buy_quantity=account.working_quantity(symbol, Side.BUY),
                sellable_quantity=account.sellable(symbol),
                open_order_count=account.open_order_count,
                day_pnl_vnd=0,
                equity_vnd=quote.equity_vnd,
            ),
            market=MarketFacts(
                instrument=instrument,
                reference_vnd=quote.reference_vnd,
                ceiling_vnd=quote.band.ceiling_vnd,
                floor_vnd=quote.band.floor_vnd,
                session=session_at(instrument.exchange, now),
                is_tradable=True,
                has_quote=True,
                stream_age_ms=0,
                last_vnd=quote.close_vnd,
            ),
            limits={},
            fees=self._spec.fees,
        )


def _top(instrument: Instrument, quote: Quote, spread_ticks: int) -> TopOfBook:
    """Both sides so many steps away from the close, inside of the day's band."""
    exchange, kind = instrument.exchange, instrument.kind
    bid_vnd = round_down_to_tick(exchange, kind, quote.close_vnd)
    ask_vnd = bid_vnd if bid_vnd == quote.close_vnd else next_price_up(exchange, kind, bid_vnd)
    for _ in range(spread_ticks):
        bid_vnd = next_price_down(exchange, kind, bid_vnd)
        ask_vnd = next_price_up(exchange, kind, ask_vnd)
    return TopOfBook(
        bid_vnd=max(bid_vnd, quote.band.floor_vnd),
        ask_vnd=min(ask_vnd, quote.band.ceiling_vnd),
        last_vnd=quote.close_vnd,
    )
