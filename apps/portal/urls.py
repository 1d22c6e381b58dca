"""Addresses of the portal."""

from django.urls import path

from apps.portal.views import (
    approvals,
    board,
    exit_plans,
    home,
    kill_console,
    orders,
    positions,
    risk_monitor,
    risk_view,
    shell,
    strategies,
    symbol,
    system,
    ticket,
    what_if,
)

app_name = "portal"

urlpatterns = [
    path("", home.home, name="home"),
    path("board/", board.board, name="board"),
    path("symbols/", shell.find, name="find"),
    path("symbols/<str:symbol>/", symbol.symbol_page, name="symbol"),
    path("symbols/<str:symbol>/bars/", symbol.bars, name="bars"),
    path("ticket/", ticket.ticket, name="ticket"),
    path("ticket/edit/", ticket.edit, name="ticket-edit"),
    path("ticket/preview/", ticket.preview, name="ticket-preview"),
    path("ticket/confirm/", ticket.confirm, name="ticket-confirm"),
    path("ticket/submit/", ticket.submit, name="ticket-submit"),
    path("orders/", orders.order_list, name="orders"),
    path("orders/<uuid:order_id>/", orders.order_detail, name="order"),
    path("orders/<uuid:order_id>/cancel/", orders.cancel, name="cancel"),
    path("positions/", positions.positions, name="positions"),
    path("strategies/", strategies.strategy_list, name="strategies"),
    path("strategies/<uuid:strategy_id>/start/", strategies.start, name="strategy-start"),
    path("strategies/<uuid:strategy_id>/stop/", strategies.stop, name="strategy-stop"),
    path("risk/monitor/", risk_monitor.monitor, name="risk-monitor"),
    path("risk/monitor/history/", risk_monitor.history, name="risk-history"),
    path("risk/monitor/value-at-risk/", risk_monitor.at_risk, name="risk-at-risk"),
    path("risk/scenario/", risk_monitor.scenario, name="risk-scenario"),
    path("risk/exits/<str:symbol>/", exit_plans.exit_plan, name="exit-plan"),
    path("risk/", risk_view.risk_page, name="risk"),
    path("risk/kill/", kill_console.kill_console, name="kill-console"),
    path("risk/kill-switch/", kill_console.kill_switch, name="kill-switch"),
    path("risk/approvals/", approvals.approvals, name="approvals"),
    path("risk/approvals/<uuid:proposal_id>/", approvals.approval, name="approval"),
    path("risk/what-if/", what_if.what_if, name="what-if"),
    path("system/", system.system, name="system"),
    path("design/", shell.design, name="design"),
    path("banners/", shell.banners, name="banners"),
]
