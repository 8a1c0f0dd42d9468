"""Detectors against one another: distances in face widths, honest gaps, one table."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import faces, make_track, movie, sentence

from core.detect import DetectorState, detectors
from core.detect.comparison import (
    GROUPS,
    Comparison,
    Method,
    MethodRow,
    agreement,
    compare_detectors,
    comparison_table,
    distances,
    methods,
)
from core.detect.plane import plane_68
from core.errors import BadInput, MissingDependency, MissingFile
from core.evaluation.pair_scores import face_width
from core.media import read_frames
from core.samples import SAMPLE
from core.tracks.io import read_track
from core.tracks.scheme import point_map
from core.tracks.track import LandmarkTrack, frame_times


@pytest.fixture(autouse=True)
def no_fan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the optional detector is installed, its weights are not here."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


def test_a_detector_agrees_with_itself() -> None:
    track = make_track(faces(0))
    found = agreement(track, track)
    assert found.frames == len(track) and set(found.distance) == set(GROUPS)
    assert set(found.distance.values()) == {0.0}
    assert found.opening == pytest.approx(1)


@given(dx=st.floats(-50, 50), dy=st.floats(-50, 50))
def test_a_constant_offset_is_distance_and_no_movement(dx: float, dy: float) -> None:
    track = make_track(faces(1))
    found = agreement(track, track.replace(points=track.points + [dx, dy]))
    expected = 100 * np.hypot(dx, dy) / face_width(track)
    assert all(v == pytest.approx(expected) for v in found.distance.values())
    assert all(v == pytest.approx(0, abs=1e-9) for v in found.moving.values())
    assert found.opening == pytest.approx(1)


@given(scale=st.floats(0.1, 10))
def test_percent_of_the_face_width_does_not_depend_on_the_size(scale: float) -> None:
    one, two = make_track(faces(1)), make_track(faces(2))
    larger = [t.replace(points=t.points * scale) for t in (one, two)]
    assert agreement(*larger).distance == pytest.approx(agreement(one, two).distance)


def test_only_the_part_that_differs_is_apart() -> None:
    track = make_track(faces(0))
    points = track.points.copy()
    points[:, 36:48] += 5
    found = agreement(track, track.replace(points=points)).distance
    assert found["eyes"] > 0 and found["all"] == pytest.approx(found["eyes"] * 12 / 68)
    assert {found[name] for name in ("jaw", "brows", "nose", "lips")} == {0.0}


def test_frames_that_one_of_both_lacks_are_left_out() -> None:
    points, other = faces(0), faces(0) + 1
    points[0], other[3] = np.nan, np.nan
    assert agreement(make_track(points), make_track(other)).frames == 6


def test_where_no_frame_is_common_nothing_is_known() -> None:
    points, other = faces(0), faces(0)
    points[:4], other[4:] = np.nan, np.nan
    found = agreement(make_track(points), make_track(other))
    assert found.frames == 0 and np.isnan([*found.distance.values(), found.opening]).all()


def test_distances_over_time_have_the_mean_of_the_table_and_gaps_where_a_face_is_missing() -> None:
    one, two = make_track(faces(2)), make_track(faces(3))
    points = two.points.copy()
    points[3] = np.nan
    found = distances(one, two.replace(points=points))
    assert found.shape == (len(one),) and np.flatnonzero(np.isnan(found)).tolist() == [3]
    expected = agreement(one, two).distance["all"]
    assert distances(one, two).mean() == pytest.approx(expected)
    nobody = one.replace(points=np.full_like(one.points, np.nan))
    assert np.isnan(distances(nobody, two)).all()
    with pytest.raises(BadInput, match="same frames"):
        distances(one, make_track(faces(3, 5)))


def test_a_still_mouth_has_no_correlation() -> None:
    track = make_track(np.repeat(faces(0)[:1], 8, axis=0))
    assert np.isnan(agreement(track, track).opening)


def test_a_mesh_is_held_against_68_points() -> None:
    points = faces(4, 5, 468, 3)
    mesh = LandmarkTrack(points, frame_times(5, 25), "facemesh468")
    own = make_track(points[:, list(point_map("facemesh468", "dlib68")), :2])
    np.testing.assert_array_equal(plane_68(mesh).points, own.points)
    assert agreement(own, mesh).distance["all"] == 0


@pytest.mark.parametrize(
    "other",
    [make_track(faces(0, 7)), make_track(faces(0), fps=30), make_track(faces(0, 8, 20))],
    ids=["fewer frames", "another rate", "lips alone"],
)
def test_tracks_that_cannot_be_compared_are_refused(other: LandmarkTrack) -> None:
    with pytest.raises(BadInput) as caught:
        agreement(make_track(faces(0)), other)
    sentence(caught.value)


# --- the table --------------------------------------------------------------------------------


def row(name: str, track: LandmarkTrack, against: LandmarkTrack) -> MethodRow:
    return MethodRow(
        Method(name), (360, 288), "cpu", 0.0125, 8, 8, 3, track, agreement(against, track)
    )


@pytest.fixture
def comparison() -> Comparison:
    one = make_track(faces(0))
    nowhere = make_track(np.full((8, 68, 2), np.nan))
    return Comparison((row("one", one, one), row("two", nowhere, one)))


def test_the_csv_holds_every_digit_and_leaves_unknown_numbers_empty(
    comparison: Comparison,
) -> None:
    first, second = csv.DictReader(io.StringIO(comparison_table(comparison, "csv")))
    assert (first["method"], first["resolution"], first["seconds_a_frame"]) == (
        "one", "360x288", "0.0125",
    )  # fmt: skip
    assert float(first["lips_percent"]) == 0
    assert second["lips_percent"] == "" and second["opening_correlation"] == ""


def test_the_markdown_table_is_rectangular_and_names_the_reference(
    comparison: Comparison,
) -> None:
    text = comparison_table(comparison, "markdown")
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in lines}) == 1 and len(lines) == 4
    assert "–" in lines[3] and "Distances to one" in text


@pytest.mark.parametrize("method", methods(), ids=lambda m: m.name)
def test_every_method_is_read_from_its_own_word(method: Method) -> None:
    assert Method.parse(method.word) == method


@pytest.mark.parametrize(
    ("word", "error"),
    [("dlib68:finer", BadInput), ("facemesh:fast", BadInput), ("magic", MissingDependency)],
)
def test_a_word_that_names_no_method_is_refused(word: str, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        Method.parse(word)
    sentence(caught.value)


# --- on a clip --------------------------------------------------------------------------------


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    images = [f.image for f in read_frames(SAMPLE.video, stop=0.2, longest_side=256)]
    return movie(tmp_path / "a.mp4", images)


def test_those_that_cannot_be_had_are_left_out_with_the_reason(clip: Path, home: Path) -> None:
    heard: list[tuple[str, int]] = []
    found = compare_detectors(clip, progress=lambda *what: heard.append(what))
    assert [r.name for r in found.rows] == ["dlib68 (fine)"] and found.reference == "dlib68 (fine)"
    assert "facemesh" in found.skipped and all(found.skipped.values())
    assert heard == [("dlib68 (fine)", k) for k in range(1, 6)]
    (one,) = found.rows
    assert one.resolution == (256, 256) and one.found == one.frames == 5 and one.seconds > 0


@pytest.mark.parametrize(
    "names",
    [[], ["dlib68", "dlib68"], ["dlib68", "dlib68:fine"]],
    ids=["none", "one twice", "one twice, once with its default precision"],
)
def test_a_senseless_choice_is_refused(clip: Path, names: Sequence[str]) -> None:
    with pytest.raises(BadInput, match="once") as caught:
        compare_detectors(clip, names=names)
    sentence(caught.value)


def test_a_named_detector_that_cannot_be_had_is_an_error(clip: Path, home: Path) -> None:
    with pytest.raises(MissingFile, match="models get"):
        compare_detectors(clip, names=["facemesh"])
    with pytest.raises(MissingDependency, match="magic"):
        compare_detectors(clip, names=["dlib68", "magic"])


def test_without_any_detector_the_reason_of_the_first_is_told(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = tuple(DetectorState(s.info, f"No {s.info.name} here at all.") for s in detectors())
    monkeypatch.setattr("core.detect.comparison.detectors", lambda: absent)
    with pytest.raises(MissingDependency, match="No dlib68"):
        compare_detectors(clip)


def test_a_stretch_of_the_clip_is_compared_alone(
    clip: Path, run: Any, home: Path, tmp_path: Path
) -> None:
    (row,) = compare_detectors(clip, names=["dlib68"], frames=range(2)).rows
    assert row.frames == len(row.track) == 2
    asked = run("detectors", clip, "--only", "dlib68", "--most", 3, "--json")
    assert asked.json["methods"][0]["frames"] == 3
    assert run("detectors", clip, "--most", 0).code == 2


def test_the_command_writes_a_table_and_a_track_of_each(
    run: Any, clip: Path, tmp_path: Path, home: Path, shared: Path
) -> None:
    (home / "weights").mkdir(parents=True)
    shutil.copyfile(shared / "reference/hum/facemesh.pth", home / "weights/facemesh.pth")
    out = tmp_path / "out"
    done = run("detectors", clip, "-o", out, "--json")
    first, second = done.json["methods"][:2]
    assert (first["name"], second["name"]) == ("dlib68 (fine)", "facemesh")
    assert (first["detector"], first["precision"]) == ("dlib68", "fine")
    assert second["common_frames"] == 5 and 0 < second["distance"]["all"] < 10
    assert second["seconds_a_frame"] > 0 and second["width"] == 256
    assert len(read_track(out / "dlib68-fine.npz")) == 5
    assert read_track(out / "facemesh.npz").scheme == "facemesh468"
    assert "| facemesh | 256x256 |" in (out / "detectors.md").read_text()
    assert (out / "detectors.csv").read_text().count("\n") == 3
    again = run("detectors", clip, "-o", out)
    assert "--force" in again.reason
    assert run("detectors", clip, "-o", out, "--only", "dlib68", "--force").code == 0
    assert (out / "detectors.csv").read_text().count("\n") == 2


def test_both_precisions_of_a_detector_are_two_rows(run: Any, clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["--only", "dlib68", "--only", "dlib68:fast", "--most", 2, "-o", out]
    fine, fast = run("detectors", clip, *words, "--json").json["methods"]
    assert (fine["precision"], fast["precision"]) == ("fine", "fast")
    assert fine["distance"]["all"] == 0 < fast["distance"]["all"] < 3
    assert sorted(p.name for p in out.glob("*.npz")) == ["dlib68-fast.npz", "dlib68-fine.npz"]
    default = run("detectors", clip, "--most", 1, "--precision", "fast", "--json").json["methods"]
    assert default[0]["name"] == "dlib68 (fast)"


def test_the_folder_must_not_be_a_file(run: Any, clip: Path) -> None:
    assert "is a file" in run("detectors", clip, "-o", clip).reason
