"""A hang is a failure: the stack is shown and the run ends."""

from __future__ import annotations

import faulthandler
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    """FFmpeg's C code cannot be interrupted from Python, so a hang ends the whole run, loudly."""
    faulthandler.dump_traceback_later(240, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()
