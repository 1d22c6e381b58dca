"""Backtests over REST: bars, studies, progress, results. Everybody with a role reads; who may trade asks for runs."""

from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.marketdata.selectors import market_now
from apps.orders.apis.access import key_parameter
from apps.orders.apis.once import written_once
from apps.sso.selectors import Role, actor_of, has_role, roles_of
from apps.strategies import selectors, services
from apps.strategies.selectors import BacktestView
from qts.backtest import BarPeriod, FillAt, StudyKind
from qts.backtest.spec import LATENCY_MS_MAX, SLIPPAGE_TICKS_MAX
from qts.domain.errors import Said
from qts.web.errors import Refused, refused_for_reasons
from qts.web.serializers import StrictSerializer, WholeNumberField

STATUSES = ["QUEUED", "RUNNING", "DONE", "FAILED", "CANCELLED"]
BIGGEST = 2**53


class ParameterOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    default = serializers.IntegerField()
    minimum = serializers.IntegerField()
    maximum = serializers.IntegerField()
    unit = serializers.CharField()
    help = serializers.CharField()


class BacktestVersionOut(serializers.Serializer[Any]):
    content_hash = serializers.CharField()
    registered_by = serializers.CharField()
    registered_at = serializers.DateTimeField()


class BacktestStrategyOut(serializers.Serializer[Any]):
    key = serializers.CharField()
    title = serializers.CharField()
    summary = serializers.CharField()
    parameters = ParameterOut(many=True)
    content_hash = serializers.CharField()
    versions = BacktestVersionOut(many=True)


class BacktestDataOut(serializers.Serializer[Any]):
    digest = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # the API's own name, as `data` below
    name = serializers.CharField()
    period = serializers.CharField()
    symbols = serializers.ListField(child=serializers.CharField())
    bar_count = serializers.IntegerField()
    first_at = serializers.DateTimeField()
    last_at = serializers.DateTimeField()


