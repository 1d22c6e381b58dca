"""Whose accounts a request may name, and the name under which a wish is kept."""

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from apps.accounts import selectors as accounts
from apps.orders.services import PlanAnswer
from qts.domain.errors import Breach, RuleCode, Said
from qts.web.errors import Refused, breaches_out
from qts.web.said import rule_text

KEY_LENGTH_MAX = 64
key_parameter = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, required=True)


def visible_accounts(request: Request, account_id: UUID | None) -> list[UUID]:
    """One of them when it is named. Raises Refused for one that the user may not see."""
    mine = [account.id for account in accounts.accounts_of(request.user)]
    if account_id is None:
        return mine
    if account_id not in mine:
        raise Refused(RuleCode.ACCOUNT_NOT_FOUND, Said("There is no such account."), status_code=404)
    return [account_id]


def refuse_untradable(request: Request, account_id: UUID) -> None:
    if accounts.may_trade(request.user, account_id):
        return
    if accounts.may_view(request.user, account_id):
        raise Refused(RuleCode.ACCOUNT_NOT_TRADABLE, Said("You may not trade this account."))
    raise Refused(RuleCode.ACCOUNT_NOT_FOUND, Said("There is no such account."))


def client_order_id(request: Request) -> str:
    """The request's own key under its user's name: two users may use the same."""
    key = request.headers.get("Idempotency-Key", "")
    if not key or len(key) > KEY_LENGTH_MAX or not key.isascii() or not key.isprintable():
        sentence = Said(
            "Send a header Idempotency-Key of 1 to {most} printable characters, new for each order.",
            most=KEY_LENGTH_MAX,
        )
        raise Refused("IDEMPOTENCY_KEY_REQUIRED", sentence, status_code=400)
    return f"api-{request.user.pk}-{key}"


def refuse_without(answer: PlanAnswer) -> None:
    """Every reason in one refusal, if there is one."""
    if answer.accepted:
        return
    raise refusal(answer.breaches, plan_id=answer.plan_id)


def refusal(breaches: tuple[Breach, ...], **about: UUID | None) -> Refused:
    """`about` names what was recorded of it, if anything was."""
    sentences = " ".join(dict.fromkeys(rule_text(breach.code) for breach in breaches))
    ids = {name: str(found) if found else None for name, found in about.items()}
    return Refused(breaches[0].code, sentences, context={"breaches": breaches_out(breaches), **ids})
