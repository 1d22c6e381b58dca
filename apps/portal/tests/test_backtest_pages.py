"""Pages of backtests: the launcher, a run while it goes, reports of every kind, the comparison; what they refuse."""

import csv
import io
import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.apps import apps as django_apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation
from django.utils.translation import gettext

from apps.marketdata.selectors import market_now
from apps.portal.views.backtest_words import sentences
from apps.strategies import selectors, services
from qts.backtest.statements import TEMPLATES, Say, Statement
from qts.backtest.tests.test_confined import CROSS as OWN_FILE
from qts.domain.errors import Said, kept_of
from qts.domain.values import Actor, ActorKind

URL = "/backtests/"
CROSS = {"p0-strategy": "moving_average_cross", "p0-fast": "3", "p0-slow": "8", "p0-quantity": "100", "p0-symbols": ""}
FORM = {
    "kind": "RUN", "source": "STORE", "symbols": "SSI", "period": "DAY", "since": "", "until": "", "unit_vnd": "1000",
    "cash_vnd": "100,000,000", "participation_percent": "10", "spread_ticks": "1", "frictionless": "", "tries": "6",
    "folds": "3", "seed": "1", "name": "", "digest": "", **CROSS,
}  # fmt: skip


@pytest.fixture
def stored(market):
    """200 days of SSI and VIC."""
    model = django_apps.get_model("marketdata", "DailyBar")
    first = date(2026, 1, 5)
    for symbol, base in (("SSI", 25_000), ("VIC", 40_000)):
        model.objects.bulk_create(
            model(
                symbol=symbol, trading_day=first + timedelta(days=n), open_vnd=price, high_vnd=price + 100,
                low_vnd=price - 100, close_vnd=price, volume=1_000_000, value_vnd=price * 1_000_000,
            )
            for n in range(200)
            if (price := base + 100 * (abs(n * 7 % 60 - 30) + n % 5))
        )  # fmt: skip


def asked(client, **changes):
    """The id of what the launcher was asked for."""
    answer = client.post(f"{URL}new/", FORM | {"run_id": str(uuid4())} | changes)
    assert answer.status_code == 302, re.findall(r"errorlist[^>]*>.*?</ul>|<li>[^<]+</li>", answer.content.decode())
    return answer.headers["Location"].rstrip("/").rpartition("/")[2]


def done(client, **changes):
    run_id = asked(client, **changes)
    services.run_backtest(run_id)
    assert selectors.backtest(run_id).is_done, selectors.backtest(run_id).problem
    return run_id


