"""Corporate actions into the books of one account. The caller holds its lock and has opened its day."""

from datetime import datetime
from uuid import UUID

from django.db.models import Sum

from apps.accounts.locks import lock_position
from apps.accounts.models import (
    CashBalance,
    CashSettlement,
    CorporateAction,
    CorporateActionBooking,
    DailySnapshot,
    LedgerEntry,
    Position,
    RightsHolding,
    ShareLot,
)
from apps.accounts.services.ledger import Leg, announce_position, post
from qts.domain.market import to_vietnam
from qts.domain.portfolio import ActionKind, ActionTerms, Entitlement, entitlement, paid_at

Ledger = LedgerEntry.Ledger
Kind = LedgerEntry.Kind
TAXED_WHEN_SOLD = (ActionKind.STOCK_DIVIDEND, ActionKind.BONUS)


def terms_of(action: CorporateAction) -> ActionTerms:
    return ActionTerms(
        kind=ActionKind(action.kind),
        cash_per_share_vnd=action.cash_per_share_vnd,
        new_shares=action.new_shares,
        old_shares=action.old_shares,
        subscription_price_vnd=action.subscription_price_vnd,
    )


def reference_of(action_id: UUID) -> str:
    """The name of an action on the ledger."""
    return f"action:{action_id}"


def apply_due_actions(cash: CashBalance, now: datetime) -> int:
    """Book every confirmed action whose ex-date has come and that this account has not seen; how many there were.

    Entitled is what was held as the ex-date began. An account taken over later has nothing to get: the broker's
    balances have it already.
    """
    due = CorporateAction.objects.filter(
        status=CorporateAction.Status.CONFIRMED, ex_date__lte=to_vietnam(now).date()
    ).exclude(bookings__account_id=cash.account_id)
    booked = 0
    for action in due.order_by("ex_date", "kind", "id"):
        held = _held_as_it_began(cash.account_id, action)
        if held is not None:
            _book(cash, action, held, now)
            booked += 1
    return booked


def lapse_rights(cash: CashBalance, now: datetime) -> None:
    """Rights that nobody used by their last day are gone."""
    over = RightsHolding.objects.filter(
        account_id=cash.account_id, open_quantity__gt=0, action__pays_on__lt=to_vietnam(now).date()
    )
    for holding in over.select_related("action").select_for_update(of=("self",)):
        action = holding.action
        legs = [Leg(Ledger.RIGHTS, 0, action.symbol, -holding.open_quantity)]
        post(cash.account_id, Kind.RIGHTS, legs, reference=reference_of(action.id), now=now)
        holding.open_quantity = 0
        holding.save(update_fields=["open_quantity"])


def _held_as_it_began(account_id: UUID, action: CorporateAction) -> int | None:
    days = DailySnapshot.objects.filter(account_id=account_id)
    if not days.filter(trading_day__lt=action.ex_date).exists():
        return None
    first = days.filter(trading_day__gte=action.ex_date).order_by("trading_day").first()
    return int(first.quantities.get(action.symbol, 0)) if first else None


def _book(cash: CashBalance, action: CorporateAction, held: int, now: datetime) -> None:
    got = entitlement(terms_of(action), held)
    CorporateActionBooking.objects.create(
        action=action,
        account_id=cash.account_id,
        entitled_quantity=held,
        cash_vnd=got.cash_vnd,
        tax_vnd=got.tax_vnd,
        shares=got.shares,
        rights=got.rights,
        booked_at=now,
    )
    if got.cash_vnd:
        _book_cash(cash, action, got, now)
    if got.shares:
        _book_shares(cash, action, held, got, now)
    if got.rights:
        RightsHolding.objects.create(account_id=cash.account_id, action=action, open_quantity=got.rights)
        legs = [Leg(Ledger.RIGHTS, 0, action.symbol, got.rights)]
        post(cash.account_id, Kind.RIGHTS, legs, reference=reference_of(action.id), now=now)


def _book_cash(cash: CashBalance, action: CorporateAction, got: Entitlement, now: datetime) -> None:
    due_at, reference = paid_at(action.pays_on), reference_of(action.id)
    legs = [
        Leg(Ledger.DIVIDENDS_DUE, got.net_cash_vnd, action.symbol, due_at=due_at),
        Leg(Ledger.DIVIDEND_TAX, got.tax_vnd, action.symbol),
        Leg(Ledger.DIVIDENDS, -got.cash_vnd, action.symbol),
    ]
    post(cash.account_id, Kind.DIVIDEND, legs, reference=reference, now=now)
    CashSettlement.objects.create(
        account_id=cash.account_id,
        source=CashSettlement.Source.DIVIDEND,
        amount_vnd=got.net_cash_vnd,
        trading_day=action.ex_date,
        due_at=due_at,
        reference=reference,
    )
    cash.dividends_due_vnd += got.net_cash_vnd
    cash.save(update_fields=["dividends_due_vnd"])
    adjust_opening(cash, flows_vnd=got.cash_vnd)


