"""The checks before the open as sentences: what it is, what was found, and what to do about it."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from apps.portal.views import wording
from apps.risk.selectors import PreOpenCheck, PreOpenName, PreOpenVerdict
from apps.sso.selectors import Role, has_role

TONES = {PreOpenVerdict.OK: "ok", PreOpenVerdict.WAITS: "warn", PreOpenVerdict.BAD: "bad"}
ICONS = {PreOpenVerdict.OK: "circle-check", PreOpenVerdict.WAITS: "clock", PreOpenVerdict.BAD: "circle-alert"}


@dataclass(frozen=True, slots=True)
class CheckRow:
    """`todo`, `url` and `act` are empty where nothing is left to do, or where the reader may not do it."""

    check: PreOpenCheck
    title: str
    detail: str
    todo: str
    url: str
    act: str

    @property
    def tone(self) -> str:
        return TONES[self.check.state]

    @property
    def icon(self) -> str:
        return ICONS[self.check.state]

    @property
    def label(self) -> str:
        words = {
            PreOpenVerdict.OK: _("green"),
            PreOpenVerdict.WAITS: _("comes by itself"),
            PreOpenVerdict.BAD: _("red"),
        }
        return words[self.check.state]


def check_row(check: PreOpenCheck, user: Any) -> CheckRow:
    url, act = ("", "") if check.is_ok else _way(check.name, user)
    todo = "" if check.is_ok else _todo(check)
    return CheckRow(check, _titles()[check.name], _detail(check), todo, url, act)


def title_of(name: str) -> str:
    return _titles()[PreOpenName(name)]


def _titles() -> dict[PreOpenName, str]:
    return {
        PreOpenName.CALENDAR: _("Calendar and session"),
        PreOpenName.CLOCK: _("Clock"),
        PreOpenName.MASTER_DATA: _("List of securities of today"),
        PreOpenName.MARKET_STREAM: _("Market stream"),
        PreOpenName.LOG_IN: _("Log-in at the broker"),
        PreOpenName.GATEWAY: _("Gateway and order stream"),
        PreOpenName.BOOKS: _("Cash and shares agree with the broker"),
        PreOpenName.LIMITS: _("Limits"),
        PreOpenName.STOPS: _("Kill switches and holds"),
        PreOpenName.STRATEGIES: _("Strategies"),
    }


def _detail(check: PreOpenCheck) -> str:
    if check.name is PreOpenName.CALENDAR:
        told = wording.session_label(check.detail)
        return told if check.is_ok else _("The market is closed today; it trades again on {day}.").format(day=told)
    if check.name is PreOpenName.STRATEGIES and check.is_ok:
        return _("{running} running").format(running=check.detail)
    if check.name is PreOpenName.BOOKS and check.is_ok:
        return _("compared at {time}").format(time=check.detail)
    if check.name is PreOpenName.CLOCK:
        return _("off by {offset}").format(offset=check.detail)
    return wording.gateway_trouble_label(check.detail)


def _todo(check: PreOpenCheck) -> str:
    is_waiting = check.state is PreOpenVerdict.WAITS
    said = {
        PreOpenName.CALENDAR: _("Nothing to do. If the exchange does trade today, an operator enters the day."),
        PreOpenName.CLOCK: _("Set this machine's clock by NTP: sessions, codes and stamps go by it."),
        PreOpenName.MASTER_DATA: _("It is loaded in the morning. If it stays away, look at the data services."),
        PreOpenName.MARKET_STREAM: _("It reconnects by itself. If it stays away, look at the market data page."),
        PreOpenName.LOG_IN: _("Enter the one-time code. An operator sets up connections that are missing."),
        PreOpenName.GATEWAY: _("Look at the broker connections: orders do not leave, or their fate is not heard."),
        PreOpenName.BOOKS: _("Find out what differs before anything is bought or sold on wrong books."),
        PreOpenName.LIMITS: _("A risk officer sets the limits that are missing."),
        PreOpenName.STOPS: _("Find out why it was stopped; a release takes a second risk officer."),
        PreOpenName.STRATEGIES: _("Read why it stopped, then start it again or stop it for good."),
    }
    if check.name is PreOpenName.BOOKS and is_waiting:
        return _("They are compared as soon as the order stream is connected.")
    if check.name is PreOpenName.STRATEGIES and is_waiting:
        return _("The worker of the strategies is starting.")
    return said[check.name]


def _way(name: PreOpenName, user: Any) -> tuple[str, str]:
    """Where it is done, for who may open that page."""
    runs_machines = has_role(user, Role.OPERATOR, Role.ADMINISTRATOR)
    ways = {
        PreOpenName.MASTER_DATA: ("portal:master-data", _("Master data"), True),
        PreOpenName.MARKET_STREAM: ("portal:data-stream", _("Market data"), True),
        PreOpenName.LOG_IN: (
            "portal:broker-log-in",
            _("Log in at the broker"),
            has_role(user, Role.TRADER, Role.OPERATOR, Role.ADMINISTRATOR),
        ),
        PreOpenName.GATEWAY: ("portal:system", _("System"), runs_machines),
        PreOpenName.BOOKS: ("portal:differences", _("Look into them"), runs_machines),
        PreOpenName.LIMITS: ("portal:risk", _("Limits"), True),
        PreOpenName.STOPS: ("portal:risk", _("Risk"), True),
        PreOpenName.STRATEGIES: ("portal:strategies", _("Strategies"), True),
    }
    address, act, may = ways.get(name, ("", "", False))
    return (reverse(address), act) if may else ("", "")
