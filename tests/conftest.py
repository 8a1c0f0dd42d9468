"""Fixtures that every test may use."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from command_result import Result
from hypothesis import settings

# Laws are checked on the same examples everywhere; a busy machine is not a failure.
settings.register_profile("speechmarks", deadline=None, derandomize=True, max_examples=30)
settings.load_profile("speechmarks")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared data: ``$SHARED``, else ``../shared`` beside the repository.

    Where it is absent the test is skipped; with ``REQUIRE_SHARED=1`` it fails.
    """
    folder = Path(os.environ.get("SHARED") or ROOT.parent / "shared").resolve()
    if not (folder / "reference").is_dir():
        reason = f"no shared data at {folder}: set SHARED to the folder that holds reference/"
        if os.environ.get("REQUIRE_SHARED") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


# What takes longest begins first, so that no worker is left alone with it at the end.
LONGEST = (
    "browser/", "batch/test_extract", "batch/test_runners", "pages/test_printed", "package/",
    "detect/", "models/test_shipped", "training/", "test_facade", "pages/", "batch/", "hostile/",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        path = item.path.relative_to(ROOT / "tests").as_posix()
        return next((k for k, start in enumerate(LONGEST) if path.startswith(start)), len(LONGEST))

    items.sort(key=rank)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file to a process, as ``--dist loadfile``; all browser tests to one: two at once are too
    slow for the clocks that they watch, and share no server."""
    from xdist.scheduler import LoadFileScheduling

    class OneBrowser(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "browser" if "/browser/" in nodeid else str(super()._split_scope(nodeid))

    return OneBrowser(config, log)


@pytest.fixture(scope="module")
def narrow_cnn() -> Iterator[None]:
    """The CNN of Eskimez et al. 2020 with fewer channels: the same code in little time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.models.cnn._CHANNELS", (1, 16, 32, 64, 128))
        yield


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], home: Path) -> Callable[..., Result]:
    """Run a command of the command line in this process: ``run("align", path, "-o", out)``."""
    from core.cli import main  # imports most of core, which few tests need

    def call(*arguments: object) -> Result:
        capsys.readouterr()
        code = main([str(a) for a in arguments])
        return Result(code, *capsys.readouterr())

    return call


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private workspace folder, named by $SPEECHMARKS_HOME."""
    folder = tmp_path / "home"
    monkeypatch.setenv("SPEECHMARKS_HOME", str(folder))
    return folder
