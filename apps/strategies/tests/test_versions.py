"""Files of people: taken in by hash, run in the child alone, changed between two bars with or without their memory."""

import importlib
import subprocess
import sys

import pytest

from apps.accounts import selectors as accounts
from apps.marketdata.selectors import market_now
from apps.strategies import selectors, services
from apps.strategies.models import Decision, Strategy, StrategyStatus, StrategyVersion
from apps.strategies.tests.conftest import NOW, TRADER, bar
from apps.strategies.tests.test_bad_files import COUNTER

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(settings, tmp_path):
    settings.STRATEGIES_DIR = tmp_path / "strategies"
    return services.strategies_folder()


@pytest.fixture
def write(folder):
    def written(text, name="counter"):
        (folder / f"{name}.py").write_text(text)
        return name

    return written


def register(write, text=COUNTER):
    return services.register_file(write(text), actor=TRADER, now=NOW)


@pytest.fixture
def running(desk, write, account_id, strategy_id):
    """A counter beside the cross of the desk's fixture."""
    register(write)
    made = services.create_strategy(
        name="Counter", class_key="file:counter", parameters={}, account_id=account_id, symbols=["SSI"]
    )
    services.start_strategy(made, actor=TRADER, now=NOW)
    desk.refresh()
    return made


def test_a_file_is_taken_in_once_and_described_by_its_child(write, account_id):
    content_hash = register(write)
    assert register(write) == content_hash
    row = StrategyVersion.objects.get()
    assert (row.title, row.summary, row.registered_by) == ("Counter", "Counts its bars.", str(TRADER))
    assert [(one["name"], one["minimum"], one["maximum"]) for one in row.parameters] == [("quantity", 100, 900)]
    assert "strategy_file" not in sys.modules  # nothing of it ran here
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("counter")
    assert [code.class_key for code in selectors.choices()][-1] == "file:counter"


def test_a_link_out_of_the_folder_is_not_followed(folder, tmp_path):
    (tmp_path / "secret.py").write_text(COUNTER)
    (folder / "counter.py").symlink_to(tmp_path / "secret.py")
    for name in ("counter", "../secret", "gone"):
        with pytest.raises(services.StrategyRefused):
            services.register_file(name, actor=TRADER, now=NOW)
    (shown,) = selectors.files()
    assert (shown.content_hash, shown.is_registered) == ("", False)
    assert "cannot be read" in shown.problem


def test_a_decision_names_the_code_that_made_it(desk, running):
    desk.on_bar(bar())
    (decision,) = Decision.objects.filter(strategy_id=running)
    assert (decision.signal, decision.mode) == ("VERSION bar 1", "PAPER")
    assert decision.code_hash == StrategyVersion.objects.get().content_hash
    assert selectors.explanation(decision.order_id).decision.code_hash == decision.code_hash


@pytest.mark.parametrize(("keeps_state", "signal"), [(True, "NEWER bar 3"), (False, "NEWER bar 1")])
def test_a_new_version_goes_on_between_two_bars(desk, running, write, keeps_state, signal):
    desk.on_bar(bar("10:13:00"))
    desk.on_bar(bar("10:14:00"))
    newer = register(write, COUNTER.replace("VERSION", "NEWER"))
    services.change_version(running, newer, keeps_state=keeps_state, actor=TRADER, now=NOW)
    desk.on_bar(bar("10:15:00"))  # the old one's word counts no more, the new one is not there yet
    desk.refresh()
    desk.on_bar(bar("10:16:00"))
    told = list(
        Decision.objects.filter(strategy_id=running).order_by("trigger__ts_start_ms").values_list("signal", flat=True)
    )
    expected = ["VERSION bar 1", "VERSION bar 2"]
    if keeps_state:
        signal = signal.replace("3", "4")  # it has seen the third bar, though its answer came too late
    assert told == [*expected, signal]


def test_a_file_that_changes_on_disk_changes_nothing_that_runs(desk, running, write):
    write("raise SystemExit")
    desk.refresh()
    desk.on_bar(bar())
    assert Decision.objects.get(strategy_id=running).signal == "VERSION bar 1"
    (shown,) = selectors.files()
    assert shown.is_registered is False


