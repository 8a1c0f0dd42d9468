"""Heavy imports begin when the server starts, so that the first page need not wait for them."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Thread
from typing import Any

__all__ = ["warm_up"]


@asynccontextmanager
async def warm_up(app: Any) -> AsyncIterator[None]:
    """Lifespan of the server: import what every page needs, beside the server's own start."""
    Thread(target=importlib.import_module, args=("ui.state",), daemon=True).start()
    yield
