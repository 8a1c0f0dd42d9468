"""audit and template on the command line."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import make_track

from core.align import select_mouth, shipped_template
from core.neutral import closed_face, identity_audit, session_null, speaker_distances, template_face
from core.samples import SAMPLE
from core.tracks.io import read_track, write_track


def speaker(face: int, frames: int = 40) -> np.ndarray:
    rng = np.random.default_rng(face)
    points = 600 * shipped_template() + 300 + rng.normal(0, 10, (68, 2))
    points = points + rng.normal(0, 1, (frames, 68, 2))
    points[:, 65:68, 1] += 20 + rng.uniform(0, 10, (frames, 1))
    return points


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tracks")
    for name, face in (("a", 1), ("b", 2), ("c", 3)):
        write_track(folder / f"{name}.npz", make_track(speaker(face)))
    write_track(folder / "lips.npz", select_mouth(make_track(speaker(1))))
    (folder / "many").mkdir()
    for number in range(3):
        write_track(folder / f"many/{number}.npz", make_track(speaker(1)))
    (folder / "many/notes.txt").write_text("not a track")
    (folder / "many/sound.wav").write_bytes(b"")
    (folder / "none").mkdir()
    return folder


def test_the_audit_is_that_of_the_function(run: Any, tracks: Path) -> None:
    words = ["audit", tracks / "a.npz", f"x={tracks / 'b.npz'}", "--part", "mouth", "--json"]
    data = run(*words).json
    crew = {"a": [read_track(tracks / "a.npz")], "x": [read_track(tracks / "b.npz")]}
    audit = identity_audit(crew, parts=["mouth"])
    assert [r["accuracy"] for r in data["rows"]] == [r.accuracy for r in audit.rows]
    assert [(r["low"], r["high"]) for r in data["rows"]] == [(r.low, r.high) for r in audit.rows]
    apart = {(d.stage, d.part): d for d in speaker_distances(crew)}
    for row in data["rows"]:
        assert row["between"] == apart[row["stage"], "mouth"].between
    assert (data["speakers"], data["chance"], data["null"]) == ({"a": 1, "x": 1}, 0.5, None)
    assert data["note"] == audit.note and "upper bound" in data["note"]


def test_a_folder_is_a_speaker_with_many_clips_and_gives_the_null(run: Any, tracks: Path) -> None:
    words = ["audit", tracks / "many", f"a={tracks / 'b.npz'}", "--part", "mouth"]
    data = run(*words, "--clips", "2", "--json").json
    assert data["speakers"] == {"many": 2, "a": 1} and data["folds"] == "time"
    clips = [read_track(tracks / f"many/{k}.npz") for k in range(2)]
    null = session_null({"many": clips, "a": clips[:1]}, parts=["mouth"])
    assert null is not None and data["null"]["note"] == null.note
    assert [r["accuracy"] for r in data["null"]["rows"]] == [r.accuracy for r in null.rows]
    out = run(*words).out
    assert "upper bound" in out and "Null: clips of one speaker, 'many'" in out


def test_a_name_given_twice_is_one_speaker(run: Any, tracks: Path) -> None:
    a, b, c = (tracks / f"{n}.npz" for n in "abc")
    words = ["audit", f"x={a}", f"y={b}", f"x={c}", f"y={b}", "--part", "mouth", "--json"]
    data = run(*words).json
    assert data["speakers"] == {"x": 2, "y": 2} and data["folds"] == "clips"
    assert run(*words, "--by", "time", "--folds", "3").json["n_folds"] == 3


def test_videos_are_detected_into_the_workspace(
    run: Any, tracks: Path, tmp_path: Path, home: Path
) -> None:
    shutil.copy(SAMPLE.video, tmp_path / "clip.mp4")
    words = ["audit", tmp_path / "clip.mp4", tracks / "a.npz", "--part", "eyes", "--json"]
    assert run(*words).json["speakers"] == {"clip": 1, "a": 1}
    assert any(home.rglob("*"))


def test_the_template_is_that_of_the_function(run: Any, tracks: Path, tmp_path: Path) -> None:
    words = ["template", tracks / "many", tracks / "b.npz", "-o", tmp_path / "t.npy"]
    data = run(*words, "--weight", "b=3", "--json").json
    assert data["shares"] == {"many": 0.25, "b": 0.75} and data["clips"] == {"many": 3, "b": 1}
    closed = {
        "many": [closed_face(read_track(tracks / f"many/{k}.npz")) for k in range(3)],
        "b": [closed_face(read_track(tracks / "b.npz"))],
    }
    expected = template_face(closed, weights={"b": 3}).face
    np.testing.assert_array_equal(np.load(tmp_path / "t.npy"), expected)
    assert "--force" in run(*words).reason
    identity = ["identity", tracks / "a.npz", "-o", tmp_path / "o.npz"]
    assert run(*identity, "--template", tmp_path / "t.npy").code == 0


def test_a_template_of_one_speaker_says_so(run: Any, tracks: Path, tmp_path: Path) -> None:
    done = run("template", tracks / "a.npz", "-o", tmp_path / "t.npy")
    assert done.code == 0 and "one speaker" in done.err


BAD = {
    "one speaker": ("audit {c}/a.npz", "at least two speakers"),
    "a missing file": ("audit {c}/a.npz x={c}/no.npz", "no.npz"),
    "a speaker without a name": ("audit {c}/a.npz ={c}/b.npz", "no name"),
    "an empty folder": ("audit {c}/a.npz {c}/none", "no video"),
    "lips": ("audit {c}/a.npz {c}/lips.npz", "lips20"),
    "another way of folding": ("audit {c}/a.npz {c}/b.npz --by frame", "time or clips"),
    "an unknown part": ("audit {c}/a.npz {c}/b.npz --part ears", "ears"),
    "template: a weight of somebody else": (
        "template {c}/a.npz -o {t}/t.npy --weight z=1",
        "'z'",
    ),
    "template: a weight of words": ("template {c}/a.npz -o {t}/t.npy --weight a=big", "NUMBER"),
    "template: a weight of nobody": ("template {c}/a.npz -o {t}/t.npy --weight 3", "NUMBER"),
    "template: another ending": ("template {c}/a.npz -o {t}/t.npz", ".npy"),
    "template: lips": ("template {c}/lips.npz -o {t}/t.npy", "lips20"),
}


@pytest.mark.parametrize(("words", "expected"), BAD.values(), ids=list(BAD))
def test_bad_input_is_one_line_and_leaves_nothing(
    run: Any, tracks: Path, tmp_path: Path, words: str, expected: str
) -> None:
    result = run(*(w.format(c=tracks, t=tmp_path) for w in words.split()))
    assert expected in result.reason
    assert {p.name for p in tmp_path.iterdir()} <= {"home"}
