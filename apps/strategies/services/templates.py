"""What `manage.py new_strategy` writes: a strategy that runs, and its test."""

from pathlib import Path

from apps.strategies.services.refusals import StrategyRefused
from apps.strategies.services.versions import strategies_folder
from qts.adapters.sandbox.source import is_name
from qts.domain.errors import Said

_STRATEGY = '''"""What it does, in one sentence. It runs alike in a backtest, on paper, in shadow and live."""

from dataclasses import dataclass

from qts.domain.strategy import Bar, Context, Intents, Parameters, Strategy, TargetPosition, parameter


@dataclass(frozen=True)
class {cls}Parameters(Parameters):
    period: int = parameter(20, minimum=2, maximum=250, unit="bars", help="Length of the moving average.")
    quantity: int = parameter(100, minimum=100, maximum=100_000, unit="shares", help="Shares to hold while long.")


class {cls}(Strategy[{cls}Parameters]):
    key = "{name}"
    title = "{title}"
    summary = "Long while the price is above its moving average."
    parameters_class = {cls}Parameters

    def indicator_names(self) -> tuple[str, ...]:
        return (f"sma_{{self.parameters.period}}",)  # all names: docs/reference/indicators.md

    def on_bar(self, bar: Bar, context: Context) -> Intents:
        average = context.indicators.get(f"sma_{{self.parameters.period}}")
        if average is None:
            return None  # not enough bars yet
        is_long = context.quantity + context.working_quantity > 0
        if bar.close_vnd > average and not is_long:
            return TargetPosition(self.parameters.quantity, f"{{bar.close_vnd}} is above {{average:.0f}}")
        if bar.close_vnd < average and is_long:
            return TargetPosition(0, f"{{bar.close_vnd}} is below {{average:.0f}}")
        return None
'''
_TEST = '''"""What it wants, and when it wants nothing; docs/first-strategy.md says how to run this."""

from pathlib import Path

from qts.domain.strategy import Bar, Context, TargetPosition
from qts.domain.strategy.files import strategy_of_file

FILE = Path(__file__).with_name("{name}.py")
{cls} = strategy_of_file(FILE.name, FILE.read_text())


def close(price_vnd: int, average: float, held: int = 0):
    strategy = {cls}({cls}.parameters_class())
    bar = Bar("SSI", 0, price_vnd, price_vnd, price_vnd, price_vnd, 1_000)
    return strategy.on_bar(bar, Context({{"sma_20": average}}, {{}}, held))


def test_it_buys_above_and_leaves_below_its_average():
    assert close(25_100, 25_000.0) == TargetPosition(100, "25100 is above 25000")
    assert close(25_100, 25_000.0, held=100) is None
    assert close(24_900, 25_000.0, held=100) == TargetPosition(0, "24900 is below 25000")
    assert close(24_900, 25_000.0) is None
'''


def write_template(name: str) -> tuple[Path, Path]:
    """The file and its test; nothing is written over. Raises StrategyRefused."""
    if not is_name(name) or name.startswith("test_"):
        raise StrategyRefused(
            [Said("{name!r} is no name for a strategy: small letters, digits and _, a letter first.", name=name)]
        )
    folder = strategies_folder()
    paths = folder / f"{name}.py", folder / f"test_{name}.py"
    if taken := [path.name for path in paths if path.exists()]:
        raise StrategyRefused([Said("{taken} is there already, in {folder}.", taken=", ".join(taken), folder=folder)])
    words = {
        "name": name,
        "cls": "".join(part.capitalize() for part in name.split("_")),
        "title": name.replace("_", " ").capitalize(),
        "folder": folder,
    }
    for path, text in zip(paths, (_STRATEGY, _TEST), strict=True):
        path.write_text(text.format(**words), encoding="utf-8")
    return paths
