"""The guarded decoder: it may be killed, hang, lie or eat memory, and the app says one sentence."""

from __future__ import annotations

import os
import re
import signal
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from making import grey, movie, sentence, tone

from core.errors import BadInput, MediaError
from core.media import probe, read_audio, read_frames, read_frames_at, write_wav
from core.media import sandbox as guard
from core.samples import SAMPLE
from core.settings import Limits, read_settings


@pytest.fixture(autouse=True)
def own_decoders(home: Path) -> Iterator[None]:
    """Each test starts without a warm decoder, and leaves none of its kind behind."""
    guard._close_idle()
    yield
    guard._close_idle()


def limit(home: Path, **limits: float) -> None:
    home.mkdir(exist_ok=True)
    rows = "".join(f"{name} = {value}\n" for name, value in limits.items())
    (home / "settings.toml").write_text(f"[limits]\n{rows}")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    images = (np.full((48, 64, 3), 3 * k, np.uint8) for k in range(60))
    return movie(tmp_path / "clip.mp4", images, sound=tone(2.4))


def warm() -> int:
    """Start a decoder and give its process number."""
    guard.warm_decoder()
    return guard._idle[-1].process.pid


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] == "Z"
    except OSError:
        return True


def test_a_decoder_is_kept_warm_for_the_next_file(clip: Path) -> None:
    pid = warm()
    probe(clip)
    read_audio(clip)
    assert len(list(read_frames(clip))) == 60
    assert [d.process.pid for d in guard._idle] == [pid]


def test_a_reader_that_stops_early_leaves_its_decoder_fit_for_use(clip: Path) -> None:
    pid = warm()
    for _ in range(5):
        frames = read_frames(clip)
        assert next(frames).index == 0
        frames.close()  # type: ignore[attr-defined]
        assert probe(clip).video is not None
    assert [d.process.pid for d in guard._idle] == [pid]


