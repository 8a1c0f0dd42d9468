"""Downloads against a server of our own on 127.0.0.1, well-behaved and not."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from making import sentence

from core.errors import BadInput, Offline, WeightsError
from core.weights import RemoteFile, fetch, git_blob_id, remote_file

BODY = np.random.default_rng(0).bytes(300_000)
SHA256 = hashlib.sha256(BODY).hexdigest()
BLOB = hashlib.sha1(b"blob %d\0" % len(BODY) + BODY, usedforsecurity=False).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Every path misbehaves in its own way; what was asked is remembered."""

    asked: ClassVar[list[tuple[str, str | None]]] = []
    gate: ClassVar[threading.Event] = threading.Event()

    def do_GET(self) -> None:
        Handler.asked.append((self.path, self.headers["Range"]))
        getattr(self, self.path.strip("/").replace("-", "_"))()
        self.close_connection = True

    def give(self, body: bytes, *, length: int | None = None, ranges: bool = True) -> None:
        start = int((self.headers["Range"] or "bytes=0-")[6:-1]) if ranges else 0
        whole = len(body) if length is None else length
        if start >= len(body) and start:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(body)}")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
        self.send_header("Content-Length", str(whole - start))
        self.end_headers()
        self.wfile.write(body[start:])

    def good(self) -> None:
        self.give(BODY)

    def no_ranges(self) -> None:
        self.give(BODY, ranges=False)

    def other(self) -> None:
        self.give(b"<html>log in first</html>")

    def changed(self) -> None:
        self.give(BODY[::-1])

    def missing(self) -> None:
        self.send_error(404)

    def forbidden(self) -> None:
        self.send_error(403)

    def broken(self) -> None:
        self.send_error(503)

    def moved(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/good")
        self.end_headers()

    def in_circles(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/in-circles")
        self.end_headers()

    def cut(self) -> None:
        """Every answer ends after 50 kB, whatever it promised."""
        start = int((self.headers["Range"] or "bytes=0-")[6:-1])
        self.give(BODY[: start + 50_000], length=len(BODY))

    def cut_at_once(self) -> None:
        self.give(b"", length=len(BODY))

    def cut_once(self) -> None:
        first = len(Handler.asked) == 1
        self.give(BODY[:100_000] if first else BODY, length=len(BODY))

    def wrong_part(self) -> None:
        """Asked for the rest, it sends the beginning and says so."""
        if not self.headers["Range"]:
            return self.give(BODY[:100_000], length=len(BODY), ranges=False)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes 0-{len(BODY) - 1}/{len(BODY)}")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)
        return None

    def silent(self) -> None:
        self.gate.wait(20)

    def silent_half_way(self) -> None:
        self.give(BODY[:100_000], length=len(BODY), ranges=False)
        self.wfile.flush()
        self.gate.wait(20)

    def trickle(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        for byte in BODY:
            self.wfile.write(bytes([byte]))
            if self.gate.wait(0.05):
                return

    def endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            while not self.gate.is_set():
                self.wfile.write(bytes(100_000))

    def without_length(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(BODY)

    def huge(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(10**12))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Silence."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Whoever is cut off has gone away; that is what is tested."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with Server(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_address[1]}"
        http.shutdown()


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Straight to our own server, whatever proxy this machine uses."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    Handler.asked.clear()
    Handler.gate.clear()
    yield
    Handler.gate.set()


def remote(url: str, **known: Any) -> RemoteFile:
    return RemoteFile("weights.pt", url, **{"sha256": SHA256, "blob_id": "", "licence": ""} | known)


def ranges() -> list[str | None]:
    return [asked for _, asked in Handler.asked]


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def everything(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))


# --- what comes whole ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "known",
    [
        {},
        {"sha256": "", "blob_id": BLOB},
        {"blob_id": BLOB},
        {"blob_id": BLOB, "size": len(BODY)},
    ],
    ids=["sha256", "git blob id", "both", "both and the size"],
)
def test_the_right_file_is_fetched_once(server: str, tmp_path: Path, known: Any) -> None:
    folder = tmp_path / "new" / "folder"
    path = fetch(remote(f"{server}/good", **known), folder)
    assert path == folder / "weights.pt" and path.read_bytes() == BODY
    assert fetch(remote(f"{server}/good", **known), folder) == path
    assert len(Handler.asked) == 1
    assert everything(folder) == ["weights.pt"]


@pytest.mark.parametrize("way", ["moved", "without-length", "no-ranges"])
def test_odd_but_right_servers_will_do(server: str, tmp_path: Path, way: str) -> None:
    assert fetch(remote(f"{server}/{way}"), tmp_path).read_bytes() == BODY
    assert everything(tmp_path) == ["weights.pt"]


def test_a_file_that_is_there_needs_no_network(tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(BODY)
    url = f"http://127.0.0.1:{closed_port()}/good"
    assert fetch(remote(url), tmp_path).read_bytes() == BODY


def test_another_file_of_that_name_is_left_alone(server: str, tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(b"mine")
    for _ in range(2):
        path = fetch(remote(f"{server}/good"), tmp_path)
        assert path.read_bytes() == BODY and path.suffix == ".pt"
    assert (tmp_path / "weights.pt").read_bytes() == b"mine"
    assert len(Handler.asked) == 1 and len(everything(tmp_path)) == 2


# --- what does not -------------------------------------------------------------------------------

BAD: dict[str, tuple[str, type[Exception], str, int]] = {
    # what the server does: path, error, what is said, requests
    "another file": ("other", WeightsError, "another file than", 1),
    "a file of the right size": ("changed", WeightsError, "another file than", 1),
    "not found": ("missing", Offline, "answers 404", 1),
    "forbidden": ("forbidden", Offline, "answers 403", 1),
    "server error": ("broken", Offline, "answers 503", 4),
    "connection cut at once": ("cut-at-once", Offline, "cut", 4),
    "a redirection in circles": ("in-circles", Offline, "answer is invalid", 31),
    "a terabyte": ("huge", WeightsError, "2 GB at most", 1),
}


@pytest.mark.parametrize(("path", "error", "said", "requests"), BAD.values(), ids=list(BAD))
def test_a_bad_answer_is_one_sentence_and_nothing_is_kept(
    server: str, tmp_path: Path, path: str, error: type[Exception], said: str, requests: int
) -> None:
    with pytest.raises(error, match=r"weights\.pt") as caught:
        fetch(remote(f"{server}/{path}"), tmp_path, timeout=0.3)
    assert said in sentence(caught.value)
    assert everything(tmp_path) == []
    assert len(Handler.asked) == requests


@pytest.mark.parametrize("path", ["other", "huge", "endless"])
def test_a_wrong_size_is_refused_as_soon_as_it_shows(
    server: str, tmp_path: Path, path: str
) -> None:
    heard: list[int] = []
    with pytest.raises(WeightsError, match=f"{len(BODY)} bytes") as caught:
        fetch(
            remote(f"{server}/{path}", size=len(BODY)),
            tmp_path,
            progress=lambda done, _: heard.append(done),
        )
    sentence(caught.value)
    assert max(heard, default=0) <= len(BODY)
    assert everything(tmp_path) == []


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("silent", "silent for 0.4 s"),
        ("silent-half-way", "silent for 0.4 s; the 0.10 MB received are kept"),
        ("trickle", "too slow"),
    ],
)
def test_a_slow_server_is_given_up(server: str, tmp_path: Path, path: str, said: str) -> None:
    begin = time.monotonic()
    with pytest.raises(Offline) as caught:
        fetch(remote(f"{server}/{path}"), tmp_path, timeout=0.4)
    assert said in sentence(caught.value)
    assert time.monotonic() - begin < 15
    assert not (tmp_path / "weights.pt").exists()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/good", "http://no-such-host.invalid/good"]
)
def test_without_a_network_it_is_one_sentence(tmp_path: Path, url: str) -> None:
    with pytest.raises(Offline, match="network") as caught:
        fetch(remote(url.format(port=closed_port())), tmp_path, timeout=1)
    sentence(caught.value)
    assert everything(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadInput, match="cannot be stored") as caught:
        fetch(remote("http://127.0.0.1:9/"), tmp_path / "file" / "weights")
    sentence(caught.value)


# --- going on ------------------------------------------------------------------------------------


def test_a_cut_connection_is_taken_up_again(server: str, tmp_path: Path) -> None:
    assert fetch(remote(f"{server}/cut-once"), tmp_path, timeout=5).read_bytes() == BODY
    assert ranges() == [None, "bytes=100000-"]


def test_what_came_is_kept_for_the_next_time(server: str, tmp_path: Path) -> None:
    """Four tries of 50 kB each, then two more."""
    with pytest.raises(Offline, match=r"0\.20 MB received are kept") as caught:
        fetch(remote(f"{server}/cut"), tmp_path, timeout=5)
    sentence(caught.value)
    assert [Path(p).suffix for p in everything(tmp_path)] == ["", ".part"]
    assert fetch(remote(f"{server}/cut"), tmp_path, timeout=5).read_bytes() == BODY
    assert ranges() == [None, *(f"bytes={k * 50_000}-" for k in range(1, 6))]
    assert everything(tmp_path) == ["weights.pt"]


def begun(folder: Path, data: bytes, file: RemoteFile) -> None:
    """As if a download had stopped after some bytes."""

    class Stop(Exception):
        pass

    def stop(done: int, total: int | None) -> None:
        raise Stop

    with pytest.raises(Stop):
        fetch(file, folder, progress=stop)
    partial = folder / "partial"
    (part,) = [*partial.glob("*.part")] or [partial / f"{file.name}.{SHA256[:12]}.part"]
    part.parent.mkdir(exist_ok=True)
    part.write_bytes(data)
    Handler.asked.clear()


@pytest.mark.parametrize(
    ("path", "came", "asked"),
    [
        ("good", BODY[:1000], ["bytes=1000-"]),
        ("no-ranges", BODY[:1000], ["bytes=1000-"]),
        ("good", BODY, [f"bytes={len(BODY)}-"]),
        ("good", BODY + b"more", [f"bytes={len(BODY) + 4}-", None]),
        ("good", bytes(1000), ["bytes=1000-", None]),
        ("wrong-part", BODY[:1000], ["bytes=1000-", None, "bytes=100000-", None]),
    ],
    ids=[
        "the rest is sent",
        "the whole is sent",
        "all had come",
        "more had come than there is",
        "what had come is another file",
        "another part is sent",
    ],
)
def test_a_begun_download_is_gone_on_with(
    server: str, tmp_path: Path, path: str, came: bytes, asked: list[str | None]
) -> None:
    file = remote(f"{server}/{path}")
    begun(tmp_path, came, file)
    if path == "wrong-part":  # it never gives the rest, so this cannot end well
        with pytest.raises(Offline, match="the connection was cut") as caught:
            fetch(file, tmp_path, timeout=1)
        sentence(caught.value)
    else:
        assert fetch(file, tmp_path, timeout=5).read_bytes() == BODY
        assert everything(tmp_path) == ["weights.pt"]
    assert ranges() == asked


# --- watching and stopping -----------------------------------------------------------------------


def test_progress_hears_every_byte(server: str, tmp_path: Path) -> None:
    heard: list[tuple[int, int | None]] = []
    fetch(remote(f"{server}/good"), tmp_path, progress=lambda *seen: heard.append(seen))
    done = [d for d, _ in heard]
    assert done == sorted(done) and heard[-1] == (len(BODY), len(BODY))


@pytest.mark.parametrize("path", ["silent", "silent-half-way", "endless"])
def test_it_can_be_stopped_at_any_moment(server: str, tmp_path: Path, path: str) -> None:
    """Also while the server is silent; a BaseException is how Streamlit stops a page."""

    class Stop(BaseException):
        pass

    begin = time.monotonic()

    def report(done: int, total: int | None) -> None:
        if time.monotonic() - begin > 0.5:
            raise Stop

    with pytest.raises(Stop):
        fetch(remote(f"{server}/{path}"), tmp_path, timeout=20, progress=report)
    assert time.monotonic() - begin < 4
    assert not (tmp_path / "weights.pt").exists()
    Handler.gate.set()
    assert fetch(remote(f"{server}/good"), tmp_path).read_bytes() == BODY


def test_processes_at_once_share_one_download(server: str, tmp_path: Path) -> None:
    script = (
        "import sys; from core.weights import RemoteFile, fetch; "
        "print(fetch(RemoteFile('weights.pt', *sys.argv[1:3], '', ''), sys.argv[3]))"
    )
    command = [sys.executable, "-c", script, f"{server}/cut-once", SHA256, str(tmp_path)]
    root = Path(__file__).resolve().parents[2]
    several = [
        subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    outs = [p.communicate(timeout=240) for p in several]
    assert [p.returncode for p in several] == [0, 0, 0], outs
    assert {out.decode().strip() for out, _ in outs} == {str(tmp_path / "weights.pt")}
    assert (tmp_path / "weights.pt").read_bytes() == BODY
    assert everything(tmp_path) == ["weights.pt"] and len(Handler.asked) == 2


# --- names of content ----------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"hello\n", b"a\0b", bytes(range(256)) * 5000])
def test_the_blob_id_is_git_s(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    by_hand = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    assert git_blob_id(path) == by_hand
    if shutil.which("git"):
        theirs = subprocess.run(
            ["git", "hash-object", "--no-filters", str(path)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert theirs.stdout.strip() == by_hand


def test_the_blob_id_of_a_known_string() -> None:
    path = Path(__file__).with_name("hello.txt")
    assert git_blob_id(path) == "ce013625030ba8dba906f756967f9e9ca394464a"  # of "hello\n"


@pytest.mark.parametrize(
    ("name", "blob"),
    [
        ("mean_shape.npy", "8ed5ffde55cea43e62c60eee929f0f86c22a7526"),
        ("eigen_vectors.npy", "e1bdc4b7ecc418dc8e8ff15ee974ac816c30528d"),
        ("mean.npy", "ff98f141a269ba2105b1213c5861c9a9d13fcb8e"),
        ("tcboost.npy", "09022800be32421a06c3692858939b9b0ec46abf"),
    ],
)
def test_published_files_have_the_published_ids(shared: Path, name: str, blob: str) -> None:
    assert git_blob_id(shared / "reference/nr" / name) == blob


def test_an_unknown_remote_file_is_refused() -> None:
    with pytest.raises(BadInput, match="no-such-file") as caught:
        remote_file("no-such-file")
    sentence(caught.value)
