"""A table computes and draws what changed, once, and nothing out of sight."""

from collections import Counter

from textual.app import App, ComposeResult

from qts.tui.table import Cell, Column, LiveTable

KEYS = [f"S{number:02}" for number in range(40)]


class Shown(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.prices = dict.fromkeys(KEYS, "1.00")
        self.asked: Counter[str] = Counter()
        columns = [Column(lambda: "Symbol", 6, is_right=False), Column(lambda: "Price", 8)]
        self.table = LiveTable(columns, self._cells, id="table")

    def _cells(self, key: str) -> list[Cell]:
        self.asked[key] += 1
        return [(key, None), (self.prices[key], None)]

    def compose(self) -> ComposeResult:
        yield self.table


def drawn_lines(app: Shown, monkeypatch) -> list[int]:
    lines: list[int] = []
    monkeypatch.setattr(app.table, "refresh", lambda *regions: lines.extend(region.y for region in regions))
    app.asked.clear()
    return lines


async def test_only_what_changed_is_drawn_and_computed_once(monkeypatch):
    app = Shown()
    async with app.run_test(size=(40, 11)) as pilot:
        app.table.set_keys(KEYS)
        await pilot.pause()
        lines = drawn_lines(app, monkeypatch)
        app.prices |= {"S02": "2.00", "S30": "3.00"}
        app.table.touch(["S01", "S02", "S30", "unknown"])
        assert lines == [3]  # below the titles; S30 is out of sight
        assert app.asked == {"S01": 1, "S02": 1}
        app.table.render_line(3)
        assert app.asked["S02"] == 1


async def test_the_same_rows_again_draw_what_changed_in_them(monkeypatch):
    app = Shown()
    async with app.run_test(size=(40, 11)) as pilot:
        app.table.set_keys(KEYS)
        await pilot.pause()
        lines = drawn_lines(app, monkeypatch)
        app.prices["S04"] = "4.00"
        app.table.set_keys(KEYS)
        assert lines == [5]
        assert set(app.asked) == set(KEYS[:10])
        app.table.move_to("S30")
        monkeypatch.undo()
        await pilot.pause()
        assert "1.00" in app.table.render_line(10).text
        app.prices["S30"] = "9.00"
        app.table.touch(["S30"])
        assert "9.00" in app.table.render_line(10).text
