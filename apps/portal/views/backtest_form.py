"""The launcher: a form made from the parameters of the chosen strategies, and what it asks for."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID, uuid4

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.marketdata import selectors as marketdata
from apps.portal.forms import read_quantity
from apps.portal.views.access import TRADERS, asks_for_fragment, page
from apps.sso.selectors import actor_of
from apps.strategies import selectors, services
from apps.strategies.selectors import BacktestStrategyView, BacktestView
from qts.backtest import BarPeriod, FillAt, SpecWrong, StudyKind
from qts.backtest.bars import VND_PER_THOUSAND
from qts.backtest.search import TRIES_MAX
from qts.backtest.spec import LATENCY_MS_MAX, SLIPPAGE_TICKS_MAX
from qts.backtest.study import TRIES_MIN, values_of
from qts.backtest.walk_forward import FOLDS_MAX, FOLDS_MIN
from qts.domain.strategy import Parameter
from qts.web.words import STUDIES, choices

PARTS_MAX: Final = 4
_MARKET: Final = ("latency_ms", "slippage_ticks", "queue_quantity")
SOURCES: Final = ("STORE", "UPLOAD")


class LaunchForm(forms.Form):
    """Fields `p0-strategy`, `p0-version`, `p0-symbols`, `p0-fast` … for each part; `v-fast` … for the values to try."""

    name = forms.CharField(max_length=120, required=False)
    kind = forms.ChoiceField(choices=choices(STUDIES))
    source = forms.ChoiceField(choices=[(one, one) for one in SOURCES])
    symbols = forms.CharField(max_length=2_000, required=False)
    period = forms.ChoiceField(choices=[(one, one) for one in BarPeriod])
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)
    file = forms.FileField(required=False)
    digest = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    unit_vnd = forms.TypedChoiceField(choices=[(1_000, 1_000), (1, 1)], coerce=int, required=False)
    cash_vnd = forms.CharField(max_length=24)
    participation_percent = forms.IntegerField(min_value=1, max_value=100)
    spread_ticks = forms.IntegerField(min_value=0, max_value=100)
    latency_ms = forms.IntegerField(min_value=0, max_value=LATENCY_MS_MAX, required=False)
    slippage_ticks = forms.IntegerField(min_value=0, max_value=SLIPPAGE_TICKS_MAX, required=False)
    queue_quantity = forms.IntegerField(min_value=0, max_value=10**9, required=False)
    foreign_room = forms.CharField(max_length=2_000, required=False)
    frictionless = forms.ChoiceField(choices=[("", ""), *((one, one) for one in FillAt)], required=False)
    tries = forms.IntegerField(min_value=TRIES_MIN, max_value=TRIES_MAX)
    folds = forms.IntegerField(min_value=FOLDS_MIN, max_value=FOLDS_MAX)
    is_anchored = forms.BooleanField(required=False)
    seed = forms.IntegerField(min_value=0, max_value=2**31 - 1)
    run_id = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(
        self,
        *arguments: Any,
        strategies: Sequence[BacktestStrategyView],
        chosen: Sequence[BacktestStrategyView],
        kind: str,
        **named: Any,
    ) -> None:
        """`chosen` has the strategy of each part, of the version that was chosen."""
        super().__init__(*arguments, **named)
        self.chosen = list(chosen)
        self._kind = kind
        choices = [(one.key, _title(one)) for one in strategies]
        for number, known in enumerate(chosen):
            self.fields[f"p{number}-strategy"] = forms.ChoiceField(choices=choices, initial=known.key)
            self.fields[f"p{number}-symbols"] = forms.CharField(max_length=2_000, required=False)
            if known.versions:
                hashes = [(one.content_hash, one.content_hash[:8]) for one in known.versions]
                self.fields[f"p{number}-version"] = forms.ChoiceField(choices=hashes, required=False)
            for one in known.parameters:
                self.fields[f"p{number}-{one.name}"] = forms.IntegerField(
                    min_value=one.minimum, max_value=one.maximum, initial=one.default
                )
        if kind != StudyKind.RUN:
            for one in chosen[0].parameters:
                self.fields[f"v-{one.name}"] = forms.CharField(max_length=200, required=False)

    @property
    def parts(self) -> list[dict[str, Any]]:
        """For the page: each part's fields with what is known of its parameters."""
        return [
            {
                "number": number,
                "strategy": self[f"p{number}-strategy"],
                "symbols": self[f"p{number}-symbols"],
                "known": known,
                "parameters": [self._row(number, one) for one in known.parameters],
            }
            for number, known in enumerate(self.chosen)
        ]

    def clean_cash_vnd(self) -> int:
        try:
            return read_quantity(self.cleaned_data["cash_vnd"])
        except ValueError as error:
            raise forms.ValidationError(_("Type whole VND, for example 1,000,000,000.")) from error

    def clean_foreign_room(self) -> dict[str, int]:
        """Written SSI=50,000,000 HPG=0; commas are of the numbers."""
        found = {}
        for text in self.cleaned_data["foreign_room"].upper().split():
            symbol, _equals, shares = text.strip(",;").partition("=")
            try:
                found[symbol] = read_quantity(shares)
            except ValueError as error:
                raise forms.ValidationError(_("Type symbols with shares, for example SSI=50,000,000.")) from error
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = dict(super().clean() or {})
        has_bars = cleaned.get("digest") or cleaned.get("file")
        if cleaned.get("source") == "UPLOAD" and not has_bars and "file" not in self.errors:
            self.add_error("file", _("Choose a file of bars."))
        if cleaned.get("source") == "STORE" and not _symbols(cleaned.get("symbols", "")):
            self.add_error("symbols", _("Name at least one symbol."))
        cleaned["grid"] = {} if self._kind == StudyKind.RUN else self._grid(cleaned)
        return cleaned

    def told(self) -> dict[str, Any]:
        """The study, but for what its bars say."""
        given = self.cleaned_data
        as_typed = (
            "kind",
            "cash_vnd",
            "participation_percent",
            "spread_ticks",
            "tries",
            "folds",
            "is_anchored",
            "seed",
        )
        return {
            **{name: given[name] for name in as_typed},
            **{name: given[name] for name in _MARKET if given[name] is not None},
            "foreign_room": given["foreign_room"],
            "frictionless": given["frictionless"] or None,
            "fee_rate_bps": settings.BROKER_FEE_RATE_BPS,
            "sale_tax_rate_bps": settings.SALE_TAX_RATE_BPS,
            "grid": given["grid"],
            "parts": [
                {
                    "strategy": known.key,
                    "version": known.content_hash,
                    "symbols": _symbols(given[f"p{number}-symbols"]),
                    "parameters": {one.name: given[f"p{number}-{one.name}"] for one in known.parameters},
                }
                for number, known in enumerate(self.chosen)
            ],
        }

    def _grid(self, cleaned: Mapping[str, Any]) -> dict[str, list[int]]:
        grid = {}
        for one in self.chosen[0].parameters:
            text = cleaned.get(f"v-{one.name}", "").strip()
            if not text:
                continue
            try:
                values = values_of(text)
            except SpecWrong:
                self.add_error(f"v-{one.name}", _("Type values like 5,8,13, or from:to:step like 5:25:5."))
                continue
            if values[0] < one.minimum or values[-1] > one.maximum:
                said = _("Only values from {low} to {high} are allowed.").format(low=one.minimum, high=one.maximum)
                self.add_error(f"v-{one.name}", said)
            grid[one.name] = values
        if not grid and not any(name.startswith("v-") for name in self.errors):
            self.add_error(None, _("Choose at least one parameter to vary, and its values."))
        return grid

    def _row(self, number: int, known: Parameter) -> dict[str, Any]:
        varied = f"v-{known.name}"
        return {
            "known": known,
            "field": self[f"p{number}-{known.name}"],
            "varied": self[varied] if number == 0 and varied in self.fields else None,
        }


