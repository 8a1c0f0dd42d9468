"""Media over HTTP: ranges, headers, and tokens that belong to one session."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from core.errors import BadInput, MissingFile
from ui.player import media_route

CONTENT = bytes(range(256)) * 40


@pytest.fixture(autouse=True)
def clean_registry() -> Iterator[None]:
    yield
    for session in ("no-session", "one", "two"):
        media_route.forget_session(session)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(CONTENT)
    return path


def as_session(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(media_route, "session_id", lambda: name)


def fetch(path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """One request to the routes, as an ASGI server would make it."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    app = Starlette(routes=media_route.routes())
    with ThreadPoolExecutor(1) as thread:  # Playwright keeps a loop running in the main thread
        thread.submit(lambda: asyncio.run(app(scope, receive, send))).result()
    head = {k.decode().lower(): v.decode() for k, v in sent[0]["headers"]}
    return sent[0]["status"], head, b"".join(m.get("body", b"") for m in sent[1:])


def test_the_whole_file_comes_with_its_type_and_safe_headers(clip: Path) -> None:
    status, headers, body = fetch("/" + media_route.register(clip))
    assert (status, body) == (200, CONTENT)
    assert headers["content-type"] == "video/mp4"
    assert headers["accept-ranges"] == "bytes"
    assert headers["cache-control"] == "private"
    assert headers["x-content-type-options"] == "nosniff"
    assert "clip" not in str(headers), "neither name nor path of the file leaves the server"


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=100-199", 100, 199), ("bytes=10000-", 10000, 10239), ("bytes=-40", 10200, 10239)],
    ids=["a middle part", "to the end", "the last bytes"],
)
def test_a_range_gives_206_and_exactly_those_bytes(
    clip: Path, asked: str, first: int, last: int
) -> None:
    status, headers, body = fetch("/" + media_route.register(clip), Range=asked)
    assert status == 206
    assert headers["content-range"] == f"bytes {first}-{last}/{len(CONTENT)}"
    assert body == CONTENT[first : last + 1]


def test_a_range_beyond_the_end_gives_416(clip: Path) -> None:
    assert fetch("/" + media_route.register(clip), Range="bytes=99999-")[0] == 416


def test_head_tells_the_length_without_the_bytes(clip: Path) -> None:
    status, headers, body = fetch("/" + media_route.register(clip), "HEAD")
    assert (status, headers["content-length"], body) == (200, str(len(CONTENT)), b"")


@pytest.mark.parametrize(
    "token", ["", "x", "..%2f..%2fetc%2fpasswd", "../clip.mp4", "A" * 32], ids=repr
)
def test_an_unknown_token_gives_404(clip: Path, token: str) -> None:
    media_route.register(clip)
    assert fetch(f"/clips/{token}")[0] == 404


def test_a_file_that_has_gone_gives_404(clip: Path) -> None:
    url = media_route.register(clip)
    clip.unlink()
    assert fetch("/" + url)[0] == 404


def test_the_same_file_keeps_its_address_within_a_session_only(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_session(monkeypatch, "one")
    first = media_route.register(clip)
    assert media_route.register(clip.parent / "." / clip.name) == first
    as_session(monkeypatch, "two")
    second = media_route.register(clip)
    assert second != first
    media_route.forget_session("one")
    assert fetch("/" + first)[0] == 404
    assert fetch("/" + second)[0] == 200
    assert len(first.removeprefix("clips/")) >= 32


def test_a_session_keeps_a_bounded_number_of_files(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_route, "MAX_FILES_A_SESSION", 3)
    urls = []
    for n in range(5):
        path = clip.with_name(f"{n}.mp4")
        path.write_bytes(b"x")
        urls.append(media_route.register(path))
    assert [fetch("/" + url)[0] for url in urls] == [404, 404, 200, 200, 200]


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/pdf"])
def test_types_that_a_browser_could_run_are_refused(clip: Path, kind: str) -> None:
    with pytest.raises(BadInput, match="Only audio"):
        media_route.register(clip, kind)


def test_a_missing_file_or_a_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.mp4", tmp_path):
        with pytest.raises(MissingFile):
            media_route.register(path)


def test_with_a_base_path_both_addresses_answer(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_route.st, "get_option", lambda name: "/tools/speech/")
    url = media_route.register(clip)
    assert fetch(f"/tools/speech/{url}", Range="bytes=0-0")[0] == 206
    assert fetch(f"/{url}")[0] == 200
