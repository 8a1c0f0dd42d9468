"""Heavy imports begin when the server starts, so that the first page need not wait for them."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from threading import Thread
from typing import Any

from core.errors import SpeechmarksError

__all__ = ["warm_up"]


def _prepare() -> None:
    state = importlib.import_module("ui.shared.state")
    with suppress(OSError, SpeechmarksError):
        state.workspace().remove_litter()
    with suppress(SpeechmarksError):  # the first file will say it
        importlib.import_module("core.media").warm_decoder()


@asynccontextmanager
async def warm_up(app: Any) -> AsyncIterator[None]:
    """Lifespan of the server: import what every page needs, beside the server's own start."""
    Thread(target=_prepare, daemon=True).start()
    yield
