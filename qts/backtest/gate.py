"""The facts of a backtest as the live gate wants them."""

from collections.abc import Sequence
from datetime import datetime

from qts.backtest.account import Account, Market
from qts.domain.market import Band, Instrument, session_at
from qts.domain.orders import OrderIntent, OrderRequest
from qts.domain.portfolio import FeeSchedule
from qts.domain.risk import AccountFacts, MarketFacts, RiskSnapshot, evaluate
from qts.domain.strategy.sizing import Proposal
from qts.domain.values import Side


def breaches_of(
    proposal: Proposal,
    instrument: Instrument,
    market: Market,
    account: Account,
    fees: FeeSchedule,
    *,
    reference_vnd: int,
    band: Band,
    at: datetime,
) -> Sequence[str]:
    """The codes for which the gate keeps the order back; none when it may go out."""
    request = OrderRequest(
        market.symbol, proposal.side, proposal.order_type, proposal.quantity, proposal.price_vnd, client_order_id=""
    )
    snapshot = RiskSnapshot(
        account=_account_facts(account, market),
        market=MarketFacts(
            instrument=instrument,
            reference_vnd=reference_vnd,
            ceiling_vnd=band.ceiling_vnd,
            floor_vnd=band.floor_vnd,
            session=session_at(instrument.exchange, at),
            is_tradable=True,
            has_quote=True,
            stream_age_ms=0,
            last_vnd=market.close_vnd,
        ),
        limits={},
        fees=fees,
    )
    return [breach.code for breach in evaluate(snapshot, OrderIntent(request, instrument))]


def _account_facts(account: Account, market: Market) -> AccountFacts:
    return AccountFacts(
        is_active=True,
        buying_power_vnd=account.buying_power_vnd(),
        position_quantity=market.held,
        pending_buy_quantity=market.working_quantity(Side.BUY),
        sellable_quantity=account.sellable(market),
        open_order_count=account.order_count,
        day_pnl_vnd=0,
        equity_vnd=account.equity_vnd(),
    )
