"""Thumbnails of the shown page, made behind it: a table never waits for a picture."""

from __future__ import annotations

import base64
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.datasets.thumbnails import make_thumbnail, read_thumbnail
from core.errors import SpeechmarksError

__all__ = ["Wanted", "address_of", "thumbnails"]

_MOST = 400  # that wait: what was asked for long ago is of no interest to anybody


@dataclass(frozen=True)
class Wanted:
    """A picture that is not there yet; ``path`` is checked to lie in its data set."""

    path: Path
    sha256: str
    duration: float


def address_of(picture: bytes) -> str:
    """A small JPEG as a data address; empty for none."""
    return "data:image/jpeg;base64," + base64.b64encode(picture).decode() if picture else ""


class Thumbnails:
    """Makes pictures one after the other in a thread that ends when there is nothing to do."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._waiting: OrderedDict[str, Wanted] = OrderedDict()
        self._busy = False

    def get(self, sha256: str) -> str | None:
        """The data address of a clip's picture; None where there is none yet."""
        found = read_thumbnail(self._workspace, sha256) if sha256 else b""
        return None if found is None else address_of(found)

    def want(self, items: Sequence[Wanted]) -> None:
        """Make these next, in their order."""
        with self._lock:
            for item in reversed(items):
                self._waiting[item.sha256] = item
                self._waiting.move_to_end(item.sha256, last=False)
            while len(self._waiting) > _MOST:
                self._waiting.popitem()
            if self._waiting and not self._busy:
                self._busy = True
                threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._busy = False
                    return
                _, item = self._waiting.popitem(last=False)
            try:
                make_thumbnail(self._workspace, item.path, item.sha256, duration=item.duration)
            except (OSError, SpeechmarksError):  # a full disk: tables go without pictures
                with self._lock:
                    self._waiting.clear()


@st.cache_resource
def thumbnails(workspace: Path) -> Thumbnails:
    """The one maker of thumbnails of this server."""
    return Thumbnails(workspace)
