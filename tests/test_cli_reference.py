"""reference and identity on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import make_track, talking

from core.align import align_procrustes, select_mouth, shipped_template
from core.evaluation.clips import score_clip
from core.neutral import (
    RULES,
    aligned_for_identity,
    rank_frames,
    reference_sensitivity,
    remove_identity,
)
from core.tracks.geometry import interocular
from core.tracks.io import read_track, write_track


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tracks")
    write_track(folder / "truth.npz", make_track(talking(1)))
    write_track(folder / "guess.npz", make_track(talking(2)))
    write_track(folder / "lips.npz", select_mouth(make_track(talking(1))))
    write_track(folder / "empty.npz", make_track(np.full((4, 68, 2), np.nan)))
    return folder


def test_the_rules_on_the_published_clip(run: Any, shared: Path) -> None:
    words = ["reference", shared / "reference/rep/obama2s.npy", "--published", "--rules", "--json"]
    rows = {row["rule"]: row for row in run(*words).json["rules"]}
    assert list(rows) == list(RULES)
    assert {k: (r["kept"], r["frame"]) for k, r in rows.items() if r["gap_rule"] == "crossed"} == {
        "crossed-1.3": (40, 53),
        "crossed-0.1": (2, 52),
    }
    assert round(rows["crossed-1.3"]["smallest_gap"], 4) == 0.0577
    assert round(rows["anatomical-1.3"]["smallest_gap"], 4) == 0.001
    late = run(*words, "--to-fps", "25").json
    rows = {row["rule"]: row for row in late["rules"]}
    assert (rows["crossed-0.1"]["kept"], rows["crossed-0.1"]["seen"]) == (2, 39)
    assert (rows["crossed-0.1"]["frame"], late["frame"]) == (43, 44)


def test_the_frames_are_ranked_as_the_function_ranks_them(run: Any, tracks: Path) -> None:
    data = run("reference", tracks / "truth.npz", "--frames", "5", "--json").json
    expected = rank_frames(align_procrustes(read_track(tracks / "truth.npz")))[:5]
    assert [row["frame"] for row in data["frames"]] == [c.frame for c in expected]
    assert [row["gap"] for row in data["frames"]] == [c.gap for c in expected]
    assert data["frames"][0]["frame"] == data["frame"] == data["candidates"][0]
    assert data["frames"][0]["ranks"]["anatomical-1.3"] == 1


def test_sensitivity_is_that_of_the_function(run: Any, tracks: Path) -> None:
    words = ["reference", tracks / "truth.npz", "--sensitivity", "3", "--json"]
    data = run(*words, "--prediction", tracks / "guess.npz").json
    aligned = aligned_for_identity(read_track(tracks / "truth.npz"))
    frames = data["candidates"][:3]
    rows = reference_sensitivity(aligned, frames, chosen=frames[0])
    free = remove_identity(read_track(tracks / "guess.npz"))
    for got, row in zip(data["sensitivity"], rows, strict=True):
        assert got["frame"] == row.frame and got["change"] == pytest.approx(dict(row.change))
        truth = remove_identity(read_track(tracks / "truth.npz"), frame=row.frame)
        score = score_clip(truth, free, iod=interocular(shipped_template()))
        assert got["errors"]["mouth_rmse"] == pytest.approx(score.mouth_rmse)
    assert "errors" in run(*words).json["sensitivity"][0]


def test_tables_for_people(run: Any, tracks: Path) -> None:
    words = ["reference", tracks / "truth.npz", "--rules", "--frames", "2", "--sensitivity", "2"]
    lines = run(*words).out.splitlines()
    assert len(lines) == 1 + (1 + len(RULES)) + (1 + 2) + (1 + 2)
    assert lines[0].startswith("closed-mouth frame ")


def test_the_made_up_clip_shows_what_the_smallest_gap_takes(run: Any) -> None:
    rows = {r["rule"]: r for r in run("reference", "--example", "--rules", "--json").json["rules"]}
    assert rows["smallest"]["width_z"] < -2 < rows["anatomical-1.3"]["width_z"]


@pytest.mark.parametrize(
    ("words", "options"),
    [("--frame 12", {"frame": 12}), ("--method stable", {"method": "stable"})],
    ids=["a frame by hand", "stable points"],
)
def test_identity_takes_another_reference_or_alignment(
    run: Any, tracks: Path, tmp_path: Path, words: str, options: dict[str, Any]
) -> None:
    done = run("identity", tracks / "truth.npz", "-o", tmp_path / "o.npz", *words.split(), "--json")
    expected = remove_identity(read_track(tracks / "truth.npz"), **options)
    np.testing.assert_array_equal(read_track(tmp_path / "o.npz").points, expected.points)
    assert done.json["reference"] == expected.provenance[-1]["reference"]


def test_what_is_not_used_is_said(run: Any, tracks: Path, tmp_path: Path) -> None:
    words = ["identity", tracks / "truth.npz", "-o", tmp_path / "o.npz", "--frame", "3"]
    assert "--z is not used" in run(*words, "--z", "1").err
    err = run("reference", tracks / "truth.npz", "--prediction", tracks / "guess.npz").err
    assert "--sensitivity" in err


BAD = {
    "no track": ("reference", "--example"),
    "a track and the example": ("reference {c}/truth.npz --example", "--example"),
    "no face": ("reference {c}/empty.npz --rules", "face"),
    "a threshold that keeps nothing": ("reference {c}/truth.npz --z 0.0001", "smallest usable"),
    "sensitivity of lips": ("reference {c}/lips.npz --sensitivity 2", "lips20"),
    "a prediction without a face": (
        "reference {c}/truth.npz --sensitivity 2 --prediction {c}/empty.npz",
        "face",
    ),
    "another gap": ("reference {c}/truth.npz --gap wide", "anatomical"),
    "a rate of nothing": ("reference {c}/truth.npz --to-fps 0", "above 0"),
    "identity: a frame that is not there": ("identity {c}/truth.npz -o {t}/o.npz --frame 99", "29"),
    "identity: a frame without a face": ("identity {c}/truth.npz -o {t}/o.npz --frame 7", "lacks"),
    "identity: another method": ("identity {c}/truth.npz -o {t}/o.npz --method eyes", "stable"),
}


@pytest.mark.parametrize(("words", "expected"), BAD.values(), ids=list(BAD))
def test_bad_input_is_one_line_and_leaves_nothing(
    run: Any, tracks: Path, tmp_path: Path, words: str, expected: str
) -> None:
    result = run(*(w.format(c=tracks, t=tmp_path) for w in words.split()))
    assert expected in result.reason
    assert {p.name for p in tmp_path.iterdir()} <= {"home"}