@require_http_methods(["GET", "POST"])
@page(*TRADERS)
def launch(request: HttpRequest) -> HttpResponse:
    """GET draws the form, anew for htmx when kind or strategy change; POST asks for the backtest."""
    strategies = selectors.backtest_strategies()
    if request.method == "GET":
        form = _form(_given(request), strategies, is_bound=False)
        part = "fields" if asks_for_fragment(request) else "new"
        return render(request, f"portal/backtests/{part}.html", _context(form))
    form = _form(request.POST, strategies, is_bound=True, files=request.FILES)
    problems: list[str] = []
    if form.is_valid():
        try:
            return redirect("portal:backtest", run_id=_queue(request, form))
        except services.BacktestRefused as refused:
            problems = refused.problems
    return render(request, "portal/backtests/new.html", _context(form) | {"problems": problems}, status=422)


def _queue(request: HttpRequest, form: LaunchForm) -> UUID:
    given, actor = form.cleaned_data, actor_of(request.user)
    symbols = _symbols(given["symbols"])
    if given["source"] == "STORE":
        period = BarPeriod(given["period"])
        digest = services.keep_stored(symbols, period=period, since=given["since"], until=given["until"], actor=actor)
    else:
        digest = _uploaded(form, actor)
        digest = services.keep_part(digest, symbols, actor=actor)
    study = services.study_on(digest, form.told())
    return services.queue_backtest(
        study=study,
        digest=digest,
        name=given["name"],
        actor=actor,
        now=marketdata.market_now(),
        run_id=given["run_id"],
    )


