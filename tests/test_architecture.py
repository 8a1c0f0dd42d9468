"""Import contracts, public names, and the documents that describe them."""

from __future__ import annotations

import ast
import re
import runpy
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

from core import __version__

ROOT = Path(__file__).resolve().parent.parent
MODULES = [p for p in sorted((ROOT / "core").rglob("*.py")) if p.name != "__main__.py"]


def test_every_import_contract_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    code = lint_imports(config_filename="pyproject.toml", no_cache=True)
    assert code == 0, capsys.readouterr().out


def test_every_module_lists_its_public_names() -> None:
    silent = [path for path in MODULES if not _names_all(path)]
    assert MODULES and silent == []


def _names_all(path: Path) -> bool:
    targets = [
        target
        for node in ast.parse(path.read_text()).body
        for target in getattr(node, "targets", [getattr(node, "target", None)])
    ]
    return [getattr(target, "id", "") for target in targets].count("__all__") == 1


def test_the_diagram_shows_the_contracts_as_they_are() -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    drawn = runpy.run_path(str(ROOT / "docs/draw_layers.py"))["drawn"]
    assert drawn(page) == page, "run: python docs/draw_layers.py"


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_every_file_that_a_document_names_exists(document: str) -> None:
    text = (ROOT / document).read_text()
    named = set(re.findall(r"`((?:core|docs|pages|tests|ui)/[\w/.]*)`", text))
    assert named and [name for name in sorted(named) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize(
    "what",
    ["a score", "a detector", "a page", "a model family", "a file format", "a player layout"],
)
def test_contributing_says_where_to_add(what: str) -> None:
    assert f"| {what} |" in (ROOT / "CONTRIBUTING.md").read_text()


def test_the_parts_of_core_are_described() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    parts = {
        path.stem
        for path in (ROOT / "core").iterdir()
        if (path / "__init__.py").is_file() or (path.suffix == ".py" and path.stem[0] != "_")
    }
    assert {part for part in parts if f"`{part}`" not in text} == set()


def test_the_citation_names_the_version() -> None:
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text()
