"""Addresses of the REST API, under /api/v1/."""

from django.urls import path

from apps.accounts import apis as accounts
from apps.analytics import apis as analytics
from apps.marketdata import apis as marketdata
from apps.orders import apis as orders
from apps.risk import apis as risk
from apps.strategies import apis as strategies

app_name = "api"
urlpatterns = [
    path("securities/", marketdata.SecuritiesApi.as_view()),
    path("securities/<str:symbol>/", marketdata.SecurityApi.as_view()),
    path("quotes/", marketdata.QuotesApi.as_view()),
    path("bars/<str:symbol>/", marketdata.BarsApi.as_view()),
    path("patterns/", analytics.PatternsApi.as_view()),
    path("accounts/", accounts.AccountsApi.as_view()),
    path("accounts/<uuid:account_id>/positions/", accounts.PositionsApi.as_view()),
    path("accounts/<uuid:account_id>/limit-use/", risk.LimitUseApi.as_view()),
    path("broker-logins/", accounts.BrokerLogInsApi.as_view()),
    path("broker-logins/<uuid:connection_id>/request-code/", accounts.BrokerCodeRequestApi.as_view()),
    path("broker-logins/<uuid:connection_id>/enter-code/", accounts.BrokerCodeEntryApi.as_view()),
    path("orders/", orders.OrdersApi.as_view()),
    path("orders/cancel-all/", orders.OrdersCancelApi.as_view()),
    path("orders/<uuid:order_id>/", orders.OrderApi.as_view()),
    path("orders/<uuid:order_id>/amend/", orders.OrderAmendApi.as_view()),
    path("orders/<uuid:order_id>/replace/", orders.OrderReplaceApi.as_view()),
    path("orders/<uuid:order_id>/cancel/", orders.OrderCancelApi.as_view()),
    path("orders/<uuid:order_id>/explanation/", strategies.OrderExplanationApi.as_view()),
    path("conditional-orders/", orders.ConditionalsApi.as_view()),
    path("conditional-orders/<uuid:conditional_id>/", orders.ConditionalApi.as_view()),
    path("conditional-orders/<uuid:conditional_id>/cancel/", orders.ConditionalCancelApi.as_view()),
    path("sliced-orders/", orders.SlicedOrdersApi.as_view()),
    path("sliced-orders/<uuid:sliced_id>/", orders.SlicedOrderApi.as_view()),
    path("sliced-orders/<uuid:sliced_id>/cancel/", orders.SlicedOrderCancelApi.as_view()),
    path("baskets/", orders.BasketsApi.as_view()),
    path("baskets/preview/", orders.BasketPreviewApi.as_view()),
    path("baskets/<uuid:basket_id>/", orders.BasketApi.as_view()),
    path("fills/", orders.FillsApi.as_view()),
    path("strategies/", strategies.StrategiesApi.as_view()),
    path("strategies/<uuid:strategy_id>/start/", strategies.StrategyStartApi.as_view()),
    path("strategies/<uuid:strategy_id>/stop/", strategies.StrategyStopApi.as_view()),
    path("backtests/", strategies.BacktestsApi.as_view()),
    path("backtests/data/", strategies.BacktestDataApi.as_view()),
    path("backtests/strategies/", strategies.BacktestStrategiesApi.as_view()),
    path("backtests/<uuid:run_id>/", strategies.BacktestApi.as_view()),
    path("backtests/<uuid:run_id>/result/", strategies.BacktestResultApi.as_view()),
    path("backtests/<uuid:run_id>/cancel/", strategies.BacktestCancelApi.as_view()),
    path("strategies/<uuid:strategy_id>/version/", strategies.StrategyVersionApi.as_view()),
    path("strategies/<uuid:strategy_id>/mode/", strategies.StrategyModeApi.as_view()),
    path("strategy-files/", strategies.StrategyFilesApi.as_view()),
    path("strategy-files/<slug:name>/", strategies.StrategyFileApi.as_view()),
    path("promotions/", strategies.PromotionsApi.as_view()),
    path("promotions/<uuid:promotion_id>/", strategies.PromotionApi.as_view()),
    path("decisions/", strategies.DecisionsApi.as_view()),
    path("limits/", risk.LimitsApi.as_view()),
    path("risk/check/", orders.OrderCheckApi.as_view()),
    path("kill-switches/", risk.KillSwitchesApi.as_view()),
    path("trading-holds/", risk.TradingHoldsApi.as_view()),
    path("approvals/", risk.ApprovalsApi.as_view()),
    path("approvals/<uuid:proposal_id>/", risk.ApprovalApi.as_view()),
]
