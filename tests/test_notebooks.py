"""The notebooks of the documentation run as they stand, and show what they show."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


def shown(notebook):
    """What each cell put out, without what a run leaves of itself."""
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return [output.get("data", output.get("text")) for output in outputs]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_it_shows(path, monkeypatch):
    """`make notebook` writes its outputs anew."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    kept = nbformat.read(path, as_version=4)
    nbformat.validate(kept)
    again = nbformat.read(path, as_version=4)
    for cell in again.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    NotebookClient(
        again, timeout=60, kernel_name="python3", resources={"metadata": {"path": os.fspath(ROOT)}}
    ).execute()
    assert shown(again) == shown(kept)


def test_there_is_one_and_it_draws_a_picture():
    (first,) = NOTEBOOKS
    told = [one["text/html"] for one in shown(nbformat.read(first, as_version=4)) if "text/html" in one]
    assert len(told) == 2
    assert all("<svg" in html and "buy and hold" in html and "<script" not in html for html in told)
