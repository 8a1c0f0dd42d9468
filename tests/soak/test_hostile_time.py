"""Every bad file over every door within 2 s of the call, a decoder being warm; the slowest ten."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bad_files import DAMAGED, NO_AUDIO, REFUSED, placed
from bombs import just, million_pictures
from sounds import silent_flac

from core.errors import SpeechmarksError
from core.media import make_proxy, probe, read_audio, read_frames, read_frames_at
from core.media import sandbox as guard
from core.workspace import Workspace

pytestmark = pytest.mark.soak
BOUND = 2.0  # seconds
DOORS: dict[str, Callable[[Path], Any]] = {
    "probe": probe,
    "frames": lambda path: [None for _ in read_frames(path)],
    "frames by number": lambda path: [None for _ in read_frames_at(path, [0, 2, 10**9])],
    "sound": read_audio,
    "proxy": lambda path: make_proxy(path, path.with_name("proxy.mp4"), force=True),
    "workspace": lambda path: Workspace(path.parent / "space").add_clip(path, path.name),
}
# Not lies but length: read for long before a limit is met.
LONG = {
    "a Matroska of a million tiny pictures": ("a.mkv", just(million_pictures)),
    "a FLAC of three hours at 48 kHz": ("a.flac", just(lambda: silent_flac(10_800, 48_000))),
}


def timed(folder: Path, table: dict[str, Any]) -> list[tuple[float, str, str]]:
    rows = []
    for name, row in table.items():
        path = placed(folder, row)
        for door, knock in DOORS.items():
            guard.warm_decoder()
            start = time.perf_counter()
            try:
                knock(path)
                what = "used"
            except SpeechmarksError:
                what = "refused"
            rows.append((time.perf_counter() - start, f"{door}: {what}", name))
    rows.sort(reverse=True)
    print(f"\n{len(table)} files over {len(DOORS)} doors; the slowest calls:")
    for seconds, door, name in rows[:10]:
        print(f"{seconds:7.2f} s  {door:26s}  {name}")
    return rows


def test_every_door_answers_within_two_seconds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        rows = timed(tmp_path, REFUSED | DAMAGED | NO_AUDIO | LONG)
    assert [row for row in rows if row[0] >= BOUND] == []
