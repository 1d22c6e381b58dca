"""Replays and preferences over REST: who may steer one is said in one place for pages and programs."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.marketdata import selectors as marketdata
from apps.marketdata.selectors import ReplayView
from apps.marketdata.services import time_machine
from apps.marketdata.services.time_machine import ReplayRefused
from apps.portal.selectors import may_steer
from apps.portal.serializers import PreferencesIn, RecordingOut, ReplayActIn, ReplayIn, ReplayOut
from apps.sso.services import save_preferences
from qts.domain.errors import Said
from qts.web.errors import Refused
from qts.web.said import told

DAYS_SHOWN_MAX = 1_000
STATUS_OF = {"REPLAY_NOT_FOUND": 404, "REPLAY_OVER": 410, "TOO_MANY_REPLAYS": 429}


def _refused(refusal: ReplayRefused) -> Refused:
    return Refused(refusal.code, told(refusal), status_code=STATUS_OF.get(refusal.code, 422))


def _known(replay_id: str) -> ReplayView:
    view = marketdata.replay(replay_id)
    if view is None:
        raise Refused("REPLAY_NOT_FOUND", Said("There is no such replay."), status_code=404)
    return view


class RecordingsApi(APIView):
    @extend_schema(operation_id="replays_days", responses=RecordingOut(many=True))
    def get(self, _request: Request) -> Response:
        """The days that can be played again, newest first."""
        return Response(RecordingOut(marketdata.recordings(limit=DAYS_SHOWN_MAX), many=True).data)


class ReplaysApi(APIView):
    @extend_schema(operation_id="replays_list", responses=ReplayOut(many=True))
    def get(self, _request: Request) -> Response:
        """Everybody's replays that are not over."""
        return Response(ReplayOut(marketdata.replays(), many=True).data)

    @extend_schema(operation_id="replays_start", request=ReplayIn, responses={201: ReplayOut})
    def post(self, request: Request) -> Response:
        """Play a day. It ends itself when nobody has looked at it for five minutes."""
        given: Any = ReplayIn(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            replay_id = time_machine.start_replay(
                owner_id=request.user.pk or 0, owner=request.user.get_username(), **given.validated_data
            )
        except ReplayRefused as refusal:
            raise _refused(refusal) from refusal
        return Response(ReplayOut(_known(replay_id)).data, status=201)


class ReplayApi(APIView):
    @extend_schema(operation_id="replays_get", responses=ReplayOut)
    def get(self, _request: Request, replay_id: str) -> Response:
        """One replay, also for an hour after its end. Asking counts as watching."""
        view = _known(replay_id)
        if not view.state.is_over:
            time_machine.watch_replay(view.id)
        return Response(ReplayOut(view).data)

    @extend_schema(operation_id="replays_steer", request=ReplayActIn, responses={202: ReplayOut})
    def post(self, request: Request, replay_id: str) -> Response:
        """Pause, resume, change the speed, go to a time, stop: its owner and operators. The answer is how it was
        before; it hears of the wish within a tenth of a second."""
        view = _known(replay_id)
        if not may_steer(request.user, view):
            raise Refused("PERMISSION_DENIED", Said("This replay is {owner}'s.", owner=view.owner), status_code=403)
        given: Any = ReplayActIn(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            steered = time_machine.steer_replay(view.id, **given.validated_data)
        except ReplayRefused as refusal:
            raise _refused(refusal) from refusal
        return Response(ReplayOut(steered).data, status=202)


class PreferencesApi(APIView):
    """How you want the pages, in every browser; empty is 'as the browser has it'."""

    @extend_schema(operation_id="preferences_read", responses=PreferencesIn)
    def get(self, request: Request) -> Response:
        return Response(PreferencesIn(request.user).data)

    @extend_schema(operation_id="preferences_write", request=PreferencesIn, responses=PreferencesIn)
    def patch(self, request: Request) -> Response:
        """What is left out stays as it is."""
        body = PreferencesIn(data=request.data)
        body.is_valid(raise_exception=True)
        user: Any = request.user
        save_preferences(user, **body.validated_data)
        return Response(PreferencesIn(user).data)