def shown(client, run_id, query=""):
    answer = client.get(f"{URL}{run_id}/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def trader(desk, stored):
    return desk.client("trader")


def test_from_the_launcher_to_the_report(trader):
    drawn = trader.get(f"{URL}new/").content.decode()
    assert 'min="2" max="100"' in drawn
    assert "Length of the fast simple moving average." in drawn
    assert "up to 200 days of 2 symbols" in drawn
    run_id = asked(trader)
    waiting = shown(trader, run_id)
    assert "Waiting for a free worker" in waiting
    assert "every 1s" in trader.get(f"{URL}{run_id}/progress/").content.decode()
    services.run_backtest(run_id)
    assert trader.get(f"{URL}{run_id}/progress/").headers["HX-Refresh"] == "true"
    page = shown(trader, run_id)
    assert page.index('id="verdict"') < page.index('id="figures"') < page.index('id="equity-chart"')
    assert re.search(r"It (earned|lost) [\d,]+ VND", page)
    assert "Buy and hold" in page
    fills = selectors.backtest_document(run_id)["fills"]
    assert page.count("<tr data-fill") == len(fills) > 5
    rows = list(csv.reader(io.StringIO(trader.get(f"{URL}{run_id}/trades.csv").content.decode("utf-8-sig"))))
    assert len(rows) == len(fills) + 1
    assert rows[1][1:5] == [str(one) for one in fills[0][1:5]]
    drawn = trader.get(f"{URL}{run_id}/chart/?symbol=SSI").json()
    assert (len(drawn["bars"]), len(drawn["trades"])) == (200, len(fills))
    assert {one["time"] for one in drawn["trades"]} <= {bar["time"] for bar in drawn["bars"]}
    assert trader.get(f"{URL}{run_id}/chart/?symbol=VIC").status_code == 404


def test_a_sweep_has_a_heat_map_and_the_best_is_framed(trader):
    run_id = done(trader, kind="SWEEP", **{"v-fast": "2:5", "v-slow": "8,13,21"})
    page = shown(trader, run_id)
    assert 'id="heat-map"' in page
    assert page.count("is-best") == 1
    assert len(re.findall(r'class="num heat-', page)) == 12
    document = selectors.backtest_document(run_id)
    best = document["rows"][document["best"]]["parameters"]
    framed = re.search(r'is-best" title="([^"]+)"', page)
    assert framed.group(1) == f"fast {best['fast']}, slow {best['slow']}, quantity 100"
    returns = shown(trader, run_id, "?measure=equity&x=slow&y=fast")
    assert "fast ↓ slow →" in returns
    assert re.search(r'is-best"[^>]*>[+−][\d.]+%<', returns)
    assert "The best of them" in page


def test_a_sweep_that_never_traded_says_that_there_is_no_best(trader):
    days = django_apps.get_model("marketdata", "DailyBar").objects.filter(symbol="SSI")
    days.update(open_vnd=25_000, high_vnd=25_000, low_vnd=25_000, close_vnd=25_000)
    run_id = done(trader, kind="SWEEP", **{"v-fast": "2:5", "v-slow": "8,13,21"})
    page = shown(trader, run_id)
    assert "there is no best to judge" in page
    assert 'id="heat-map"' not in page
    assert trader.get(URL).status_code == 200
    assert trader.get(f"{URL}{run_id}/trades.csv").status_code == 404
    assert trader.get(f"{URL}compare/?run={run_id}&run={done(trader)}").status_code == 200


@pytest.mark.parametrize(("kind", "told"), [("WALK_FORWARD", 'id="folds"'), ("SEARCH", "of 6 tried")])
def test_the_other_kinds_are_shown(trader, kind, told):
    page = shown(trader, done(trader, kind=kind, **{"v-fast": "2:5", "v-slow": "8,13,21"}))
    assert told in page
    assert 'id="verdict"' in page


def test_two_runs_beside_each_other(trader):
    first, second = done(trader), done(trader, cash_vnd="50,000,000", **{"p0-fast": "5"})
    page = trader.get(f"{URL}compare/?run={first}&run={second}").content.decode()
    assert page.count("line-1") == page.count("line-2") > 0
    assert "They ran on different bars" not in page
    other = done(trader, symbols="VIC")
    assert "They ran on different bars" in trader.get(f"{URL}compare/?run={first}&run={other}").content.decode()
    waiting = asked(trader)
    for query in ("", f"?run={first}", f"?run={first}&run={waiting}"):
        answer = trader.get(f"{URL}compare/{query}")
        assert answer.status_code == 422
        assert "finished backtests" in answer.content.decode()
    assert trader.get(f"{URL}compare/?run={first}&run=nonsense").status_code == 404


def test_the_same_again_gives_the_same_hash(trader):
    first = done(trader)
    again = trader.post(f"{URL}{first}/repeat/").headers["Location"].rstrip("/").rpartition("/")[2]
    services.run_backtest(again)
    hashes = [re.search(r'data-trades-hash="(\w{64})"', shown(trader, one)).group(1) for one in (first, again)]
    assert hashes[0] == hashes[1]
    drawn = trader.get(f"{URL}new/?from={first}").content.decode()
    assert re.search(r'name="p0-fast"[^>]*value="3"', drawn)
    assert "200 bars of SSI" in drawn


def test_the_form_follows_what_is_chosen(trader):
    def fields(**changes):
        answer = trader.get(f"{URL}new/", FORM | changes, headers={"HX-Request": "true"})
        return answer.content.decode()

    assert 'name="v-fast"' not in fields()
    assert 'name="v-fast"' in fields(kind="SWEEP")
    assert 'name="tries" id="launch-tries"' in fields(kind="SEARCH")
    assert 'name="folds" id="launch-folds"' in fields(kind="WALK_FORWARD")
    two = fields(act="add")
    assert 'name="p1-strategy"' in two
    assert re.search(r'name="p0-fast"[^>]*value="3"', two)  # what was typed stays
    assert 'name="p1-' not in fields(act="remove", **{"p1-strategy": "moving_average_cross"})
    other = fields(drawn="moving_average_cross", **{"p0-strategy": "rsi_mean_reversion"})
    assert re.search(r'name="p0-period"[^>]*value="14"', other)
    assert 'name="p0-fast"' not in other


@pytest.fixture
def own_file(settings, tmp_path):
    """The hashes of two versions of a file, older first; the second one takes less."""
    settings.STRATEGIES_DIR = tmp_path / "strategies"
    folder = services.strategies_folder()

    def take(text):
        (folder / "mine.py").write_text(text)
        return services.register_file("mine", actor=Actor(ActorKind.USER, "1"), now=market_now())

    return take(OWN_FILE), take(OWN_FILE.replace("maximum=20", "maximum=9"))


def test_a_file_of_ones_own_is_chosen_with_its_version(trader, own_file):
    older, newest = own_file
    chosen = {"p0-strategy": "file:mine", "drawn": "moving_average_cross"}
    drawn = trader.get(f"{URL}new/", FORM | chosen, headers={"HX-Request": "true"}).content.decode()
    assert "Mine · mine" in drawn
    assert re.search(rf'value="{newest}" selected', drawn)
    assert re.search(r'name="p0-fast"[^>]*max="9"', drawn)
    again = {**chosen, "drawn": "file:mine", "p0-version": older}
    drawn = trader.get(f"{URL}new/", FORM | again, headers={"HX-Request": "true"}).content.decode()
    assert re.search(rf'value="{older}" selected', drawn)
    assert re.search(r'name="p0-fast"[^>]*max="20"', drawn)
    run_id = done(trader, **again)
    page = shown(trader, run_id)
    assert f'mine.py <span class="mono">{older[:8]}</span>' in page
    assert "A cross of my own." in page
    assert f'value="{older}" selected' in trader.get(f"{URL}new/?from={run_id}").content.decode()
    swept = shown(trader, done(trader, **again, kind="SWEEP", **{"v-fast": "3,5"}))
    assert 'id="verdict"' in swept
    answer = trader.post(f"{URL}new/", FORM | {"run_id": str(uuid4())} | chosen | {"p0-fast": "10"})
    assert answer.status_code == 422  # the newest takes nine at most


def test_matches_latency_slippage_and_room_are_asked_for_and_told(trader):
    rows = "".join(f"ABC,2026-11-23 09:{16 + n // 6}:{n % 6}0,{20 + n % 9 / 20},900\n" for n in range(240))
    file = SimpleUploadedFile("ticks.csv", f"symbol,time,price,volume\n{rows}".encode())
    market = {"latency_ms": "250", "slippage_ticks": "2", "queue_quantity": "7000", "foreign_room": "ABC=50,000"}
    run_id = done(trader, source="UPLOAD", symbols="", period="TICK", file=file, **market)
    study = selectors.backtest(run_id).study
    assert (study["latency_ms"], study["slippage_ticks"], study["queue_quantity"]) == (250, 2, 7_000)
    assert study["foreign_room"] == {"ABC": 50_000}
    page = shown(trader, run_id)
    assert "Latency, ms: 250" in page
    assert "Foreign room ABC: 50,000" in page
    times = [bar["time"] for bar in trader.get(f"{URL}{run_id}/chart/?symbol=ABC").json()["bars"]]
    assert times == sorted(set(times))
    assert len(times) == 40  # a candle is a minute
    drawn = trader.get(f"{URL}new/?from={run_id}").content.decode()
    assert re.search(r'name="foreign_room"[^>]*value="ABC=50000"', drawn)
    assert re.search(r'name="latency_ms"[^>]*value="250"', drawn)


WRONG = [
    ({"foreign_room": "SSI:5"}, "Type symbols with shares"),
    ({"foreign_room": "HPG=5"}, "which is no instrument"),
    ({"period": "TICK", "latency_ms": "70000"}, "less than or equal to 60000"),
    ({"p0-fast": "1"}, "greater than or equal to 2"),
    ({"p0-fast": "x"}, "Enter a whole number"),
    ({"symbols": ""}, "Name at least one symbol."),
    ({"symbols": "ZZZ"}, "The bar store has nothing of ZZZ"),
    ({"cash_vnd": "much"}, "Type whole VND"),
    ({"cash_vnd": "0"}, "A backtest begins with money."),
    ({"since": "2026-05-05", "until": "2026-05-04"}, "comes after the last one"),
    ({"kind": "SWEEP"}, "Choose at least one parameter to vary"),
    ({"kind": "SWEEP", "v-fast": "fast"}, "Type values like 5,8,13"),
    ({"kind": "SWEEP", "v-fast": "1,5"}, "Only values from 2 to 100"),
    ({"source": "UPLOAD"}, "Choose a file of bars."),
    ({"source": "UPLOAD", "file": SimpleUploadedFile("a.csv", b"a,b\n1,2\n")}, "has no column"),
]


def test_what_cannot_run_is_told_where_it_is(trader):
    for changes, told in WRONG:
        answer = trader.post(f"{URL}new/", FORM | {"run_id": str(uuid4())} | changes)
        assert answer.status_code == 422
        assert told in answer.content.decode().replace("&#x27;", "'")
    assert django_apps.get_model("strategies", "BacktestRun").objects.count() == 0


def test_a_file_is_run_and_need_not_be_sent_twice(trader):
    rows = "".join(
        f"ABC,2026-0{1 + n // 28}-{1 + n % 28:02},{p},{p},{p},{p},90000\n" for n in range(100) if (p := 20 + n % 9)
    )
    body = ("symbol,time,open,high,low,close,volume\n" + rows).encode()
    upload = {"source": "UPLOAD", "symbols": ""}
    wrong = trader.post(
        f"{URL}new/",
        FORM | upload | {"run_id": str(uuid4()), "cash_vnd": "0", "file": SimpleUploadedFile("mine.csv", body)},
    )
    kept = re.search(r'name="digest" value="(\w{64})"', wrong.content.decode())
    assert "100 bars of ABC" in wrong.content.decode()
    page = shown(trader, done(trader, **upload, digest=kept.group(1)))
    assert "mine.csv" in page


def test_sending_the_form_twice_is_one_backtest(trader):
    name = str(uuid4())
    assert asked(trader, run_id=name) == asked(trader, run_id=name) == name
    assert django_apps.get_model("strategies", "BacktestRun").objects.count() == 1


def test_who_may_do_what(desk, trader):
    run_id = asked(trader)
    officer, other, admin = desk.client("risk"), desk.client("trader2"), desk.client("admin")
    assert officer.get(f"{URL}{run_id}/").status_code == 200
    assert officer.get(f"{URL}new/").status_code == 403
    assert officer.post(f"{URL}{run_id}/cancel/").status_code == 403
    assert other.post(f"{URL}{run_id}/cancel/").status_code == 404
    assert selectors.backtest(run_id).status == "QUEUED"
    assert trader.post(f"{URL}{run_id}/cancel/").headers["HX-Refresh"] == "true"
    assert "nothing of it is kept" in shown(trader, run_id)
    assert other.post(f"{URL}{run_id}/delete/").status_code == 404
    assert admin.post(f"{URL}{run_id}/delete/").headers["HX-Redirect"] == URL
    assert trader.get(f"{URL}{run_id}/").status_code == 404


def test_the_list_is_filtered_and_says_when_it_is_empty(desk, trader):
    assert "No backtest yet" in trader.get(URL).content.decode()
    run_id = asked(trader, name="First try")
    page = trader.get(URL).content.decode()
    assert f'data-backtest="{run_id}"' in page
    assert "First try" in page
    for query in ("?status=DONE", "?kind=SWEEP", "?strategy=rsi_mean_reversion"):
        assert "Nothing fits the filter" in trader.get(URL + query).content.decode()
    assert run_id in trader.get(f"{URL}?mine=1&strategy=moving_average_cross&status=QUEUED").content.decode()
    assert run_id not in desk.client("trader2").get(f"{URL}?mine=1").content.decode()


def test_a_strategy_that_failed_says_why(trader):
    run_id = asked(trader)
    django_apps.get_model("strategies", "BacktestRun").objects.filter(id=run_id).update(
        status="FAILED", problem="The strategy raised ValueError: <no>", trace="line 7"
    )
    page = shown(trader, run_id)
    assert "The strategy raised ValueError: &lt;no&gt;" in page
    assert "line 7" in page


def test_why_it_failed_is_told_in_the_language_of_the_reader(trader):
    run_id = asked(trader)
    said = Said("the strategy raised {kind}: {error}{where}", kind="ValueError", error="<no>", where="")
    django_apps.get_model("strategies", "BacktestRun").objects.filter(id=run_id).update(
        status="FAILED", problem="The strategy raised ValueError: <no>", problem_kept=kept_of(said)
    )
    assert "The strategy raised ValueError: &lt;no&gt;" in shown(trader, run_id)
    trader.cookies["django_language"] = "vi"
    assert "Chiến lược báo lỗi ValueError: &lt;no&gt;" in shown(trader, run_id)
    answer = trader.get(f"/api/v1/backtests/{run_id}/").json()
    assert answer["problem"] == "the strategy raised ValueError: <no>", "programs read English"


def test_every_sentence_of_a_report_is_said_in_vietnamese():
    with translation.override("vi"):
        assert [one for one in TEMPLATES.values() if gettext(one) == one] == []
        (told,) = sentences([Statement(Say.EARNED, vnd=1_000, share=0.5).as_json()])
    assert "1,000" in told.text
    assert "+50.00%" in told.text