def _book_shares(cash: CashBalance, action: CorporateAction, held: int, got: Entitlement, now: datetime) -> None:
    """The cost stays what it was, spread over another number of shares; what has no share left is lost."""
    position = lock_position(cash.account_id, action.symbol)
    shares = max(got.shares, -position.quantity)
    position.quantity += shares
    is_split = action.kind == ActionKind.SPLIT
    if is_split:
        on_their_way = _split_lots(cash.account_id, action, held, now)
    else:
        on_their_way = _new_lots(cash.account_id, action, shares)
    at_once = shares - sum(leg.quantity for leg in on_their_way)
    lost_vnd = 0 if position.quantity else position.cost_total_vnd
    legs = [
        Leg(Ledger.SECURITIES, -lost_vnd, action.symbol, at_once),
        *on_their_way,
        Leg(Ledger.TRADING_RESULT, lost_vnd, action.symbol),
    ]
    kind = Kind.SPLIT if is_split else Kind.BONUS
    post(cash.account_id, kind, legs, reference=reference_of(action.id), now=now)
    position.cost_total_vnd -= lost_vnd
    position.realised_pnl_vnd -= lost_vnd
    if action.kind in TAXED_WHEN_SOLD:
        position.untaxed_bonus_quantity += shares
    position.save()
    cash.realised_pnl_vnd -= lost_vnd
    cash.save(update_fields=["realised_pnl_vnd"])
    adjust_opening(cash, symbol=action.symbol, shares=shares)
    announce_position(position, now)


def _new_lots(account_id: UUID, action: CorporateAction, shares: int) -> list[Leg]:
    """New shares may be sold when they are listed."""
    due_at = paid_at(action.pays_on)
    ShareLot.objects.create(
        account_id=account_id,
        symbol=action.symbol,
        quantity=shares,
        trading_day=action.ex_date,
        sellable_at=due_at,
        reference=reference_of(action.id),
    )
    return [Leg(Ledger.SECURITIES, 0, action.symbol, shares, due_at)]


def _split_lots(account_id: UUID, action: CorporateAction, held: int, now: datetime) -> list[Leg]:
    """The shares of a split take the place of the old ones: of those on their way, when these arrive. What was bought
    on the ex-date and since was bought split. Rounded so that what is here and what arrives add up to the whole."""
    coming = ShareLot.objects.filter(account_id=account_id, symbol=action.symbol, sellable_at__gt=now)
    lots, legs = list(coming.filter(trading_day__lt=action.ex_date).order_by("sellable_at", "id")), []
    old = held - sum(lot.quantity for lot in lots)
    new = old * action.new_shares // action.old_shares
    for lot in lots:
        old += lot.quantity
        quantity = old * action.new_shares // action.old_shares - new
        new += quantity
        legs.append(Leg(Ledger.SECURITIES, 0, action.symbol, quantity - lot.quantity, lot.sellable_at))
        if quantity:
            lot.quantity = quantity
            lot.save(update_fields=["quantity"])
        else:
            lot.delete()
    return legs


def untaxed_bonus_here(position: Position, now: datetime) -> int:
    """Shares received as a dividend that are in the account and not taxed yet. What is not listed cannot be sold, so a
    sale before that day is of other shares."""
    if not position.untaxed_bonus_quantity:
        return 0
    actions = CorporateAction.objects.filter(symbol=position.symbol, kind__in=TAXED_WHEN_SOLD)
    references = [reference_of(action_id) for action_id in actions.values_list("id", flat=True)]
    coming = ShareLot.objects.filter(account_id=position.account_id, sellable_at__gt=now, reference__in=references)
    not_here = coming.aggregate(total=Sum("quantity"))["total"] or 0
    return max(0, position.untaxed_bonus_quantity - not_here)


def adjust_opening(cash: CashBalance, *, flows_vnd: int = 0, symbol: str = "", shares: int = 0) -> None:
    """What is no profit belongs to how the day began."""
    opening = DailySnapshot.objects.filter(account_id=cash.account_id).order_by("-trading_day").first()
    if opening is None:
        return
    opening.flows_vnd += flows_vnd
    if shares:
        opening.action_quantities[symbol] = opening.action_quantities.get(symbol, 0) + shares
    opening.save(update_fields=["flows_vnd", "action_quantities"])


def position_after(account_id: UUID, symbol: str, *, shares: int, cost_vnd: int) -> Position:
    """The position with more shares and their cost, stored."""
    position = lock_position(account_id, symbol)
    position.quantity += shares
    position.cost_total_vnd += cost_vnd
    position.save()
    return position
