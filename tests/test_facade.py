"""The façade: its examples run, and importing it costs nothing."""

from __future__ import annotations

import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import core
from core.samples import SAMPLE

ROOT = Path(__file__).resolve().parent.parent
SLOW = {"torch", "librosa", "scipy", "cv2", "dlib", "streamlit", "numpy", "pandas", "av"}
PUBLIC = [name for name in core.__all__ if name != "__version__"]


@pytest.fixture
def installed_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let examples import ``speechmarks``, as a user of the installed package does."""
    for name in ("", ".samples", ".evaluation.runner"):
        monkeypatch.setitem(
            sys.modules, f"speechmarks{name}", importlib.import_module(f"core{name}")
        )


def run_examples(subject: object, name: str, **given: object) -> int:
    """Run the examples in a docstring and return how many there are."""
    ran = 0
    runner = doctest.DocTestRunner()
    for test in doctest.DocTestFinder(recurse=False).find(subject, name, globs=dict(given)):
        said: list[str] = []
        result = runner.run(test, out=said.append)
        assert result.failed == 0, "".join(said)
        ran += result.attempted
    return ran


@pytest.mark.usefixtures("installed_name")
@pytest.mark.parametrize("name", PUBLIC)
def test_every_name_of_the_facade_has_an_example_that_runs(
    name: str, tmp_path: Path, home: Path
) -> None:
    assert run_examples(getattr(core, name), name, folder=tmp_path) > 0


@pytest.mark.usefixtures("installed_name")
def test_five_lines_do_the_main_work(home: Path) -> None:
    assert run_examples(core, "core", clip=SAMPLE.video) == 5


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'core' has no attribute 'scor'"):
        core.scor  # noqa: B018 - the access is the test


def test_dir_lists_names_that_are_not_imported_yet() -> None:
    assert set(PUBLIC) <= set(dir(core))


@pytest.mark.parametrize(
    "code",
    ["import core", "import core.cli; assert core.cli.main(['--help']) == 0"],
    ids=["import core", "core --help"],
)
def test_no_slow_package_is_imported(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; import sys; print('modules', *sys.modules)"],
        capture_output=True, text=True, cwd=ROOT, timeout=300, check=True,
    )  # fmt: skip
    loaded = done.stdout.rpartition("modules ")[2].split()
    assert "core" in loaded and not SLOW & set(loaded)
