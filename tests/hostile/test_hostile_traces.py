"""What bad files leave behind: no memory, no process, no open file, nothing on disk."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from bad_files import DAMAGED, NO_AUDIO, REFUSED, placed

from core.errors import SpeechmarksError
from core.media import probe, read_audio, read_frames
from core.media import sandbox as guard
from core.workspace import Workspace

SELF = Path("/proc/self")
MOST_GROWTH_MB = 50
pytestmark = pytest.mark.skipif(not SELF.exists(), reason="counts by /proc, which Linux has")


def field(name: str, process: int | str = "self") -> float:
    """A line of a process's status, in MB."""
    rows = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(row.split()[1]) / 1024 for row in rows if row.startswith(f"{name}:"))


def children() -> set[int]:
    found = set()
    for task in (SELF / "task").iterdir():
        found |= {int(pid) for pid in (task / "children").read_text().split()}
    return found


def descriptors() -> int:
    return len(os.listdir(SELF / "fd"))


def take(path: Path, space: Workspace) -> None:
    """Through every reading door; a refusal or a result, both are held by no one."""
    for door in (
        probe,
        read_audio,
        lambda p: [None for _ in read_frames(p)],
        lambda p: next(read_frames(p), None),  # given up in the middle
        lambda p: space.add_clip(p, p.name),
    ):
        try:
            door(path)  # type: ignore[no-untyped-call]
        except SpeechmarksError:
            continue


@pytest.fixture
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Temporary files and the current folder are private, and no decoder is warm."""
    for name in ("temporary", "here", "files"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.chdir(tmp_path / "here")
    guard._close_idle()
    yield tmp_path
    guard._close_idle()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.soak), 5])
def test_bad_files_leave_nothing_behind_and_a_refusal_costs_the_app_no_memory(
    quiet: Path, step: int
) -> None:
    """No memory, not even for a moment: the peak counts. Every fifth file, or all of them."""
    space = Workspace(quiet / "space")
    rows = dict([*(REFUSED | DAMAGED | NO_AUDIO).items()][::step])
    assert rows.keys() & REFUSED and rows.keys() & DAMAGED
    for row in list(rows.values())[:3]:
        take(placed(quiet / "files", row), space)
    before, processes = descriptors(), children()
    grown = {}
    for name, row in rows.items():
        path = placed(quiet / "files", row)
        guard.warm_decoder()
        gc.collect()
        (SELF / "clear_refs").write_text("5")  # the peak starts anew
        held = field("VmRSS")
        take(path, space)
        grown[name] = field("VmHWM") - held
    assert {k: v for k, v in grown.items() if k in REFUSED and v >= MOST_GROWTH_MB} == {}
    gc.collect()
    assert descriptors() <= before + guard._MOST_IDLE, "open files or lines"
    assert len(children() - processes) <= guard._MOST_IDLE, "decoders that nobody uses"
    assert list((quiet / "temporary").iterdir()) == [] == list((quiet / "here").iterdir())
    assert {p.name for p in (quiet / "space").iterdir()} <= {"incoming", "clips"}
    assert list((quiet / "space" / "incoming").iterdir()) == []
    for folder in (quiet / "space" / "clips").iterdir():
        names = {p.name for p in folder.iterdir()}
        assert "clip.json" in names and len(names) == 2
    guard._close_idle()
    assert children() <= processes, "a decoder lives on"


def test_a_decoder_gives_back_what_a_file_made_it_take(quiet: Path) -> None:
    """A warm decoder does not keep the memory of the worst file that it has seen."""
    for name in ("a MOV whose index unpacks to 100 MB", "a real picture of 36 megapixels"):
        take(placed(quiet / "files", REFUSED[name]), Workspace(quiet / "space"))
    for decoder in guard._idle:
        held = field("VmRSS", decoder.process.pid)
        assert held < 250, f"a warm decoder holds {held:.0f} MB"


def test_a_bomb_of_pixels_is_not_even_unpacked(quiet: Path) -> None:
    """FFmpeg decodes a first picture while it opens the file: 256 MB here, were it let."""
    path = placed(quiet / "files", REFUSED["an AVI of PNGs of 256 megapixels"])
    guard.warm_decoder()
    pid = guard._idle[-1].process.pid
    before = field("VmHWM", pid)
    with pytest.raises(SpeechmarksError):
        probe(path)
    assert [decoder.process.pid for decoder in guard._idle] == [pid]
    assert field("VmHWM", pid) - before < 100
