"""`python -m qts.embedded.reset [--yes]`: delete what the demo has stored, never while it runs."""

import argparse
import shutil
import sys
from pathlib import Path

from qts.embedded.errors import EmbeddedError
from qts.embedded.options import read_options
from qts.embedded.postgres import EmbeddedPostgres
from qts.embedded.run_folder import RunFolder

# what the demo makes; a data folder without a run folder was never ours
OURS = (
    "postgres", "postgres.log", "database.password", "valkey", "valkey.log", "simulator", "wal", "metrics", "log",
    "clock.json", "secret.key", "flower.password", "prepared.json", "demo-users.json", "environment.json", "run",
)  # fmt: skip


def reset(data_dir: Path) -> None:
    """Raises EmbeddedError when a demo runs there or when the folder is not one of ours."""
    if not (data_dir / "run").is_dir():
        raise EmbeddedError(f"There is nothing of QTS in {data_dir}.")
    run_folder = RunFolder(data_dir / "run")
    run_folder.lock()
    try:
        run_folder.stop_leftovers()
        EmbeddedPostgres(data_dir / "postgres").forget_copy()
        for name in OURS:
            path = data_dir / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    finally:
        run_folder.unlock()
    if not any(data_dir.iterdir()):
        data_dir.rmdir()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    is_sure = parser.parse_args().yes
    try:
        data_dir = read_options().data_dir
        if not is_sure and input(f"Delete everything that QTS has stored in {data_dir}? [y/N] ").lower() != "y":
            print("Nothing was deleted.")
            return 1
        reset(data_dir)
    except EOFError:
        print("\nNobody answered; nothing was deleted. `make reset YES=1` does not ask.", file=sys.stderr)
        return 1
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{data_dir} is clean.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