def _uploaded(form: LaunchForm, actor: Any) -> str:
    """A file that was good is kept, and its form remembers that: what else is wrong does not cost sending it again."""
    file = form.cleaned_data["file"]
    if file is None:
        return str(form.cleaned_data["digest"])
    period, unit_vnd = BarPeriod(form.cleaned_data["period"]), form.cleaned_data["unit_vnd"] or VND_PER_THOUSAND
    digest = services.keep_file(
        file.file, name=file.name, size=file.size, period=period, unit_vnd=unit_vnd, actor=actor
    )
    form.data = form.data.copy()  # type: ignore[attr-defined]  # a QueryDict, as it came
    form.data["digest"] = digest  # type: ignore[index]
    return digest


def _form(
    given: QueryDict, strategies: Sequence[BacktestStrategyView], *, is_bound: bool, files: Any = None
) -> LaunchForm:
    """`act` adds a part or takes the last one away."""
    kind = given.get("kind", "") if given.get("kind") in STUDIES else StudyKind.RUN.value
    chosen = _chosen(given, strategies)
    if given.get("act") == "add" and len(chosen) < PARTS_MAX:
        chosen.append(strategies[len(chosen) % len(strategies)])
    if given.get("act") == "remove" and len(chosen) > 1:
        chosen.pop()
    if kind != StudyKind.RUN:
        chosen = chosen[:1]
    if is_bound:
        return LaunchForm(given, files, strategies=strategies, chosen=chosen, kind=kind)
    typed = {name: text for name, text in given.items() if name != "act"}
    # a parameter keeps what was typed only while its strategy is the same
    before = dict(enumerate(given.getlist("drawn")))
    for number, known in enumerate(chosen):
        if before.get(number, known.key) != known.key:
            gone = (f"p{number}-", "v-" if number == 0 else f"p{number}-")
            typed = {name: text for name, text in typed.items() if not name.startswith(gone)}
    typed |= {f"p{number}-strategy": known.key for number, known in enumerate(chosen)}
    return LaunchForm(initial=_defaults() | typed, strategies=strategies, chosen=chosen, kind=kind)


