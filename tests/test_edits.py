"""Laws of the layer of corrections, and of the files that it is kept in."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import faces, gappy, make_track, sentence

from core.errors import BadInput, OutputExists
from core.tracks.corrections import (
    Cleaning,
    Edit,
    EditLayer,
    Kept,
    apply_edits,
    load_kept,
    placed,
    read_layer,
    save_kept,
    set_aside,
    track_digest,
    write_layer,
)
from core.tracks.track import LandmarkTrack

FRAMES = 8
TRACK = make_track(faces(1, FRAMES))

places = st.tuples(st.integers(0, FRAMES - 1), st.integers(0, 67))
numbers = st.floats(-1e6, 1e6)
moves = st.builds(
    lambda p, x, y, k: Edit(*p, "move", x, y, k), places, numbers, numbers, st.integers(0, 9)
)
others = st.builds(lambda p, do: Edit(*p, do), places, st.sampled_from(["missing", "restore"]))
edits = st.one_of(moves, others)
actions = st.lists(st.lists(edits, min_size=1, max_size=4), max_size=6)


def layer_of(found: list[list[Edit]]) -> EditLayer:
    layer = EditLayer()
    for action in found:
        layer = layer.add(action)
    return layer


def same(a: LandmarkTrack, b: LandmarkTrack) -> None:
    np.testing.assert_array_equal(a.points, b.points)


# --- laws ---------------------------------------------------------------------------------------


@given(actions)
def test_undoing_everything_gives_the_very_same_track(found: list[list[Edit]]) -> None:
    layer = layer_of(found)
    for _ in found:
        layer = layer.undo()
    assert apply_edits(TRACK, layer) is TRACK
    assert layer.digest == EditLayer().digest and layer.undo() == layer


@given(actions)
def test_restoring_everything_gives_the_very_same_track_and_can_be_undone(
    found: list[list[Edit]],
) -> None:
    layer = layer_of(found)
    assert apply_edits(TRACK, layer.restore()) is TRACK
    if layer.effective:
        same(apply_edits(TRACK, layer.restore().undo()), apply_edits(TRACK, layer))


@given(actions, st.integers(0, 6))
def test_redo_brings_back_what_undo_took(found: list[list[Edit]], count: int) -> None:
    layer = back = layer_of(found)
    for _ in range(count):
        back = back.undo()
    for _ in range(count):
        back = back.redo()
    assert back == layer


@given(st.lists(edits, unique_by=lambda e: e.place, max_size=8), st.randoms())
def test_the_order_of_edits_of_different_places_does_not_matter(
    found: list[Edit], random: Any
) -> None:
    mixed = random.sample(found, len(found))
    one, other = (layer_of([[e] for e in order]) for order in (found, mixed))
    same(apply_edits(TRACK, one), apply_edits(TRACK, other))
    assert one.digest == other.digest


@given(edits, edits)
def test_the_last_edit_of_a_place_is_the_one_that_counts(first: Edit, last: Edit) -> None:
    moved = Edit(first.frame, first.point, last.do, last.x, last.y, last.spread)
    same(apply_edits(TRACK, layer_of([[first], [moved]])), apply_edits(TRACK, layer_of([[moved]])))


@given(actions)
def test_edits_change_their_own_points_alone(found: list[list[Edit]]) -> None:
    layer = layer_of(found)
    after = apply_edits(TRACK, layer)
    touched = np.zeros(TRACK.valid.shape, bool)
    for (frame, point), edit in layer.effective.items():
        touched[max(0, frame - edit.spread) : frame + edit.spread + 1, point] = True
        if edit.do == "move":
            assert after.points[frame, point].tolist() == [edit.x, edit.y]
        assert after.valid[frame, point] == (edit.do != "missing")
    np.testing.assert_array_equal(after.points[~touched], TRACK.points[~touched])
    if layer.effective:
        assert after.provenance[-1]["operation"] == "edit"
        assert after.provenance[-1]["layer"] == layer.digest


@given(actions, st.integers(0, 3))
def test_a_file_brings_back_the_whole_history(found: list[list[Edit]], undone: int) -> None:
    layer = layer_of(found)
    for _ in range(undone):
        layer = layer.undo()
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        save_kept(Path(folder), TRACK, Kept(layer, Cleaning(0.2, "savgol")))
        assert load_kept(Path(folder), TRACK) == Kept(layer, Cleaning(0.2, "savgol"))


# --- what single edits do ------------------------------------------------------------------------


def shifts(layer: EditLayer, point: int = 5) -> list[float]:
    moved = apply_edits(TRACK, layer).points - TRACK.points
    return [round(float(x), 9) for x in moved[:, point, 0]]


def by(frame: int, shift: float, spread: int, point: int = 5) -> Edit:
    x, y = TRACK.points[frame, point]
    return Edit(frame, point, "move", float(x + shift), float(y), spread)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([by(3, 6, 2)], [0, 2, 4, 6, 4, 2, 0, 0]),
        ([by(0, 6, 2)], [6, 4, 2, 0, 0, 0, 0, 0]),
        ([by(2, 6, 2), by(4, 6, 2)], [2, 4, 6, 6, 6, 4, 2, 0]),
        ([by(3, 6, 2), by(4, 0, 0)], [0, 2, 4, 6, 0, 2, 0, 0]),
        ([by(3, 6, 2), Edit(4, 5, "restore")], [0, 2, 4, 6, 0, 2, 0, 0]),
    ],
    ids=[
        "a shift falls off to both sides",
        "it ends with the clip",
        "equal shifts that overlap do not add up",
        "a frame that was edited itself stays so",
        "a frame that was restored stays as detected",
    ],
)
def test_edits_spread_over_their_neighbours(found: list[Edit], expected: list[float]) -> None:
    assert shifts(layer_of([[e] for e in found])) == expected


def test_missing_points_can_be_placed_from_their_neighbours() -> None:
    track = gappy(frames=6)
    found = placed(track, 3)
    after = apply_edits(track, EditLayer().add(found))
    assert len(found) == 68
    np.testing.assert_allclose(after.points[3], (track.points[2] + track.points[4]) / 2)
    assert placed(track, 1) == [] and placed(make_track(np.full((3, 68, 2), np.nan)), 1) == []


def test_a_frame_without_the_point_is_not_filled_by_an_edit_beside_it() -> None:
    track = gappy()
    x, y = track.points[2, 5]
    after = apply_edits(track, EditLayer().add([Edit(2, 5, "move", x + 4, y, 3)]))
    assert np.isnan(after.points[3]).all() and after.points[4, 5, 0] == track.points[4, 5, 0] + 2


def test_depth_stays_and_comes_from_the_nearest_frame_where_it_was_missing() -> None:
    track = gappy(dims=3)
    layer = EditLayer().add([Edit(3, 5, "move", 1, 2), Edit(5, 5, "move", 1, 2)])
    after = apply_edits(track, layer)
    assert after.points[3, 5].tolist() == [1, 2, track.points[2, 5, 2]]
    assert after.points[5, 5].tolist() == [1, 2, track.points[5, 5, 2]]
    with pytest.raises(BadInput, match="depth"):
        apply_edits(make_track(np.full((4, 68, 3), np.nan)), layer_of([[Edit(1, 1, "move", 1, 2)]]))


def test_landmarks_that_an_edit_moved_have_no_spread() -> None:
    track = make_track(faces(0, 5), spread=np.ones((5, 68)))
    layer = EditLayer().add([Edit(2, 57, "move", 10, 20, spread=1), Edit(4, 3, "missing")])
    spread = apply_edits(track, layer).spread
    assert spread is not None
    assert np.argwhere(np.isnan(spread)).tolist() == [[1, 57], [2, 57], [3, 57], [4, 3]]
    assert apply_edits(make_track(faces(0, 5)), layer).spread is None


def test_a_frame_can_be_taken_back_alone() -> None:
    layer = layer_of([[by(1, 3, 0), by(1, 3, 0, 6)], [by(4, 3, 0)]])
    assert layer.frames == [1, 4]
    assert layer.restore(1).frames == [4] and layer.restore(1).undo() == EditLayer(
        layer.actions, (layer.restore(1).actions[-1],)
    )


BAD_EDITS: dict[str, dict[str, Any]] = {
    "a frame below 0": {"frame": -1},
    "a frame of words": {"frame": "1"},
    "a frame that is a truth": {"frame": True},
    "half a frame": {"frame": 1.5},
    "no x": {"x": None},
    "x that is not a number": {"x": math.nan},
    "x without end": {"x": math.inf},
    "x of words": {"x": "1"},
    "x far away": {"y": 1e9},
    "x beyond any float": {"x": 10**400},
    "a reach below 0": {"spread": -1},
    "a reach without end": {"spread": 10**6},
    "another deed": {"do": "delete"},
    "missing, but somewhere": {"do": "missing"},
}


@pytest.mark.parametrize("fields", BAD_EDITS.values(), ids=list(BAD_EDITS))
def test_an_edit_that_is_none_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as caught:
        Edit(**{"frame": 1, "point": 2, "x": 3.0, "y": 4.0, **fields})
    sentence(caught.value)


def test_edits_beyond_the_track_are_refused() -> None:
    for place in ((FRAMES, 0), (0, 68)):
        with pytest.raises(BadInput, match="the track has 8 frames of 68 points"):
            apply_edits(TRACK, EditLayer().add([Edit(*place, "missing")]))


# --- files ---------------------------------------------------------------------------------------


def written(tmp_path: Path, **changes: Any) -> Path:
    write_layer(tmp_path / "e.json", TRACK, Kept(EditLayer().add([by(1, 2, 0)])), force=True)
    found = json.loads((tmp_path / "e.json").read_text())
    (tmp_path / "e.json").write_text(json.dumps({**found, **changes}))
    return tmp_path / "e.json"


ROW = {"frame": 1, "point": 2, "do": "move", "x": 1.0, "y": 2.0}
HOSTILE: dict[str, dict[str, Any]] = {
    "another format": {"format": "x"},
    "another version": {"version": 2},
    "another scheme": {"scheme": "lips20"},
    "another number of points": {"points": 20},
    "another track": {"track": "0" * 64},
    "no list": {"actions": 5},
    "a list of numbers": {"actions": [1]},
    "an action of numbers": {"actions": [[1]]},
    "an edit without a place": {"actions": [[{"do": "missing"}]]},
    "an edit with more than there is": {"actions": [[{**ROW, "z": 1}]]},
    "a frame that is not there": {"actions": [[{**ROW, "frame": FRAMES}]]},
    "a point that is not there": {"undone": [[{**ROW, "point": 68}]]},
    "a number that is none": {"actions": [[{**ROW, "x": math.nan}]]},
    "a number without end": {"actions": [[{**ROW, "x": math.inf}]]},
    "a list for a number": {"actions": [[{**ROW, "x": [1]}]]},
    "too many edits": {"actions": [[ROW] * 200_001]},
    "a smoothing of words": {"cleaning": "much"},
    "a smoothing that is unknown": {"cleaning": {"method": "mean"}},
    "a smoothing with more than there is": {"cleaning": {"path": "/"}},
    "a smoothing with a number that is none": {"cleaning": {"fill": math.nan}},
    "a smoothing by a list": {"cleaning": {"method": ["none"]}},
}


@pytest.mark.parametrize("changes", HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_files_are_refused_in_a_sentence(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as caught:
        read_layer(written(tmp_path, **changes), TRACK)
    assert "e.json" in sentence(caught.value)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"format": ' + b"9" * 10_000 + b"}"],
    ids=["nothing", "half", "a list", "no text", "nested without end", "a number without end"],
)
def test_what_is_no_file_of_edits_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "e.json").write_bytes(data)
    with pytest.raises(BadInput) as caught:
        read_layer(tmp_path / "e.json", TRACK)
    sentence(caught.value)


def test_edits_of_another_track_are_taken_where_that_is_wanted(tmp_path: Path) -> None:
    found = read_layer(written(tmp_path, track="0" * 64), TRACK, any_track=True)
    assert found.layer.frames == [1]


def test_a_file_that_exists_is_kept(tmp_path: Path) -> None:
    path = written(tmp_path)
    with pytest.raises(OutputExists):
        write_layer(path, TRACK, Kept())


def test_damaged_edits_are_set_aside_not_lost(tmp_path: Path) -> None:
    save_kept(tmp_path, TRACK, Kept(EditLayer().add([by(1, 2, 0)])))
    path = next((tmp_path / "edits").iterdir())
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BadInput, match="edits/"):
        load_kept(tmp_path, TRACK)
    away = set_aside(tmp_path, TRACK)
    assert away.is_file() and load_kept(tmp_path, TRACK).empty


def test_the_hash_of_a_track_is_that_of_its_numbers() -> None:
    again = TRACK.replace({"operation": "x"})
    assert track_digest(again) == track_digest(TRACK)
    other = TRACK.points.copy()
    other[0, 0, 0] = np.nextafter(other[0, 0, 0], 1e9)
    assert track_digest(TRACK.replace(points=other)) != track_digest(TRACK)
    assert track_digest(TRACK.replace(times=TRACK.times + 1)) != track_digest(TRACK)


# --- cleaning ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cleaning", "operations"),
    [
        (Cleaning(), []),
        (Cleaning(fill=1.0), ["fill_gaps"]),
        (Cleaning(fill=math.inf, method="savgol"), ["fill_gaps", "smooth_savgol"]),
        (Cleaning(method="one-euro"), ["smooth_one_euro"]),
    ],
    ids=["nothing", "gaps", "all gaps, then smoothed", "smoothed alone"],
)
def test_a_cleaning_is_its_steps_and_comes_back_from_json(
    cleaning: Cleaning, operations: list[str]
) -> None:
    track = gappy()
    after = cleaning.apply(track)
    assert [s["operation"] for s in after.provenance] == operations
    assert (after is track) == cleaning.empty
    assert Cleaning.from_json(json.loads(json.dumps(cleaning.to_json()))) == cleaning


def test_edits_come_before_the_cleaning() -> None:
    kept = Kept(EditLayer().add([Edit(1, 3, "missing")]), Cleaning(fill=math.inf))
    after = kept.apply(TRACK)
    assert [s["operation"] for s in after.provenance] == ["edit", "fill_gaps"]
    np.testing.assert_allclose(after.points[1, 3], TRACK.points[[0, 2], 3].mean(axis=0))