def test_a_version_that_cannot_take_over_is_off_and_the_others_are_not(desk, engine, running, strategy_id, write):
    newer = register(write, COUNTER.replace('state["count"]', 'state["missing"]'))
    services.change_version(running, newer, keeps_state=True, actor=TRADER, now=NOW)
    desk.refresh()
    failed = selectors.strategy(running)
    assert failed.status == StrategyStatus.FAILED
    assert failed.status_reason.startswith("KeyError: 'missing'")
    assert 'File "counter.py", line' in failed.status_reason
    engine.cross(9.9, 10.1)
    desk.on_bar(bar())
    assert [row.strategy_id for row in Decision.objects.all()] == [strategy_id]


def test_a_version_that_does_not_fit_is_refused(running, strategy_id, write):
    Strategy.objects.filter(id=running).update(parameters={"quantity": 800})
    narrower = register(write, COUNTER.replace("maximum=900", "maximum=500"))
    for named, content_hash, said in (
        (running, narrower, "between 100 and 500 shares"),
        (running, "f" * 64, "no version ffffffff of counter"),
        (strategy_id, narrower, "comes with QTS"),
    ):
        with pytest.raises(services.StrategyRefused, match=said):
            services.change_version(named, content_hash, keeps_state=False, actor=TRADER, now=NOW)


def test_a_stored_text_that_was_tampered_with_does_not_run(desk, running):
    StrategyVersion.objects.update(source=COUNTER.replace("VERSION", "EVIL"))
    Strategy.objects.filter(id=running).update(run=2)
    desk.refresh()
    assert "not what was registered" in selectors.strategy(running).status_reason


def test_the_template_runs_and_is_not_written_twice(folder, account_id):
    written, test = services.write_template("my_first")
    services.register_file("my_first", actor=TRADER, now=NOW)
    assert [one.name for one in selectors.files()] == ["my_first"]  # its test is none
    code = "import runpy, sys; runpy.run_path(sys.argv[1])['test_it_buys_above_and_leaves_below_its_average']()"
    subprocess.run([sys.executable, "-c", code, str(test)], check=True)
    with pytest.raises(services.StrategyRefused, match=r"my_first\.py, test_my_first\.py is there already"):
        services.write_template("my_first")
    with pytest.raises(services.StrategyRefused, match="is no name"):
        services.write_template("../x")
    assert written.parent == folder


RULES = """\
title: Dips
enter: {all: [close > 24000]}
leave: {any: [rsi_14 > 65]}
size: {method: percent_of_equity, percent: 10}
"""


@pytest.fixture
def write_rules(folder):
    def written(text, name="dips"):
        (folder / f"{name}.yaml").write_text(text)
        return name

    return written


def test_a_document_of_rules_is_taken_in_and_trades_like_a_file(desk, write_rules, account_id, strategy_id):
    content_hash = services.register_file(write_rules(RULES), actor=TRADER, now=NOW)
    assert [(one.name, one.file_name, one.is_registered) for one in selectors.files()] == [("dips", "dips.yaml", True)]
    made = services.create_strategy(
        name="Dips", class_key="file:dips", parameters={}, account_id=account_id, symbols=["SSI"]
    )
    services.start_strategy(made, actor=TRADER, now=NOW)
    desk.refresh()
    desk.on_bar(bar())
    decision = Decision.objects.get(strategy_id=made)
    close_vnd = decision.trigger["close_vnd"]
    assert decision.signal == f"enters: close {close_vnd:,} > 24000"
    equity_vnd = accounts.portfolio(account_id, market_now()).equity_vnd
    wanted = equity_vnd // 10 // close_vnd
    assert (decision.side, decision.quantity) == ("BUY", wanted - wanted % 100)
    assert decision.code_hash == content_hash


def test_what_is_wrong_with_a_document_is_told_with_its_line(write_rules):
    with pytest.raises(services.StrategyRefused) as refused:
        services.register_file(write_rules(RULES.replace("close >", "close >>")), actor=TRADER, now=NOW)
    (problem,) = refused.value.problems
    assert "dips.yaml" in problem
    assert "Line 2, enter.all[1]: 'close >> 24000' is no condition" in problem


def test_a_document_that_reads_an_indicator_that_nobody_computes_is_refused(write_rules):
    with pytest.raises(services.StrategyRefused, match="xyz_14"):
        services.register_file(write_rules(RULES.replace("rsi_14", "xyz_14")), actor=TRADER, now=NOW)


def test_one_name_is_one_strategy(write, write_rules):
    write(COUNTER, name="dips")
    with pytest.raises(services.StrategyRefused, match="one name is one strategy"):
        services.register_file(write_rules(RULES), actor=TRADER, now=NOW)