def test_readers_may_be_interleaved_and_used_from_many_threads(clip: Path) -> None:
    pairs = list(zip(read_frames(clip), read_frames(clip, every=2), strict=False))
    assert [(a.index, b.index) for a, b in pairs[:3]] == [(0, 0), (1, 2), (2, 4)]
    counts: list[int] = []
    threads = [
        threading.Thread(target=lambda: counts.append(sum(1 for _ in read_frames(clip))))
        for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert counts == [60] * 5
    assert len(guard._idle) <= guard._MOST_IDLE


def test_a_decoder_that_died_while_idle_costs_nothing(clip: Path) -> None:
    pid = warm()
    os.kill(pid, signal.SIGKILL)
    while not gone(pid):
        time.sleep(0.01)
    assert probe(clip).video is not None


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_decoder_that_is_killed_at_work_costs_one_sentence(clip: Path, blow: int) -> None:
    pid = warm()
    frames = read_frames(clip)
    next(frames)
    os.kill(pid, blow)
    with pytest.raises(MediaError, match="was ended by SIG") as caught:
        list(frames)
    assert clip.name in sentence(caught.value)
    assert gone(pid) and not guard._idle
    assert len(list(read_frames(clip))) == 60  # and the next file is none the worse


def test_a_decoder_that_hangs_is_stopped_and_costs_one_sentence(clip: Path, home: Path) -> None:
    limit(home, wait_seconds=1)
    pid = warm()
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(MediaError, match="no answer for 1 s") as caught:
        probe(clip)
    sentence(caught.value)
    assert gone(pid) and not guard._idle


def test_a_picture_that_eats_memory_costs_one_sentence(tmp_path: Path, home: Path) -> None:
    big = movie(tmp_path / "big.mp4", [grey(k, 4320, 7680) for k in range(2)])
    small = movie(tmp_path / "small.mp4", [grey(9)])
    limit(home, memory_mb=250, wait_seconds=10)
    assert len(list(read_frames(small))) == 1
    with pytest.raises(MediaError) as caught:
        list(read_frames(big))
    sentence(caught.value)
    assert len(list(read_frames(small))) == 1


def test_sound_that_eats_memory_costs_one_sentence(tmp_path: Path, home: Path) -> None:
    write_wav(tmp_path / "long.wav", tone(1200))
    limit(home, memory_mb=110)
    with pytest.raises(MediaError) as caught:
        read_audio(tmp_path / "long.wav")
    sentence(caught.value)


# What stands in for a decoder that a file has taken over; `line` is the socket to the app.
TAKEN_OVER = {
    "that ends at once": "raise SystemExit(3)",
    "that answers with noise": "line.recv(1000); line.sendall(bytes(range(256)) * 99)",
    "that promises an endless message": "line.recv(1000); line.sendall(b'\\xff' * 4)",
    "that sends no JSON": "line.recv(1000); line.sendall(b'\\0\\0\\0\\3abc')",
    "that sends JSON of another kind": "line.recv(1000); line.sendall(b'\\0\\0\\0\\2[]')",
    "that claims a terabyte": """
        line.recv(1000)
        text = b'{"arrays": [["uint8", [1000000, 1000000]]]}'
        line.sendall(len(text).to_bytes(4, "big") + text)""",
    "that claims a negative size": """
        line.recv(1000)
        text = b'{"arrays": [["uint8", [-1, 5]]]}'
        line.sendall(len(text).to_bytes(4, "big") + text)""",
    "that wants objects to be made": """
        line.recv(1000)
        text = b'{"arrays": [["object", [1]]]}'
        line.sendall(len(text).to_bytes(4, "big") + text + bytes(8))""",
    "that leaves in the middle of a picture": """
        line.recv(1000)
        text = b'{"arrays": [["uint8", [100, 100, 3]]]}'
        line.sendall(len(text).to_bytes(4, "big") + text + bytes(50))""",
    "that is busy for ever": """
        line.recv(1000)
        text = b'{"busy": true, "arrays": []}'
        while True:
            line.sendall(len(text).to_bytes(4, "big") + text)
            time.sleep(0.1)""",
}


@pytest.mark.parametrize("deed", TAKEN_OVER.values(), ids=list(TAKEN_OVER))
def test_a_decoder_that_lies_costs_one_sentence(
    clip: Path, home: Path, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    limit(home, wait_seconds=3, total_seconds=1)
    script = "import socket, time\nline = socket.socket(fileno=0)\n" + textwrap.dedent(deed)
    monkeypatch.setattr(guard, "_COMMAND", (sys.executable, "-c", script))
    for door in (probe, read_audio, lambda path: list(read_frames(path))):
        with pytest.raises(MediaError, match="decoder") as caught:
            door(clip)
        sentence(caught.value)
    assert not guard._idle


def test_the_decoder_may_write_no_file_and_leaves_no_core() -> None:
    pid = warm()
    probe(SAMPLE.video)  # it has begun to serve
    rows = Path(f"/proc/{pid}/limits").read_text().splitlines()
    limits = {row[:25].strip(): row[25:].split()[0] for row in rows[1:]}
    assert limits["Max file size"] == "0"
    assert limits["Max core file size"] == "0"
    assert int(limits["Max data size"]) == Limits().memory_mb * 10**6


def test_the_decoder_ends_with_the_app() -> None:
    pid = warm()
    guard._idle.pop()._line.close()
    for _ in range(500):
        if gone(pid):
            return
        time.sleep(0.01)
    pytest.fail("the decoder lives on")


@pytest.mark.parametrize(
    ("name", "value", "door"),
    [
        ("megapixels", 0.002, probe),
        ("megapixels", 0.002, lambda path: list(read_frames(path))),
        ("frames", 20, probe),
        ("frames", 20, lambda path: list(read_frames(path))),
        ("hours", 0.0003, probe),
        ("hours", 0.0003, read_audio),
        ("hours", 0.0003, lambda path: list(read_frames(path))),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_limits_are_settings(clip: Path, home: Path, name: str, value: float, door: object) -> None:
    door(clip)  # type: ignore[operator]
    limit(home, **{name: value})
    with pytest.raises(MediaError) as caught:
        door(clip)  # type: ignore[operator]
    text = sentence(caught.value)
    assert "at most" in text or "more than" in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[limits]\nhours = -1", "line 2, key 'limits.hours': expected"),
        ("[limits]\nhours = 'long'", "line 2, key 'limits.hours': expected"),
        ("[limits]\nhours = nan", "line 2, key 'limits.hours': expected"),
        ("[limits]\nframes = true", "line 2, key 'limits.frames': expected int"),
        (
            "[limits]\nhours = 3\nframe = 2",
            "line 3, key 'limits.frame': unknown key; known keys: meg",
        ),
        ("limits = 3", "line 1, key 'limits': expected"),
        ("max_uplod_mb = 5", "line 1, key 'max_uplod_mb': unknown key; known keys: max_upload_mb"),
        ("max_upload_mb = '5'", "line 1, key 'max_upload_mb': expected int"),
        ("server_roots = '/data'", "line 1, key 'server_roots': expected array"),
        ("server_roots = ['data']", "expected absolute folders"),
        ("\nserver_roots = ['/data', 3]", "line 2, key 'server_roots': expected absolute folders"),
        ("a =", "cannot be read"),
        ("#" * 20_000, "larger than 16 kB"),
    ],
)
def test_a_fault_in_the_settings_names_its_line_and_nothing_is_assumed(
    clip: Path, home: Path, text: str, words: str
) -> None:
    home.mkdir()
    (home / "settings.toml").write_text(text)
    with pytest.raises(BadInput, match=re.escape(words)) as caught:
        probe(clip)
    sentence(caught.value)


def test_settings_are_read_anew_when_the_file_changes(home: Path) -> None:
    assert read_settings().limits == Limits()
    limit(home, hours=1)
    assert read_settings().limits.hours == 1
    limit(home, hours=12.5)
    assert read_settings().limits.hours == 12.5


def test_numbers_beyond_the_end_give_nothing(clip: Path) -> None:
    assert [f.index for f in read_frames_at(clip, [70, 3, 59, 3])] == [3, 59]
    assert list(read_frames_at(clip, [])) == []
    assert list(read_frames_at(clip, [1000])) == []
