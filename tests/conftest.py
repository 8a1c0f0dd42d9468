"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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
