"""`python -m benchmarks [--only ingest,matching,risk] [--quick]`: measure, print, write the figures down."""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks import (
    accounts,
    backtest,
    demo_system,
    hub,
    ingest,
    latency,
    log_to_bars,
    machine,
    matching,
    orders,
    replay,
    rest,
    risk,
    runaway,
    technical_analysis,
    terminal,
    tick_signal,
)
from benchmarks.figures import Section, write

# `orders`, `accounts` and `runaway` have servers of their own, before the system of the others
NAMES = (
    "ingest",
    "log-to-bars",
    "replay",
    "tick-signal",
    "matching",
    "backtest",
    "technical-analysis",
    "orders",
    "accounts",
    "hub",
    "runaway",
    "latency",
    "rest",
    "risk",
    "terminal",
)
WITHOUT_SYSTEM = {
    "ingest": ingest.run,
    "log-to-bars": log_to_bars.run,
    "replay": replay.run,
    "tick-signal": tick_signal.run,
    "matching": matching.run,
    "backtest": backtest.run,
    "technical-analysis": technical_analysis.run,
    "orders": orders.run,
    "accounts": accounts.run,
    "hub": hub.run,
}
MEASURES = {"latency": latency.run, "rest": rest.run, "risk": risk.run_snapshot, "terminal": terminal.run}
RESULTS = Path(__file__).parent / "results" / "latest.json"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", default=",".join(NAMES), help=f"comma separated, of {', '.join(NAMES)}")
    parser.add_argument("--quick", action="store_true", help="a minute instead of ten, to see that it works")
    parser.add_argument("--output", type=Path, default=RESULTS, help="the file to write")
    parser.add_argument("--folder", type=Path, help="where to work: on the disk whose flushes are to be measured")
    arguments = parser.parse_args()
    wanted = arguments.only.split(",")
    if unknown := set(wanted) - set(NAMES):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    about = machine.description()
    sections = [Section(name) for name in NAMES if name in wanted]
    with tempfile.TemporaryDirectory(prefix="qts-bench-", dir=arguments.folder, ignore_cleanup_errors=True) as parent:
        folder = Path(parent)
        folder.chmod(0o755)  # the servers' user must pass through when this runs as root
        _run(sections, folder, quick=arguments.quick)
    write(arguments.output, about, sections)
    print(f"\nwritten to {arguments.output}")
    return 0


def _run(sections: list[Section], folder: Path, *, quick: bool) -> None:
    with ExitStack() as stack:
        system = None
        for section in sections:
            if alone := WITHOUT_SYSTEM.get(section.name):
                alone(section, folder, quick=quick)
                continue
            if section.name == "runaway":
                runaway.run(section, quick=quick)
                continue
            if section.name == "risk":
                risk.run_gate(section, quick=quick)
                risk.run_beside(section, folder, quick=quick)
            if system is None:
                system = stack.enter_context(demo_system.started())
            MEASURES[section.name](section, system, quick=quick)


if __name__ == "__main__":
    sys.exit(main())
