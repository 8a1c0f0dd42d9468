"""What belongs to a browser session, and its release some time after the browser has gone.

Streamlit drops what it caches for a session when the connection is lost, and all of its caches when
anybody clears them. Media URLs, recordings and scratch folders must survive both: they live in this
process, and are released when their session has been without a browser for the grace period, which
is ``server.disconnectedSessionTTL`` (120 s by default): so long a browser may reconnect.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import cache

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

__all__ = ["NO_SESSION", "Sessions", "session_id", "sessions"]

NO_SESSION = "no-session"
"""The session of scripts that run without a server (tests)."""

Release = Callable[[str], object]


class Sessions:
    """Releases of sessions, called once for each session that has gone.

    Parameters
    ----------
    is_active : whether a browser is connected to a session
    grace : seconds without a browser after which a session has gone
    clock : seconds
    """

    def __init__(
        self,
        is_active: Callable[[str], bool],
        *,
        grace: float = 120.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._is_active, self._grace, self._clock = is_active, grace, clock
        self._lock = threading.Lock()
        self._releases: dict[str, list[Release]] = {}
        self._seen: dict[str, float] = {}

    def on_end(self, session: str, release: Release) -> None:
        """Have ``release`` called with the session once it has gone; asked twice, called once."""
        with self._lock:
            wanted = self._releases.setdefault(session, [])
            if release not in wanted:
                wanted.append(release)
            self._seen[session] = self._clock()

    def sweep(self) -> list[str]:
        """Release what belongs to sessions that have gone; they are returned."""
        now = self._clock()
        with self._lock:
            for session in self._seen:
                if self._is_active(session):
                    self._seen[session] = now
            gone = [s for s, seen in self._seen.items() if now - seen > self._grace]
            releases = [(s, release) for s in gone for release in self._releases.pop(s)]
            for session in gone:
                del self._seen[session]
        for session, release in releases:
            try:
                release(session)
            except Exception:  # one failure must not keep the rest
                logging.getLogger(__name__).exception("A release of an ended session failed")
        return gone

    def watch(self, every: float) -> None:
        """Sweep from now on, in a thread of its own."""

        def run() -> None:
            while True:
                time.sleep(every)
                self.sweep()

        threading.Thread(target=run, name="sessions", daemon=True).start()


def _is_active(session: str) -> bool:
    return not runtime.exists() or runtime.get_instance().is_active_session(session)


@cache
def sessions() -> Sessions:
    """The sessions of this server."""
    grace = float(st.get_option("server.disconnectedSessionTTL") or 120)
    found = Sessions(_is_active, grace=grace)
    found.watch(min(10.0, grace))
    return found


def session_id() -> str:
    """The session of the script that runs."""
    context = get_script_run_ctx(suppress_warning=True)
    return NO_SESSION if context is None else context.session_id
