"""What the exchange has decided and takes back only by another decision: halts, states, first trading days.

These outlive the process: `Decisions` is kept, and taken up before the next process begins its first day.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import msgspec

from qts.domain.market import RuleHistory, TradingCalendar, has_wide_band
from qts.domain.values import Exchange as Market
from simulator.exchange.security import Security, SecurityState


class Decisions(msgspec.Struct):
    """By symbol. `upcoming` states hold after the day that they come with; `halted` and `standing` are only for
    keeping: while the exchange runs, its securities know theirs."""

    halted: list[str] = []
    halted_markets: set[Market] = set()
    standing: dict[str, SecurityState] = {}  # where it differs from the listing's
    upcoming: dict[str, tuple[date, SecurityState]] = {}
    suspended_since: dict[str, date] = {}
    first_days: dict[str, date] = {}  # of trading at all, or again after a long suspension

    def gather(self, securities: Iterable[Security]) -> "Decisions":
        """What to keep now."""
        known = list(securities)
        self.halted = [one.symbol for one in known if one.is_halted]
        self.standing = {one.symbol: one.standing for one in known if one.standing is not one.listing.state}
        return self

    def hand_out(self, securities: Mapping[str, Security]) -> None:
        """The other way round; what is not listed any more is passed over."""
        for symbol, security in securities.items():
            security.is_halted = symbol in self.halted
            security.standing = self.standing.get(symbol, security.standing)

    def begin_day(
        self, securities: Mapping[str, Security], day: date, calendar: TradingCalendar, history: RuleHistory
    ) -> None:
        """States that were to hold from this day on do, and so do the wide bands of this day."""
        for symbol in [symbol for symbol, (decided, _) in self.upcoming.items() if decided < day]:
            _, state = self.upcoming.pop(symbol)
            if symbol in securities:
                securities[symbol].standing = state
        for symbol, security in securities.items():
            self.watch_suspension(security, day, calendar, history)
            security.is_first_day = self.first_days.get(symbol) == day

    def watch_suspension(self, security: Security, day: date, calendar: TradingCalendar, history: RuleHistory) -> None:
        """After each change of state. `day` is the one that it holds for: after a long suspension, a first day."""
        if security.standing is SecurityState.SUSPENDED:
            self.suspended_since.setdefault(security.symbol, day)
            return
        since = self.suspended_since.pop(security.symbol, None)
        missed = _sessions(since, day, calendar) if since is not None else 0
        if has_wide_band(history.on(day), security.market, is_first_trading_day=False, sessions_suspended=missed):
            self.first_days[security.symbol] = day


def _sessions(first: date, until: date, calendar: TradingCalendar) -> int:
    """Trading days from `first` on, `until` not among them."""
    days = ((first + timedelta(days=number)) for number in range((until - first).days))
    return sum(calendar.is_trading_day(day) for day in days)
