"""Limits, their use, the kill switches and what waits for a second officer, over REST."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import selectors as accounts
from apps.marketdata.selectors import market_now
from apps.risk import selectors, services
from apps.risk.serializers import (
    ArmingIn,
    DecisionIn,
    HoldOut,
    KillSwitchIn,
    KillSwitchOut,
    LimitIn,
    LimitOut,
    LimitUseOut,
    PreOpenOut,
    ProposalOut,
)
from apps.sso.apis import IsRiskOfficer, IsVerified
from apps.sso.selectors import actor_of
from qts.domain.errors import RuleCode, Said, TerminalError
from qts.domain.market import to_vietnam
from qts.web.errors import Refused
from qts.web.said import told
from qts.web.serializers import StrictSerializer


class LimitsApi(APIView):
    def get_permissions(self) -> list[BasePermission]:
        return [IsRiskOfficer() if self.request.method == "POST" else IsVerified()]

    @extend_schema(operation_id="limits_list", responses=LimitOut(many=True))
    def get(self, request: Request) -> Response:
        """The limits in force, newest version each."""
        return Response(LimitOut(selectors.visible_limits(request.user), many=True).data)

    @extend_schema(request=LimitIn, responses={200: LimitOut(many=True), 202: ProposalOut})
    def post(self, request: Request) -> Response:
        """Set one limit. A tighter one acts at once or from `effective_at` (200, its versions); a looser one waits for
        a second risk officer (202, the proposal)."""
        given = _read(LimitIn, request)
        reason = given.pop("reason")
        change = services.LimitChange(**{**given, "code": RuleCode(given["code"])})
        with _refusals():
            proposal_id = services.request_change(change, reason=reason, actor=actor_of(request.user), now=market_now())
        if proposal_id is not None:
            return Response(ProposalOut(selectors.proposal(proposal_id)).data, status=202)
        history = selectors.limit_history(change.code, change.scope, change.scope_id)
        return Response(LimitOut(history, many=True).data)


class LimitUseApi(APIView):
    @extend_schema(operation_id="limit_use_list", responses=LimitUseOut(many=True))
    def get(self, request: Request, account_id: UUID) -> Response:
        """How much of each limit an account uses now."""
        if not accounts.may_view(request.user, account_id):
            raise _no_account()
        return Response(LimitUseOut(selectors.limit_use(account_id, market_now()), many=True).data)


class KillSwitchesApi(APIView):
    def get_permissions(self) -> list[BasePermission]:
        return [IsRiskOfficer() if self.request.method == "POST" else IsVerified()]

    @extend_schema(operation_id="kill_switches_list", responses=KillSwitchOut(many=True))
    def get(self, request: Request) -> Response:
        return Response(KillSwitchOut(selectors.visible_kill_switches(request.user), many=True).data)

    @extend_schema(request=KillSwitchIn, responses={200: KillSwitchOut(many=True), 202: ProposalOut})
    def post(self, request: Request) -> Response:
        """Engage (200, all switches; working orders of the scope are cancelled) or ask for a release (202, the
        proposal that a second risk officer has to approve)."""
        given = _read(KillSwitchIn, request)
        who, now = actor_of(request.user), market_now()
        with _refusals():
            if given.pop("engaged"):
                services.engage_kill_switch(**given, actor=who, now=now)
                return Response(KillSwitchOut(selectors.kill_switches(), many=True).data)
            proposal_id = services.propose_release(scope=given["scope"], reason=given["reason"], actor=who, now=now)
        return Response(ProposalOut(selectors.proposal(proposal_id)).data, status=202)


class TradingHoldsApi(APIView):
    @extend_schema(operation_id="trading_holds_list", responses=HoldOut(many=True))
    def get(self, request: Request) -> Response:
        """What the dead-man timers hold back now."""
        return Response(HoldOut(selectors.holds(), many=True).data)


class ApprovalsApi(APIView):
    permission_classes = (IsRiskOfficer,)

    @extend_schema(operation_id="approvals_list", responses=ProposalOut(many=True))
    def get(self, request: Request) -> Response:
        """What waits for a second officer, the oldest first; then what is over, the newest first."""
        return Response(ProposalOut([*selectors.open_proposals(), *selectors.past_proposals()], many=True).data)


class ApprovalApi(APIView):
    permission_classes = (IsRiskOfficer,)

    @extend_schema(request=DecisionIn, responses=ProposalOut)
    def post(self, request: Request, proposal_id: UUID) -> Response:
        """Approve what somebody else proposed, or reject it; rejecting one's own takes it back."""
        given = _read(DecisionIn, request)
        who, now = actor_of(request.user), market_now()
        with _refusals():
            if given["approve"]:
                services.approve(
                    proposal_id, seen_hash=given["content_hash"], reason=given["reason"], actor=who, now=now
                )
            else:
                services.reject(proposal_id, reason=given["reason"], actor=who, now=now)
        return Response(ProposalOut(selectors.proposal(proposal_id)).data)


class PreOpenApi(APIView):
    @extend_schema(operation_id="pre_open", responses=PreOpenOut)
    def get(self, request: Request, account_id: UUID) -> Response:
        """The checks before the open as they are now, and whether the account may trade today."""
        if not accounts.may_view(request.user, account_id):
            raise _no_account()
        return Response(_pre_open(account_id))


class ArmingApi(APIView):
    @extend_schema(request=ArmingIn, responses={200: PreOpenOut, 202: ProposalOut})
    def post(self, request: Request, account_id: UUID) -> Response:
        """Arm (when every check is green) or disarm by hand (200), or ask a second risk officer to let the account
        trade today against the checks (202, the proposal)."""
        if not accounts.may_view(request.user, account_id):
            raise _no_account()
        given = _read(ArmingIn, request)
        said = {"reason": given["reason"], "actor": actor_of(request.user), "now": market_now()}
        with _refusals():
            if given["act"] == "override":
                proposal_id = services.propose_arming(account_id, **said)
                return Response(ProposalOut(selectors.proposal(proposal_id)).data, status=202)
            (services.arm if given["act"] == "arm" else services.disarm)(account_id, **said)
        return Response(_pre_open(account_id))


def _no_account() -> Refused:
    return Refused(RuleCode.ACCOUNT_NOT_FOUND, Said("There is no such account."), status_code=404)


def _pre_open(account_id: UUID) -> dict[str, Any]:
    now, account = market_now(), accounts.account(account_id)
    if account is None:
        raise _no_account()
    day = to_vietnam(now).date()
    found = {
        "trading_day": day,
        "may_trade": selectors.may_trade_today(account_id, day),
        "arming": selectors.arming(account_id, day),
        "checks": services.pre_open_checks(account, now),
    }
    return dict(PreOpenOut(found).data)


def _read(kind: type[StrictSerializer], request: Request) -> dict[str, Any]:
    body = kind(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


@contextmanager
def _refusals() -> Iterator[None]:
    """What the services refuse, in the words of the API."""
    try:
        yield
    except services.ApprovalRefused as refusal:
        raise Refused(refusal.problem, told(refusal), status_code=409) from refusal
    except services.ArmingRefused as refusal:
        raise Refused(refusal.problem, told(refusal), status_code=409) from refusal
    except services.LimitChangedMeanwhile as error:
        raise Refused("CHANGED_MEANWHILE", told(error), status_code=409) from error
    except TerminalError as error:
        raise Refused("INVALID_INPUT", told(error), status_code=400) from error