def _chosen(given: QueryDict, strategies: Sequence[BacktestStrategyView]) -> list[BacktestStrategyView]:
    """The strategy of each part; a version that its file does not have is the newest one."""
    known = {one.key: one for one in strategies}
    found = []
    for number in range(PARTS_MAX):
        one = known.get(given.get(f"p{number}-strategy", ""))
        if one is None:
            continue
        version = given.get(f"p{number}-version", "")
        is_older = version != one.content_hash and version in {of.content_hash for of in one.versions}
        found.append(selectors.backtest_file(one.key, version) if is_older else one)
    return found or [strategies[0]]


def _title(strategy: BacktestStrategyView) -> str:
    if not strategy.versions:
        return strategy.title
    return f"{strategy.title} · {strategy.versions[0].name}"


def _defaults() -> dict[str, Any]:
    return {
        "kind": StudyKind.RUN.value,
        "source": SOURCES[0],
        "period": BarPeriod.DAY.value,
        "unit_vnd": VND_PER_THOUSAND,
        "cash_vnd": "1,000,000,000",
        "participation_percent": 10,
        "spread_ticks": 1,
        "latency_ms": 0,
        "slippage_ticks": 0,
        "queue_quantity": 10_000,
        "tries": 50,
        "folds": 4,
        "seed": 1,
        "run_id": uuid4(),
    }


def _given(request: HttpRequest) -> QueryDict:
    """What was typed, or what a run that is there was asked for."""
    source = request.GET.get("from", "")
    run = selectors.backtest(UUID(source)) if _is_uuid(source) else None
    return _of_run(run) if run else request.GET


def _of_run(run: BacktestView) -> QueryDict:
    study = run.study
    found = QueryDict(mutable=True)
    plain = ("kind", "participation_percent", "spread_ticks", "tries", "folds", "seed")
    found.update({name: str(study[name]) for name in plain})
    found.update({name: str(study[name]) for name in _MARKET if name in study})
    found["foreign_room"] = " ".join(f"{symbol}={room}" for symbol, room in study.get("foreign_room", {}).items())
    found["cash_vnd"] = f"{study['cash_vnd']:,}"
    found["frictionless"] = study["frictionless"] or ""
    found["symbols"] = ", ".join(run.symbols)
    found["period"] = run.data.period
    found["source"], found["digest"] = "UPLOAD", run.data.digest
    if study["is_anchored"]:
        found["is_anchored"] = "on"
    for number, part in enumerate(study["parts"][:PARTS_MAX]):
        found[f"p{number}-strategy"] = part["strategy"]
        found[f"p{number}-symbols"] = ", ".join(part["symbols"])
        found[f"p{number}-version"] = part.get("source", {}).get("content_hash", "")
        found.update({f"p{number}-{name}": str(value) for name, value in part["parameters"].items()})
    found.update({f"v-{name}": ",".join(map(str, values)) for name, values in study["grid"].items()})
    return found


def _context(form: LaunchForm) -> dict[str, Any]:
    days = marketdata.symbols_with_days()
    digest = form["digest"].value() or ""
    return {
        "form": form,
        "kind": form["kind"].value(),
        "kinds": choices(STUDIES),
        "fill_choices": [
            ("CLOSE", _("at the close of the bar that caused it")),
            ("NEXT_OPEN", _("at the next bar's open")),
            ("NEXT_CLOSE", _("at the next bar's close")),
        ],
        "kept": selectors.backtest_data(digest) if digest else None,
        "symbols_with_days": days,
        "days_most": max(days.values(), default=0),
        "may_add": len(form.chosen) < PARTS_MAX and form["kind"].value() == StudyKind.RUN,
        "may_remove": len(form.chosen) > 1,
    }


def _symbols(text: str) -> list[str]:
    return list(dict.fromkeys(text.upper().replace(",", " ").replace(";", " ").split()))


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
