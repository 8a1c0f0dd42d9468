"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
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
    folder = Path(os.environ.get("SHARED") or ROOT.parent / "shared")
    if not (folder / "reference").is_dir():
        reason = f"no shared data at {folder}: set SHARED to the folder that holds reference/"
        if os.environ.get("REQUIRE_SHARED") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private workspace folder, named by $SPEECHMARKS_HOME."""
    folder = tmp_path / "home"
    monkeypatch.setenv("SPEECHMARKS_HOME", str(folder))
    return folder
