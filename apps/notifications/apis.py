"""Alerts over REST: everything is the caller's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID

from django.utils import timezone
from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.notifications import selectors, services
from apps.notifications.serializers import (
    AlertChannelIn,
    AlertChannelMadeOut,
    AlertChannelOut,
    AlertDeliveryOut,
    AlertOut,
    AlertRuleIn,
    AlertRuleOut,
    AlertRuleSwitchIn,
    AlertsReadIn,
    UnreadOut,
)
from qts.web.errors import Refused
from qts.web.said import told
from qts.web.serializers import StrictSerializer

NOT_FOUND = frozenset({services.RuleProblem.RULE_NOT_FOUND, services.ChannelProblem.CHANNEL_NOT_FOUND})


class AlertsApi(APIView):
    @extend_schema(operation_id="alerts_list", responses=AlertOut(many=True))
    def get(self, request: Request) -> Response:
        """The newest hundred, the newest first."""
        return Response(AlertOut(selectors.alerts(_me(request)), many=True).data)


class AlertsReadApi(APIView):
    @extend_schema(request=AlertsReadIn, responses=UnreadOut)
    def post(self, request: Request) -> Response:
        """Mark these as read, or all."""
        given = _read(AlertsReadIn, request)
        services.mark_read(_me(request), now=timezone.now(), alert_ids=given.get("ids"))
        return Response(UnreadOut({"unread": selectors.unread_count(_me(request))}).data)


class AlertRulesApi(APIView):
    @extend_schema(operation_id="alert_rules_list", responses=AlertRuleOut(many=True))
    def get(self, request: Request) -> Response:
        return Response(AlertRuleOut(selectors.rules(_me(request)), many=True).data)

    @extend_schema(request=AlertRuleIn, responses={201: AlertRuleOut})
    def post(self, request: Request) -> Response:
        given = _read(AlertRuleIn, request)
        wish = services.RuleWish(**{**given, "channel_ids": tuple(given["channel_ids"])})
        with _refusals():
            rule_id = services.make_rule(_me(request), wish, language=get_language() or "vi", now=timezone.now())
        return Response(AlertRuleOut(selectors.rule(_me(request), rule_id)).data, status=201)


class AlertRuleApi(APIView):
    @extend_schema(request=AlertRuleSwitchIn, responses=AlertRuleOut)
    def patch(self, request: Request, rule_id: UUID) -> Response:
        """Switch it on or off."""
        given = _read(AlertRuleSwitchIn, request)
        with _refusals():
            services.switch_rule(_me(request), rule_id, is_active=given["is_active"])
        return Response(AlertRuleOut(selectors.rule(_me(request), rule_id)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, rule_id: UUID) -> Response:
        with _refusals():
            services.delete_rule(_me(request), rule_id)
        return Response(status=204)


class AlertChannelsApi(APIView):
    @extend_schema(operation_id="alert_channels_list", responses=AlertChannelOut(many=True))
    def get(self, request: Request) -> Response:
        return Response(AlertChannelOut(selectors.channels(_me(request)), many=True).data)

    @extend_schema(request=AlertChannelIn, responses={201: AlertChannelMadeOut})
    def post(self, request: Request) -> Response:
        with _refusals():
            made = services.make_channel(_me(request), **_read(AlertChannelIn, request), now=timezone.now())
        return Response({"id": str(made[0]), "secret": made[1]}, status=201)


class AlertChannelApi(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, channel_id: UUID) -> Response:
        with _refusals():
            services.delete_channel(_me(request), channel_id)
        return Response(status=204)


class AlertChannelTestApi(APIView):
    @extend_schema(request=None, responses={202: AlertChannelMadeOut})
    def post(self, request: Request, channel_id: UUID) -> Response:
        """Send a test; `id` is the delivery's, to be found again in the deliveries."""
        with _refusals():
            found = services.try_channel(_me(request), channel_id, language=get_language() or "vi", now=timezone.now())
        return Response({"id": str(found), "secret": ""}, status=202)


class AlertDeliveriesApi(APIView):
    @extend_schema(operation_id="alert_deliveries_list", responses=AlertDeliveryOut(many=True))
    def get(self, request: Request) -> Response:
        return Response(AlertDeliveryOut(selectors.deliveries(_me(request)), many=True).data)


def _me(request: Request) -> int:
    return cast(int, request.user.pk)


def _read(kind: type[StrictSerializer], request: Request) -> dict[str, Any]:
    body = kind(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (services.RuleRefused, services.ChannelRefused) as refusal:
        status = 404 if refusal.problem in NOT_FOUND else 422
        raise Refused(refusal.problem, told(refusal), status_code=status) from refusal
