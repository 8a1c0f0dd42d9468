"""What belongs to a session is released some time after its browser has gone, and not before."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st

from ui.player import media_route
from ui.shared.jobs import jobs
from ui.shared.sessions import Sessions


class Server:
    """Sessions with a clock and connections that the test moves."""

    def __init__(self) -> None:
        self.now, self.connected, self.released = 0.0, {"one", "two"}, list[str]()
        self.sessions = Sessions(self.connected.__contains__, grace=120, clock=lambda: self.now)
        for name in ("one", "two"):
            self.sessions.on_end(name, self.released.append)

    def after(self, seconds: float) -> list[str]:
        self.now += seconds
        return self.sessions.sweep()


def test_a_connected_session_keeps_what_it_has() -> None:
    server = Server()
    assert [server.after(1000) for _ in range(3)] == [[], [], []]
    assert server.released == []


def test_a_short_loss_of_the_network_releases_nothing() -> None:
    server = Server()
    server.connected.discard("one")
    assert server.after(60) == []
    server.connected.add("one")
    assert server.after(30) == []
    server.connected.discard("one")
    assert server.after(119) == [] and server.released == []


def test_a_session_without_a_browser_is_released_once() -> None:
    server = Server()
    server.sessions.on_end("one", server.released.append)  # asked for twice
    server.connected.discard("one")
    assert server.after(121) == ["one"]
    assert server.after(1000) == []
    assert server.released == ["one"]


def test_a_release_that_fails_keeps_no_other_back(caplog: pytest.LogCaptureFixture) -> None:
    server = Server()

    def broken(session: str) -> None:
        raise OSError("full")

    server.sessions.on_end("one", broken)
    server.sessions.on_end("one", server.released.extend)
    server.connected.clear()
    assert set(server.after(121)) == {"one", "two"}
    assert server.released[:1] == ["one"] and "e" in server.released and "two" in server.released
    assert "failed" in caplog.text


def test_clearing_the_caches_keeps_media_urls_and_jobs(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"12")
    url, before = media_route.register(clip), jobs()
    st.cache_resource.clear()
    st.cache_data.clear()
    try:
        assert media_route.register(clip) == url
        assert media_route.served(url.rpartition("/")[2]) is not None
        assert jobs() is before
    finally:
        media_route.forget_session("no-session")
