"""Bring the tables in step with the code, then seed the demo: one start of Django for both.

`python -m qts.embedded.prepare [--only-seed] [--protect-from=ROLE]`, with the environment of the demo; to protect the
ledger from the application's role, as the owner of the tables.
"""

import argparse
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from qts.embedded.options import ROOT

PREPARED_FILE = "prepared.json"
USERS_FILE = "demo-users.json"


def fingerprint() -> str:
    """Changes with a migration or a library."""
    digest = hashlib.sha256()
    for path in _sources():
        stat = path.stat()
        digest.update(f"{path.relative_to(ROOT)}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def is_prepared(data_dir: Path) -> bool:
    """Whether an earlier start on this folder made exactly the tables that the code wants now."""
    path = data_dir / PREPARED_FILE
    return path.is_file() and json.loads(path.read_text(encoding="utf-8")) == {"fingerprint": fingerprint()}


def _sources() -> Iterator[Path]:
    yield ROOT / "requirements" / "base.txt"
    yield from sorted(ROOT.glob("apps/*/migrations/*.py"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only-seed", action="store_true", help="the tables are known to be in step")
    parser.add_argument("--protect-from", metavar="ROLE", help="who may add to the ledger and not change it")
    given = parser.parse_args()

    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from apps.sso.services.demo import DEMO_USERS

    data_dir = Path(settings.QTS_DATA_DIR)
    found = fingerprint()
    if not given.only_seed:
        call_command("migrate", interactive=False, verbosity=1)
    call_command("seed_demo")
    if given.protect_from:
        call_command("protect_ledger", given.protect_from, hand_over=True)
    people = [{"username": person.username, "password": person.password} for person in DEMO_USERS]
    (data_dir / USERS_FILE).write_text(json.dumps(people), encoding="utf-8")
    (data_dir / PREPARED_FILE).write_text(json.dumps({"fingerprint": found}), encoding="utf-8")


if __name__ == "__main__":
    main()
