"""Accounts and positions over REST."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.utils import timezone, translation
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import selectors, services
from apps.accounts.selectors import TradeChoice, WatchlistView
from apps.accounts.serializers import (
    LAYOUTS,
    AccountOut,
    BookedTradeOut,
    BrokerCodeIn,
    BrokerLogInOut,
    CashOut,
    DaysIn,
    MaxQuantityIn,
    MaxQuantityOut,
    PortfolioAnswerOut,
    PortfolioOut,
    StatementLineOut,
    SubBookOut,
    ValueOut,
    WatchlistChangeIn,
    WatchlistIn,
    WatchlistOut,
)
from apps.accounts.services import LogInAnswer
from apps.configuration.services import LogInProblem
from apps.marketdata.selectors import market_now, market_today, stream_status
from apps.sso.apis import IsPerson
from apps.sso.selectors import actor_of
from qts.domain.errors import RuleCode, Said, TerminalError
from qts.domain.values import Side
from qts.web.errors import Refused
from qts.web.said import told

TRADES_MAX: Final = 1_000
STATEMENT_DAYS: Final = 30


class AccountsApi(APIView):
    @extend_schema(operation_id="accounts_list", responses=AccountOut(many=True))
    def get(self, request: Request) -> Response:
        """The accounts that you may see."""
        return Response(AccountOut(selectors.accounts_of(request.user), many=True).data)


class PositionsApi(APIView):
    @extend_schema(responses=PortfolioAnswerOut)
    def get(self, request: Request, account_id: UUID) -> Response:
        """Cash, positions and profit of one account at live marks, and whether the stream that tells them is heard."""
        _refuse_hidden(request, account_id)
        stream = stream_status()
        told = {"stream_state": stream.state, "stream_age_ms": stream.age_ms}
        return Response(PortfolioOut(selectors.portfolio(account_id, market_now())).data | told)


class SubBooksApi(APIView):
    @extend_schema(operation_id="account_sub_books_list", responses=SubBookOut(many=True))
    def get(self, request: Request, account_id: UUID) -> Response:
        """Whose the shares are: each strategy's and people's, by the owner's own average cost. Together they are the
        account: the same shares, and the same profit, realised and open."""
        _refuse_hidden(request, account_id)
        view = selectors.portfolio(account_id, market_now())
        return Response(SubBookOut(selectors.account_sub_books(view), many=True).data)


class CashApi(APIView):
    @extend_schema(responses=CashOut)
    def get(self, request: Request, account_id: UUID) -> Response:
        """Cash by the day it arrives, and everything that is on its way."""
        _refuse_hidden(request, account_id)
        now = market_now()
        buckets = asdict(selectors.cash_buckets(account_id, now))
        coming, shares = selectors.cash_arriving(account_id, now), selectors.shares_arriving(account_id, now)
        return Response(CashOut({**buckets, "cash_arriving": coming, "shares_arriving": shares}).data)


class TradesApi(APIView):
    @extend_schema(operation_id="account_trades_list", parameters=[DaysIn], responses=BookedTradeOut(many=True))
    def get(self, request: Request, account_id: UUID) -> Response:
        """Fills and what they earned, by average cost and first in, first out; the newest first."""
        _refuse_hidden(request, account_id)
        found = selectors.trades([account_id], TradeChoice(**_asked(request)), limit=TRADES_MAX)
        return Response(BookedTradeOut(found, many=True).data)


class ValuesApi(APIView):
    @extend_schema(operation_id="account_values_list", parameters=[DaysIn], responses=ValueOut(many=True))
    def get(self, request: Request, account_id: UUID) -> Response:
        """What the account was worth at the end of each trading day."""
        _refuse_hidden(request, account_id)
        return Response(ValueOut(selectors.day_values(account_id, since=_asked(request).get("since")), many=True).data)


class StatementApi(APIView):
    @extend_schema(operation_id="account_statement_list", parameters=[DaysIn], responses=StatementLineOut(many=True))
    def get(self, request: Request, account_id: UUID) -> Response:
        """Every change of settled cash with the balance after it; of the last 30 days unless days are named."""
        _refuse_hidden(request, account_id)
        asked = _asked(request)
        until = asked.get("until") or market_today()
        since = asked.get("since") or until - timedelta(days=STATEMENT_DAYS)
        return Response(StatementLineOut(selectors.statement(account_id, since=since, until=until), many=True).data)


class MaxQuantityApi(APIView):
    @extend_schema(operation_id="account_max_quantity", parameters=[MaxQuantityIn], responses=MaxQuantityOut)
    def get(self, request: Request, account_id: UUID) -> Response:
        """The most that an order may be of, as the broker will answer: by cash, margin, deposit or shares, with the fee
        and the foreign room; the risk gate may allow less."""
        _refuse_hidden(request, account_id)
        asked = MaxQuantityIn(data=request.query_params)
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        symbol, side = given.pop("symbol"), Side(given.pop("side"))
        state = selectors.account_state(account_id, market_now())
        try:
            return Response(MaxQuantityOut(selectors.max_quantity(state, symbol, side, **given)).data)
        except LookupError as error:
            raise Refused(RuleCode.MARKET_DATA_MISSING, Said("{error}.", error=error), status_code=409) from error


def _refuse_hidden(request: Request, account_id: UUID) -> None:
    if not selectors.may_view(request.user, account_id):
        raise Refused(RuleCode.ACCOUNT_NOT_FOUND, Said("There is no such account."), status_code=404)


def _asked(request: Request) -> dict[str, Any]:
    asked = DaysIn(data=request.query_params)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


_REFUSED = OpenApiResponse(description="Refused; the code says why. 503 where the broker cannot be reached")


class BrokerLogInsApi(APIView):
    permission_classes = (IsPerson,)

    @extend_schema(operation_id="broker_log_ins_list", responses=BrokerLogInOut(many=True))
    def get(self, request: Request) -> Response:
        """Log-ins at the broker of the connections whose accounts you may trade; all of them for operators."""
        return Response(BrokerLogInOut(selectors.broker_log_ins(request.user), many=True).data)


class BrokerCodeRequestApi(APIView):
    permission_classes = (IsPerson,)

    @extend_schema(request=None, responses={200: BrokerLogInOut, 422: _REFUSED})
    def post(self, request: Request, connection_id: UUID) -> Response:
        """Have the broker send a one-time code by SMS or e-mail."""
        _refuse_unseen(request, connection_id)
        answer = services.request_broker_code(connection_id, actor=actor_of(request.user), now=timezone.now())
        return _answered(request, connection_id, answer)


@method_decorator(sensitive_post_parameters("code"), name="dispatch")
class BrokerCodeEntryApi(APIView):
    permission_classes = (IsPerson,)

    @extend_schema(request=BrokerCodeIn, responses={200: BrokerLogInOut, 422: _REFUSED})
    @sensitive_variables("body")
    def post(self, request: Request, connection_id: UUID) -> Response:
        """Enter the one-time code: it opens the log-in for orders and is not kept. It takes no Idempotency-Key, for
        nothing that was computed from a code is kept either; a repeated code is refused."""
        _refuse_unseen(request, connection_id)
        body = BrokerCodeIn(data=request.data)
        body.is_valid(raise_exception=True)
        answer = services.enter_broker_code(
            connection_id, body.validated_data["code"], actor=actor_of(request.user), now=timezone.now()
        )
        return _answered(request, connection_id, answer)


def _refuse_unseen(request: Request, connection_id: UUID) -> None:
    if selectors.broker_log_in(request.user, connection_id) is None:
        raise Refused("BROKER_LOG_IN_NOT_FOUND", Said("There is no such broker connection."), status_code=404)


def _answered(request: Request, connection_id: UUID, answer: LogInAnswer) -> Response:
    found = BrokerLogInOut(selectors.broker_log_in(request.user, connection_id)).data
    if answer.problem is None:
        return Response(found)
    with translation.override("en"):
        sentence = str(services.LOG_IN_SENTENCES[answer.problem])
    context = {"broker_says": answer.told, "log_in": dict(found)}
    status = 503 if answer.problem == LogInProblem.BROKER_AWAY else 422
    raise Refused(answer.problem, sentence, context=context, status_code=status)


_LIST_REFUSED = OpenApiResponse(description="Refused: the name is taken, a symbol is not listed, or it is too much")


class WatchlistsApi(APIView):
    @extend_schema(operation_id="watchlists_list", responses=WatchlistOut(many=True))
    def get(self, request: Request) -> Response:
        """Your own watchlists, by name."""
        return Response(WatchlistOut(selectors.watchlists(request.user), many=True).data)

    @extend_schema(request=WatchlistIn, responses={201: WatchlistOut, 422: _LIST_REFUSED})
    def post(self, request: Request) -> Response:
        """One more, with its symbols in their order."""
        body = WatchlistIn(data=request.data)
        body.is_valid(raise_exception=True)
        return _kept_list(lambda: services.create_watchlist(request.user, **body.validated_data), status=201)


class WatchlistApi(APIView):
    @extend_schema(responses=WatchlistOut)
    def get(self, request: Request, watchlist_id: UUID) -> Response:
        """One of your own; 404 for everybody else's."""
        return _kept_list(lambda: selectors.watchlist(request.user, watchlist_id))

    @extend_schema(request=WatchlistChangeIn, responses={200: WatchlistOut, 422: _LIST_REFUSED})
    def patch(self, request: Request, watchlist_id: UUID) -> Response:
        """Another name, or other symbols in the place of all that were there."""
        body = WatchlistChangeIn(data=request.data)
        body.is_valid(raise_exception=True)
        return _kept_list(lambda: services.change_watchlist(request.user, watchlist_id, **body.validated_data))

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, watchlist_id: UUID) -> Response:
        if not services.delete_watchlist(request.user, watchlist_id):
            raise Refused("NOT_FOUND", Said("You have no such watchlist."), status_code=404)
        return Response(status=204)


