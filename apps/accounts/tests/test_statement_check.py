"""A broker's file beside our bookings."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from apps.accounts.tests.conftest import day
from qts.domain.values import Side

HEADINGS = "Ngày GD,Mã CK,Mua/Bán,Khối lượng,Giá,Phí,Thuế\n"
# 500 x 25,000 in two fills: fees 11,250 and 7,500; 300 x 26,000 = 7,800,000: fee 11,700, tax 7,800
EQUAL = HEADINGS + "09/11/2026,SSI,Mua,500,25000,18750,0\n10/11/2026,SSI,Bán,300,26000,11700,7800\n"


@pytest.fixture
def check(account_id, desk, tmp_path, capsys):
    desk.fill(Side.BUY, 300, 25_000)
    desk.fill(Side.BUY, 200, 25_000)
    desk.fill(Side.SELL, 300, 26_000, now=day(1))

    def told(text: str) -> str:
        file = tmp_path / "statement.csv"
        file.write_text(text, encoding="utf-8")
        call_command("check_statement", "0901351", str(file))
        return capsys.readouterr().out

    return told


def test_equal_to_the_dong(check):
    assert "2 lines, 0 differ" in check(EQUAL)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (EQUAL.replace("18750", "18751"), "FEE"),
        (EQUAL.replace("7800\n", "7801\n"), "TAX"),
        (EQUAL.replace("500,25000", "600,25000"), "QUANTITY"),
        (EQUAL + "10/11/2026,HPG,Mua,100,20000,3000,0\n", "NOT_HERE"),
    ],
)
def test_each_difference_has_its_cause(check, capsys, text, cause):
    with pytest.raises(CommandError, match="1 lines differ"):
        check(text)
    assert f": {cause}\n" in capsys.readouterr().out


def test_what_is_no_statement_is_refused(check):
    with pytest.raises(CommandError, match="no column for the day"):
        check("a,b\n1,2\n")
    with pytest.raises(CommandError, match="there is no account 1"):
        call_command("check_statement", "1", "nowhere.csv")
