"""The gate's word for the signer, written where a request is recorded or changed, in the same transaction."""

from django.conf import settings

from apps.orders.models import Intent, Order
from qts.adapters.sealing import gate_keys
from qts.adapters.ssi.gate_tokens import RequestTerms
from qts.domain.values import Side

_CALLS = {
    Intent.Kind.PLACE: "NewOrder",
    Intent.Kind.AMEND: "ModifyOrder",
    Intent.Kind.CANCEL: "CancelOrder",
}


def record_request(intent: Intent) -> None:
    """Save a new intent with the token for its terms. Only who has asked the gate calls this."""
    intent.gate_token = _token(intent, intent.order)
    intent.save(force_insert=True)


def allow_amended(order: Order) -> None:
    """A locked order that has not left was given other terms, which the gate let pass."""
    for intent in order.intents.filter(kind=Intent.Kind.PLACE, state=Intent.State.READY):
        Intent.objects.filter(id=intent.id).update(gate_token=_token(intent, order))


def _token(intent: Intent, order: Order) -> str:
    order_type, price_vnd, quantity = order.order_type, order.price_vnd or 0, order.quantity
    if intent.kind == Intent.Kind.AMEND:
        price_vnd, quantity = intent.price_vnd or 0, intent.quantity or order.quantity
    elif intent.kind == Intent.Kind.CANCEL:
        order_type, price_vnd, quantity = "", 0, 0
    terms = RequestTerms(
        call=_CALLS[Intent.Kind(intent.kind)],
        account=intent.account_number,
        request_id=intent.request_id,
        symbol=order.symbol,
        side=Side(order.side),
        order_type=order_type,
        price_vnd=price_vnd,
        quantity=quantity,
    )
    return terms.token(gate_keys(settings.QTS_SECRET_KEY_FILE)[0])
