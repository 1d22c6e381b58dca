"""The facts of a backtest as the live gate wants them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from qts.backtest.account import Account, Market
from qts.domain.errors import RuleCode
from qts.domain.market import Band, Instrument, RuleBook, session_at
from qts.domain.orders import OrderIntent, OrderRequest
from qts.domain.portfolio import FeeSchedule
from qts.domain.risk import AccountFacts, MarketFacts, RiskSnapshot, evaluate
from qts.domain.strategy.sizing import Proposal
from qts.domain.values import Side

_FOREIGN_OWNER: Final = {RuleCode.FOREIGN_ROOM_EXCEEDED: 0}


def breaches_of(
    proposal: Proposal,
    instrument: Instrument,
    market: Market,
    account: Account,
    fees: FeeSchedule,
    *,
    rules: RuleBook,
    reference_vnd: int,
    band: Band,
    at: datetime,
    foreign_room_left: int | None = None,
) -> Sequence[str]:
    """The codes for which the gate keeps the order back; none when it may go out. `rules` are those of the day on which
    it would."""
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
            session=session_at(rules, instrument.exchange, at),
            is_tradable=True,
            has_quote=True,
            stream_age_ms=0,
            last_vnd=market.close_vnd,
            foreign_room_left=foreign_room_left,
        ),
        limits={} if foreign_room_left is None else _FOREIGN_OWNER,
        rules=rules,
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
