"""edit on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import faces, make_track

from core.tracks.io import read_track, write_track


@pytest.fixture
def track(tmp_path: Path) -> Path:
    write_track(tmp_path / "t.npz", make_track(faces(1, 10)))
    return tmp_path / "t.npz"


def test_edits_are_made_saved_applied_and_undone(run: Any, track: Path, tmp_path: Path) -> None:
    first, last, out = tmp_path / "a.json", tmp_path / "b.json", tmp_path / "o.npz"
    made = run("edit", track, "--move", "2:48=10,20.5", "--missing", "3:4", "--save", first,
               "--json").json  # fmt: skip
    assert (made["edits"], made["corrected"], made["out"]) == (2, [2, 3], None)
    done = run("edit", track, "--edits", first, "-o", out, "--json").json
    after = read_track(out)
    assert done["layer"] == made["layer"] == after.provenance[-1]["layer"]
    assert after.points[2, 48].tolist() == [10, 20.5] and not after.valid[3, 4]
    assert (done["frames"], done["valid"]) == (10, 9)
    run("edit", track, "--edits", first, "--undo", 1, "--restore", "2:48", "--save", last, "--json")
    back = run("edit", track, "--edits", last, "-o", out, "--force", "--json").json
    assert back["edits"] == 0
    np.testing.assert_array_equal(read_track(out).points, read_track(track).points)


def test_neighbours_move_along(run: Any, track: Path, tmp_path: Path) -> None:
    before = read_track(track)
    x, y = (float(v) for v in np.round(before.points[5, 8], 3))
    run("edit", track, "--move", f"5:8={x + 4},{y}", "--spread", 1, "-o", tmp_path / "o.npz")
    moved = read_track(tmp_path / "o.npz").points - before.points
    np.testing.assert_allclose(moved[3:8, 8, 0], [0, 2, 4, 2, 0], atol=1e-3)


BAD = {
    "a place of words": ("edit {t} --missing mouth", "FRAME:POINT"),
    "a move to nowhere": ("edit {t} --move 1:2", "X,Y"),
    "a move to no number": ("edit {t} --move 1:2=nan,3", "X,Y"),
    "a frame that is not there": ("edit {t} --missing 10:2 -o {o}.npz", "10 frames"),
    "a reach without end": ("edit {t} --move 1:2=3,4 --spread 9999", "250"),
    "edits that are a track": ("edit {t} --edits {t}", "file of edits"),
    "edits that are not there": ("edit {t} --edits {o}.json", "no file"),
    "an ending that is none": ("edit {t} --save {o}.txt", ".json"),
}


@pytest.mark.parametrize(("words", "said"), BAD.values(), ids=list(BAD))
def test_bad_input_is_one_line(
    run: Any, track: Path, tmp_path: Path, words: str, said: str
) -> None:
    result = run(*(w.format(t=track, o=tmp_path / "o") for w in words.split()))
    assert said in result.reason
    assert sorted(p.name for p in tmp_path.glob("o*")) == []


def test_what_exists_is_kept(run: Any, track: Path) -> None:
    before = track.read_bytes()
    assert "--force" in run("edit", track, "--missing", "1:1", "-o", track).reason
    assert track.read_bytes() == before