class LayoutApi(APIView):
    """How you have laid out one screen: `board` or `chart`. What it holds depends on the screen."""

    @extend_schema(operation_id="layout_read", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, screen: str) -> Response:
        """Empty for a screen that is as it came."""
        _refuse_screen(screen)
        return Response(selectors.layout(request.user, screen))

    @extend_schema(operation_id="layout_write", request=OpenApiTypes.OBJECT, responses=OpenApiTypes.OBJECT)
    def put(self, request: Request, screen: str) -> Response:
        """In the place of what was chosen before; an empty one brings back the layout that everybody begins with."""
        _refuse_screen(screen)
        body = LAYOUTS[screen](data=request.data)
        body.is_valid(raise_exception=True)
        services.save_layout(request.user, screen, body.validated_data)
        return Response(body.validated_data)


def _kept_list(act: Callable[[], WatchlistView | None], *, status: int = 200) -> Response:
    try:
        found = act()
    except TerminalError as error:
        raise Refused("WATCHLIST_REFUSED", told(error)) from error
    if found is None:
        raise Refused("NOT_FOUND", Said("You have no such watchlist."), status_code=404)
    return Response(WatchlistOut(found).data, status=status)


def _refuse_screen(screen: str) -> None:
    if screen not in LAYOUTS:
        raise Refused("NOT_FOUND", Said("There is no layout of {screen!r}.", screen=screen), status_code=404)