class BacktestOut(serializers.Serializer[Any]):
    """`study` and the bars of `data` are all that is needed to repeat it; `summary` is empty until it is done."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=list(StudyKind))
    strategies = serializers.ListField(child=serializers.CharField())
    symbols = serializers.ListField(child=serializers.CharField())
    study = serializers.DictField()
    data = BacktestDataOut()  # type: ignore[assignment]
    status = serializers.ChoiceField(choices=STATUSES)
    problem = serializers.CharField()
    trace = serializers.CharField()
    progress_done = serializers.IntegerField()
    progress_total = serializers.IntegerField()
    attempt = serializers.IntegerField()
    code_hash = serializers.CharField()
    trades_hash = serializers.CharField()
    summary = serializers.DictField()
    created_by = serializers.CharField()
    queued_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class BacktestListed(BacktestOut):
    """As it is read alone, but for the text of files, of which it has the hash, and published signals."""

    study = serializers.SerializerMethodField()  # type: ignore[assignment]

    def get_study(self, run: BacktestView) -> dict[str, Any]:
        parts = [
            {**part, "source": {**part["source"], "text": ""}} if "source" in part else part
            for part in run.study["parts"]
        ]
        return {name: told for name, told in run.study.items() if name != "signals"} | {"parts": parts}


class BacktestsQuery(StrictSerializer):
    status = serializers.ChoiceField(choices=STATUSES, required=False)
    kind = serializers.ChoiceField(choices=list(StudyKind), required=False)
    strategy = serializers.CharField(required=False)
    limit = serializers.IntegerField(default=50, min_value=1, max_value=200)
    offset = serializers.IntegerField(default=0, min_value=0)


class PartIn(StrictSerializer):
    """Without symbols: on all of the bars. `version` is the hash of a version of a file; without it the newest runs.
    `policy` is how its signals are weighed and sized: docs/decisions.md."""

    strategy = serializers.CharField(max_length=200)
    version = serializers.CharField(max_length=64, default="", allow_blank=True)
    parameters = serializers.DictField(child=WholeNumberField(), default=dict)
    symbols = serializers.ListField(child=serializers.CharField(max_length=20), default=list)
    policy = serializers.DictField(default=dict)


class BacktestIn(StrictSerializer):
    """Bars are those under `digest`, from an upload, or those of the bar store for `symbols` and days (inclusive).

    With the period TICK they are matches. `foreign_room` has the shares of a symbol that a foreign owner may hold.
    `grid` has the values to try of each parameter; a SEARCH takes the lowest and the highest of them.
    """

    name = serializers.CharField(max_length=120, default="", allow_blank=True)
    kind = serializers.ChoiceField(choices=list(StudyKind), default=StudyKind.RUN)
    parts = PartIn(many=True, allow_empty=False)
    digest = serializers.CharField(max_length=64, default="")
    symbols = serializers.ListField(child=serializers.CharField(max_length=20), default=list)
    period = serializers.ChoiceField(choices=list(BarPeriod), default=BarPeriod.DAY)
    since = serializers.DateField(default=None, allow_null=True)
    until = serializers.DateField(default=None, allow_null=True)
    cash_vnd = WholeNumberField(default=1_000_000_000, max_value=BIGGEST)
    fee_rate_bps = WholeNumberField(required=False, min_value=0, max_value=1_000)
    sale_tax_rate_bps = WholeNumberField(required=False, min_value=0, max_value=1_000)
    participation_percent = WholeNumberField(default=10)
    spread_ticks = WholeNumberField(default=1, max_value=1_000)
    latency_ms = WholeNumberField(default=0, min_value=0, max_value=LATENCY_MS_MAX)
    slippage_ticks = WholeNumberField(default=0, min_value=0, max_value=SLIPPAGE_TICKS_MAX)
    queue_quantity = WholeNumberField(default=10_000, min_value=0, max_value=BIGGEST)
    foreign_room = serializers.DictField(child=WholeNumberField(min_value=0, max_value=BIGGEST), default=dict)
    frictionless = serializers.ChoiceField(choices=list(FillAt), default=None, allow_null=True)
    grid = serializers.DictField(
        child=serializers.ListField(child=WholeNumberField(), max_length=2_500, allow_empty=False), default=dict
    )
    tries = WholeNumberField(default=50)
    folds = WholeNumberField(default=4)
    is_anchored = serializers.BooleanField(default=False)
    is_examined = serializers.BooleanField(default=True)
    seed = WholeNumberField(default=1, min_value=0, max_value=2**31 - 1)

    def told(self) -> dict[str, Any]:
        """The study, but for what its bars say."""
        fees = {"fee_rate_bps": settings.BROKER_FEE_RATE_BPS, "sale_tax_rate_bps": settings.SALE_TAX_RATE_BPS}
        about_bars = {"name", "digest", "symbols", "period", "since", "until"}
        return fees | {name: value for name, value in self.validated_data.items() if name not in about_bars}


class UploadIn(serializers.Serializer[Any]):
    """`unit_vnd` is the VND that a price of 1 means."""

    file = serializers.FileField()
    period = serializers.ChoiceField(choices=list(BarPeriod))
    unit_vnd = serializers.IntegerField(default=1_000, min_value=1, max_value=1_000_000)


class BacktestStrategiesApi(APIView):
    @extend_schema(operation_id="backtest_strategies_list", responses=BacktestStrategyOut(many=True))
    def get(self, request: Request) -> Response:
        """What can be tried, with the parameters of each: bounds, unit and help."""
        _refuse_strangers(request)
        return Response(BacktestStrategyOut(selectors.backtest_strategies(), many=True).data)


class BacktestDataApi(APIView):
    parser_classes = [MultiPartParser]
    api_keys_may_write = True

    @extend_schema(request=UploadIn, responses={201: BacktestDataOut})
    def post(self, request: Request) -> Response:
        """Send bars as CSV or Parquet: symbol, time, open, high, low, close, volume; matches (the period TICK): symbol,
        time, price, volume. Equal ones are kept once."""
        _refuse_readers(request)
        asked = UploadIn(data=request.data)
        asked.is_valid(raise_exception=True)
        file = asked.validated_data["file"]
        digest = _or_refuse(
            lambda: services.keep_file(
                file.file,
                name=file.name,
                size=file.size,
                period=BarPeriod(asked.validated_data["period"]),
                unit_vnd=asked.validated_data["unit_vnd"],
                actor=actor_of(request.user),
            )
        )
        return Response(BacktestDataOut(selectors.backtest_data(digest)).data, status=201)


class BacktestsApi(APIView):
    api_keys_may_write = True

    @extend_schema(operation_id="backtests_list", parameters=[BacktestsQuery], responses=BacktestListed(many=True))
    def get(self, request: Request) -> Response:
        """Newest first."""
        _refuse_strangers(request)
        query = BacktestsQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        return Response(BacktestListed(selectors.backtests(**query.validated_data), many=True).data)

    @extend_schema(parameters=[key_parameter], request=BacktestIn, responses={201: BacktestOut})
    @written_once
    def post(self, request: Request) -> Response:
        """Ask for a backtest; it begins within seconds, where no two others run."""
        _refuse_readers(request)
        body = BacktestIn(data=request.data)
        body.is_valid(raise_exception=True)
        run_id = _or_refuse(lambda: _queue(request, body))
        return Response(BacktestOut(selectors.backtest(run_id)).data, status=201)


class BacktestApi(APIView):
    api_keys_may_write = True

    @extend_schema(responses=BacktestOut)
    def get(self, request: Request, run_id: UUID) -> Response:
        """What was asked, and how far it is."""
        return Response(BacktestOut(_found(request, run_id)).data)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, run_id: UUID) -> Response:
        """Throw it away with all it found; only its owner or an administrator, and only when it is over."""
        _refuse_others(request, run_id)
        _or_refuse(lambda: services.delete_backtest(run_id, actor=actor_of(request.user), now=market_now()))
        return Response(status=204)


class BacktestResultApi(APIView):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, run_id: UUID) -> Response:
        """The whole document: verdict, figures, equity, fills, sets or periods."""
        found = _found(request, run_id)
        document = selectors.backtest_document(run_id)
        if document is None:
            raise Refused(
                "BACKTEST_NOT_DONE", Said("It is {status}: there is no result.", status=found.status), status_code=409
            )
        return Response(document)


class BacktestCancelApi(APIView):
    api_keys_may_write = True

    @extend_schema(request=None, responses=BacktestOut)
    def post(self, request: Request, run_id: UUID) -> Response:
        """Stop it; one that is over stays as it is. Only its owner or an administrator."""
        _refuse_others(request, run_id)
        services.cancel_backtest(run_id, actor=actor_of(request.user), now=market_now())
        return Response(BacktestOut(selectors.backtest(run_id)).data)


def _queue(request: Request, body: BacktestIn) -> UUID:
    given, actor = body.validated_data, actor_of(request.user)
    if given["digest"]:
        digest = services.keep_part(given["digest"], given["symbols"], actor=actor)
    else:
        digest = services.keep_stored(
            given["symbols"],
            period=BarPeriod(given["period"]),
            since=given["since"],
            until=given["until"],
            actor=actor,
        )
    study = services.study_on(digest, body.told())
    return services.queue_backtest(study=study, digest=digest, name=given["name"], actor=actor, now=market_now())


def _or_refuse(act: Any) -> Any:
    try:
        return act()
    except services.BacktestRefused as refused:
        raise refused_for_reasons("BACKTEST_REFUSED", refused.problems) from refused


def _refuse_strangers(request: Request) -> None:
    if not roles_of(request.user):
        raise Refused("PERMISSION_DENIED", Said("Backtests are for people with a role."), status_code=403)


def _refuse_readers(request: Request) -> None:
    if not has_role(request.user, Role.TRADER, Role.ADMINISTRATOR):
        raise Refused("PERMISSION_DENIED", Said("Only traders and administrators run backtests."), status_code=403)


def _found(request: Request, run_id: UUID) -> BacktestView:
    _refuse_strangers(request)
    found = selectors.backtest(run_id)
    if found is None:
        raise Refused("BACKTEST_NOT_FOUND", Said("There is no such backtest."), status_code=404)
    return found


def _refuse_others(request: Request, run_id: UUID) -> None:
    found = _found(request, run_id)
    if found.created_by != str(actor_of(request.user)) and not has_role(request.user, Role.ADMINISTRATOR):
        raise Refused("PERMISSION_DENIED", Said("It is somebody else's backtest."), status_code=403)
