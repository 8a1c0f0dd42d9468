"""Downloads against a server of our own on 127.0.0.1, well-behaved and not."""

from __future__ import annotations

import hashlib
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from making import sentence

from core.errors import BadInput, Offline, WeightsError
from core.weights import RemoteFile, fetch, git_blob_id, remote_file

BODY = b"these are the weights" * 1000
SHA256 = hashlib.sha256(BODY).hexdigest()


class Handler(BaseHTTPRequestHandler):
    requests: list[str] = []

    def do_GET(self) -> None:
        Handler.requests.append(self.path)
        if self.path == "/missing":
            self.send_error(404)
            return
        if self.path == "/broken":
            self.send_error(500)
            return
        body = b"<html>log in first</html>" if self.path == "/other" else BODY
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if self.path == "/cut" else body)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Silence."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_address[1]}"
        http.shutdown()


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Straight to our own server, whatever proxy this machine uses."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    Handler.requests.clear()


def remote(url: str) -> RemoteFile:
    return RemoteFile("weights.pt", url, SHA256, "", "test")


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_right_file_is_fetched_once(server: str, tmp_path: Path) -> None:
    path = fetch(remote(f"{server}/good"), tmp_path / "new" / "folder")
    assert path == tmp_path / "new" / "folder" / "weights.pt" and path.read_bytes() == BODY
    assert fetch(remote(f"{server}/good"), path.parent) == path
    assert Handler.requests == ["/good"]
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_is_there_needs_no_network(tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(BODY)
    url = f"http://127.0.0.1:{closed_port()}/good"
    assert fetch(remote(url), tmp_path).read_bytes() == BODY


def test_a_damaged_copy_is_fetched_again(server: str, tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(BODY[:-1])
    assert fetch(remote(f"{server}/good"), tmp_path).read_bytes() == BODY


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/other", WeightsError),
        ("/missing", Offline),
        ("/broken", Offline),
        ("/cut", (Offline, WeightsError)),
    ],
    ids=["another file", "not found", "server error", "connection cut half way"],
)
def test_a_bad_answer_is_one_sentence_and_nothing_is_kept(
    server: str, tmp_path: Path, path: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"weights\.pt") as caught:
        fetch(remote(server + path), tmp_path, timeout=5)
    sentence(caught.value)
    assert list(tmp_path.iterdir()) == []
    assert Handler.requests == [path]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/good", "http://no-such-host.invalid/good"]
)
def test_without_a_network_it_is_one_sentence(tmp_path: Path, url: str) -> None:
    with pytest.raises(Offline, match="network") as caught:
        fetch(remote(url.format(port=closed_port())), tmp_path, timeout=5)
    sentence(caught.value)
    assert list(tmp_path.iterdir()) == []


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
