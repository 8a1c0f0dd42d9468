"""Track files: every format there and back, what it keeps and what it says it loses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from making import faces, gappy, make_track, sentence

from core.errors import BadInput, MissingFile
from core.samples import SAMPLE
from core.shape import ShapeSpace
from core.tracks.anatomy import constant_frames
from core.tracks.io import (
    FORMATS,
    guess_space,
    read_contents,
    read_track,
    to_track,
    track_bytes,
    write_track,
)
from core.tracks.track import LandmarkTrack, select_points, step

TRACKS: dict[str, Callable[[], LandmarkTrack]] = {
    "a face in every frame": lambda: make_track(faces(1)),
    "gaps at the start and inside": gappy,
    "no face at all": lambda: make_track(np.full((3, 68, 2), np.nan)),
    "one frame": lambda: make_track(faces(3, 1)),
    "lips only": lambda: make_track(faces(4, points=20)),
    "lips only with gaps": lambda: gappy(5, points=20),
    "depth": lambda: make_track(faces(6, dims=3)),
    "times that are uneven": lambda: LandmarkTrack(faces(0, 4), np.array([0.0, 0.04, 0.2, 1 / 3])),
}
BARE = [kind for kind in FORMATS if kind != "npy8"]
ROUNDING = [kind for kind, form in FORMATS.items() if form.rounds]
COMPLETE = ("npz", "h5")


def home_of(folder: Path, kind: str) -> Path:
    return folder / f"track{FORMATS[kind].suffix}"


def basis(dims: int = 2, points: int = 68, count: int = 8, **fields: Any) -> ShapeSpace:
    rng = np.random.default_rng(3)
    rows = np.linalg.qr(rng.normal(size=(points * dims, count)))[0].T
    scheme = {68: "dlib68", 20: "lips20"}[points]
    return ShapeSpace(
        rng.normal(size=points * dims), rows, np.ones(count), dims, None, **fields, scheme=scheme
    )


@pytest.mark.parametrize("kind", ["npy", "npz", "h5", "csv"])
@pytest.mark.parametrize("make", TRACKS.values(), ids=list(TRACKS))
def test_exact_formats_keep_every_coordinate(
    make: Callable[[], LandmarkTrack], kind: str, tmp_path: Path
) -> None:
    track, path = make(), home_of(tmp_path, kind)
    write_track(path, track)
    back = read_track(path)
    np.testing.assert_array_equal(back.points, track.points)
    np.testing.assert_array_equal(back.valid, track.valid)
    assert back.scheme == track.scheme
    if "times" in FORMATS[kind].keeps:
        np.testing.assert_array_equal(back.times, track.times)


@pytest.mark.parametrize("kind", ROUNDING)
@pytest.mark.parametrize("make", TRACKS.values(), ids=list(TRACKS))
def test_whole_pixels_there_and_back(
    make: Callable[[], LandmarkTrack], kind: str, tmp_path: Path
) -> None:
    track, path = make(), home_of(tmp_path, kind)
    assert "rounded" in str(write_track(path, track))
    back = read_track(path)
    if track.frame_valid.any():  # else nothing in the file says how many points were missing
        np.testing.assert_array_equal(back.points, np.rint(track.points[:, :, :2]))
        assert back.scheme == track.scheme
    np.testing.assert_array_equal(back.frame_valid, track.frame_valid)


@st.composite
def tracks(draw: st.DrawFn) -> LandmarkTrack:
    """Any track: schemes, dimensions, missing points, uneven times, spaces, scores, spread."""
    count, dims = draw(st.sampled_from([(68, 2), (68, 3), (20, 2), (20, 3)]))
    frames = draw(st.integers(1, 4))
    points = faces(draw(st.integers(0, 99)), frames, count, dims) * draw(st.sampled_from([1, 1e-3]))
    numbers = st.floats(-1e9, 1e9) | st.just(float("nan"))
    spreads = st.floats(0, 1e3) | st.just(float("nan"))
    some = draw(hnp.arrays(float, (frames, 3, dims), elements=numbers))
    points[:, :3] = some
    if draw(st.booleans()):
        points[draw(st.integers(0, frames - 1))] = np.nan
    steps = draw(hnp.arrays(float, frames, elements=st.floats(1e-3, 100)))
    return LandmarkTrack(
        points,
        np.cumsum(steps) - draw(st.floats(0, 10)),
        scheme="lips20" if count == 20 else "dlib68",
        space=draw(st.sampled_from(["pixel", "unit", "crop256", "template", "eye5"])),
        score=draw(st.none() | hnp.arrays(float, frames, elements=st.floats(0, 1))),
        spread=draw(st.none() | hnp.arrays(float, (frames, count), elements=spreads)),
        provenance=(step("made", by=draw(st.text(max_size=20))),),
    )


@pytest.mark.parametrize("kind", BARE)
@given(track=tracks())
def test_a_format_keeps_what_it_says_and_says_what_it_loses(
    kind: str, track: LandmarkTrack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    form = FORMATS[kind]
    path = home_of(tmp_path_factory.getbasetemp() / "kept" / kind, kind)
    impossible = (form.scheme == "dlib68" and track.scheme == "lips20") or (
        form.dims == 3 and track.points.shape[2] == 2
    )
    if impossible:
        with pytest.raises(BadInput):
            write_track(path, track, kind=kind, force=True)
        return
    written = np.rint(track.points) if form.rounds else track.points
    assume(not constant_frames(written).any())  # a face of one point is a missing face
    said = write_track(path, track, kind=kind, force=True) or ""
    back = read_track(path)
    expected = track.points[:, 48:] if form.scheme == "lips20" != track.scheme else track.points
    assert ("all but the 20" in said) == (expected.shape != track.points.shape)
    assert ("depth" in said) == (form.dims == 2 and track.points.shape[2] == 3)
    expected = expected[:, :, : form.dims]
    whole = np.isfinite(expected).all(axis=(1, 2))
    if form.rounds:
        assert "rounded" in said
        partial = np.isfinite(expected).all(axis=2).any(axis=1) & ~whole
        assert ("some points missing" in said) == bool(partial.any())
        expected = np.where(whole[:, None, None], np.rint(expected), np.nan)
    if not form.rounds or whole.any():
        np.testing.assert_array_equal(back.points, expected)
    assert ("times" in said) == ("times" not in form.keeps)
    if "times" in form.keeps:
        np.testing.assert_array_equal(back.times, track.times)
    if "space" in form.keeps:
        assert back.space == track.space
    elif back.space != track.space:
        assert f"--space {track.space}" in said
    assert ("score" in said) == ("score" not in form.keeps and track.score is not None)
    if "score" in form.keeps and track.score is not None:
        np.testing.assert_array_equal(back.score, track.score)
    assert ("spread" in said) == ("spread" not in form.keeps and track.spread is not None)
    if "spread" in form.keeps and track.spread is not None:
        np.testing.assert_array_equal(back.spread, track.spread)
    else:
        assert back.spread is None
    assert ("provenance" in said) == ("provenance" not in form.keeps)
    if "provenance" in form.keeps:
        assert back.provenance == track.provenance


@pytest.mark.parametrize("kind", COMPLETE)
def test_the_same_track_gives_the_same_bytes(kind: str) -> None:
    assert track_bytes(gappy(), f".{kind}") == track_bytes(gappy(), f".{kind}")


@pytest.mark.parametrize("kind", COMPLETE)
def test_complete_formats_lose_nothing_and_say_nothing(kind: str, tmp_path: Path) -> None:
    score = np.array([1.0, np.nan, 0.5])
    made = (step("made", by="a test"),)
    track = make_track(faces(0, 3), space="eye5", score=score, provenance=made)
    assert write_track(home_of(tmp_path, kind), track) is None
    back = read_track(home_of(tmp_path, kind))
    assert back.space == "eye5" and back.provenance == made
    np.testing.assert_array_equal(back.score, score)


def damage_npz(path: Path, spread: Any) -> None:
    np.savez(path, **{**np.load(path), "spread": spread})


def damage_h5(path: Path, spread: Any) -> None:
    with h5py.File(path, "a") as file:
        del file["spread"]
        file["spread"] = spread


def damage_csv(path: Path, spread: Any) -> None:
    table = pd.read_csv(path)
    table["spread"] = np.asarray(spread).ravel()[0]
    table.to_csv(path, index=False)


DAMAGE = {"npz": damage_npz, "h5": damage_h5, "csv": damage_csv}
BAD_SPREADS = {
    "below 0": np.full((8, 68), -1.0),
    "words": np.full((8, 68), "wide", "S4"),
    "of other landmarks": np.zeros((8, 20)),
    "one number a frame": np.zeros(8),
}


@pytest.mark.parametrize(
    ("kind", "damage"),
    [(kind, damage) for kind in ("npz", "h5") for damage in BAD_SPREADS]
    + [("csv", "below 0"), ("csv", "words")],
)
def test_a_damaged_spread_is_refused(kind: str, damage: str, tmp_path: Path) -> None:
    path = home_of(tmp_path, kind)
    write_track(path, make_track(faces(0), spread=np.ones((8, 68))))
    DAMAGE[kind](path, BAD_SPREADS[damage])
    with pytest.raises(BadInput) as caught:
        read_track(path)
    sentence(caught.value)


@pytest.mark.parametrize("kind", DAMAGE)
def test_files_from_before_landmarks_had_a_spread_are_read(kind: str, tmp_path: Path) -> None:
    path = home_of(tmp_path, kind)
    write_track(path, make_track(faces(0)))
    assert b"spread" not in path.read_bytes()
    assert read_track(path).spread is None


@pytest.mark.parametrize("kind", [k for k, f in FORMATS.items() if f.rounds])
def test_rounding_a_small_face_is_said_to_leave_little(kind: str, tmp_path: Path) -> None:
    said = write_track(home_of(tmp_path, kind), make_track(faces(1) / 1000, space="template"))
    assert "leaves little of a face" in str(said)


@pytest.mark.parametrize("kind", ROUNDING)
def test_numbers_beyond_whole_pixels_are_refused(kind: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="too large"):
        write_track(home_of(tmp_path, kind), make_track(faces(1) * 1e10))
    assert list(tmp_path.iterdir()) == []


def test_what_the_user_says_wins_over_the_file(tmp_path: Path) -> None:
    write_track(tmp_path / "t.npz", make_track(faces(1), fps=25, space="unit"))
    track = read_track(tmp_path / "t.npz", fps=50, space="crop256")
    assert track.fps == pytest.approx(50) and track.space == "crop256"
    assert track.provenance[-1]["fps"] == 50 and track.provenance[-1]["space"] == "crop256"


def test_a_point_marked_missing_is_missing_whatever_its_numbers(tmp_path: Path) -> None:
    write_track(tmp_path / "t.npz", make_track(faces(1)))
    fields = dict(np.load(tmp_path / "t.npz"))
    fields["points"][2, 5], fields["valid"][2, 5] = 0, False
    np.savez(tmp_path / "u.npz", **fields)
    back = read_track(tmp_path / "u.npz")
    assert np.isnan(back.points[2, 5]).all() and back.valid.sum() == back.valid.size - 1


# --- bare arrays -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "scheme"),
    [
        ((5, 136), "dlib68"),
        ((5, 204), "dlib68"),
        ((5, 40), "lips20"),
        ((5, 68, 3), "dlib68"),
        ((5, 20, 2), "lips20"),
    ],
    ids=["136 numbers", "204 numbers", "40 numbers", "68 x 3", "20 x 2"],
)
def test_flattened_arrays_are_understood(
    shape: tuple[int, ...], scheme: str, tmp_path: Path
) -> None:
    values = np.random.default_rng(0).uniform(0, 200, shape)
    np.save(tmp_path / "t.npy", values)
    track = read_track(tmp_path / "t.npy", fps=30)
    assert track.scheme == scheme and track.fps == pytest.approx(30)
    np.testing.assert_array_equal(track.points.reshape(5, -1), values.reshape(5, -1))


@pytest.mark.parametrize(
    ("kind", "shape"),
    [("npy", (8, 68, 3)), ("npy68", (8, 68, 3)), ("npy136", (8, 136)), ("npy204", (8, 204)),
     ("npy40", (8, 40))],
)  # fmt: skip
def test_the_kind_chooses_the_shape(kind: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    track = make_track(faces(6, dims=3))
    write_track(tmp_path / "t.npy", track, kind=kind)
    values = np.load(tmp_path / "t.npy")
    assert values.shape == shape
    lips, dims = kind == "npy40", FORMATS[kind].dims or 3
    np.testing.assert_array_equal(
        values.reshape(8, -1), track.points[:, 48 if lips else 0 :, :dims].reshape(8, -1)
    )


@pytest.mark.parametrize("number", ["<f4", ">f8", "<i2", "<u1", "<f2"])
@pytest.mark.parametrize("order", "CF")
def test_other_kinds_of_numbers_are_understood(number: str, order: str, tmp_path: Path) -> None:
    values = np.asarray(np.rint(faces(0)).astype(number), order=order)
    np.save(tmp_path / "t.npy", values)
    np.testing.assert_array_equal(read_track(tmp_path / "t.npy").points, values.astype(float))


@pytest.mark.parametrize(
    ("largest", "space"),
    [
        (0.3, "template"),
        (2.0, "template"),
        (2.1, "pixel"),
        (400.0, "pixel"),
        (float("nan"), "template"),
    ],
)
def test_the_space_of_bare_numbers_is_guessed_from_the_largest(largest: float, space: str) -> None:
    assert guess_space(np.full((2, 68, 2), largest)) == space


# --- coefficients ----------------------------------------------------------------------------


@pytest.mark.parametrize(("points", "dims"), [(68, 2), (68, 3), (20, 2)])
def test_coefficients_there_and_back(points: int, dims: int, tmp_path: Path) -> None:
    space = basis(dims, points, space="eye5")
    coefficients = np.random.default_rng(0).normal(size=(6, 8))
    coefficients[2] = np.nan
    np.save(tmp_path / "c.npy", coefficients)
    contents = read_contents(tmp_path / "c.npy", basis=space)
    np.testing.assert_array_equal(contents.points, space.reconstruct(coefficients))
    track = to_track(contents, "c.npy")
    assert track.space == "eye5" and track.points.shape == (6, points, dims)
    said = write_track(tmp_path / "d.npy", track, kind="npy8", basis=space)
    assert "lose" in str(said)
    np.testing.assert_allclose(np.load(tmp_path / "d.npy"), coefficients, atol=1e-12)


@pytest.mark.parametrize(
    ("track", "space", "reason"),
    [
        (make_track(faces(0)), None, "--basis"),
        (make_track(faces(0)), basis(3), "no depth"),
        (make_track(faces(0, points=20)), basis(), "cannot become dlib68"),
        (make_track(faces(0)), basis(space="eye5"), "eye5"),
    ],
    ids=["no basis", "a basis with depth", "a basis of the whole face", "a basis of other numbers"],
)
def test_coefficients_that_cannot_be_are_refused(
    track: LandmarkTrack, space: ShapeSpace | None, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match=reason):
        write_track(tmp_path / "c.npy", track, kind="npy8", basis=space)
    assert list(tmp_path.iterdir()) == []


def test_a_basis_of_another_size_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "c.npy", np.ones((4, 8)))
    with pytest.raises(BadInput, match="8 coefficients"):
        read_contents(tmp_path / "c.npy", basis=basis(count=6))


# --- training data ---------------------------------------------------------------------------


def test_a_sample_of_nr_data_is_points_at_25_fps(tmp_path: Path) -> None:
    space = basis(3, count=6)
    landmarks = np.random.default_rng(1).normal(size=(3, 75, 6))
    with h5py.File(tmp_path / "nr.h5", "w") as file:
        file["landmarks"], file["speech"] = landmarks, np.zeros((3, 24_000))
    contents = read_contents(tmp_path / "nr.h5", sample=2, basis=space)
    np.testing.assert_allclose(contents.points, space.reconstruct(landmarks[2]))
    track = to_track(contents, "nr.h5")
    assert track.fps == pytest.approx(25) and track.space == "template"


@pytest.mark.parametrize("options", [{}, {"compression": "gzip", "shuffle": True, "chunks": True}])
def test_a_sample_of_tfl_data_lies_in_the_unit_square(
    options: dict[str, Any], tmp_path: Path
) -> None:
    values = np.random.default_rng(1).uniform(size=(4, 75, 136)).astype("f4")
    with h5py.File(tmp_path / "tfl.h5", "w") as file:
        file.create_dataset("flmark", data=values, **options)
        file["MelFeatures"] = np.zeros((4, 75, 128))
    first, last = (read_contents(tmp_path / "tfl.h5", sample=k) for k in (None, 3))
    np.testing.assert_array_equal(first.points, values[0].reshape(75, 68, 2))
    np.testing.assert_array_equal(last.points, values[3].reshape(75, 68, 2))
    assert first.space == "unit" and "4 samples" in first.remarks[0]
    assert last.finding is not None and last.remarks == (last.finding.sentence("tfl.h5"),)
    with pytest.raises(BadInput, match="4 samples"):
        read_contents(tmp_path / "tfl.h5", sample=4)


# --- faces in JSON, frames in folders ----------------------------------------------------------


def test_a_chosen_face_of_several_is_read_and_the_odd_frames_counted(tmp_path: Path) -> None:
    one, two = np.rint(faces(1, 1))[0], np.rint(faces(2, 1))[0]
    frames = [[one.tolist(), two.tolist()], [], [two.tolist()]]
    (tmp_path / "t.json").write_text(json.dumps(frames, indent=1))
    first = read_contents(tmp_path / "t.json")
    assert "2 of 3 frames" in first.remarks[0]
    for face, expected in ((0, [one, None, two]), (1, [two, None, None])):
        points = read_contents(tmp_path / "t.json", face=face).points
        for k, known in enumerate(expected):
            np.testing.assert_array_equal(
                points[k], np.full((68, 2), np.nan if known is None else known)
            )
    with pytest.raises(BadInput, match="counts from 0"):
        read_contents(tmp_path / "t.json", face=-1)


def test_a_long_json_is_read_to_its_end(tmp_path: Path) -> None:
    track = make_track(np.rint(faces(1, 3000)))
    text = track_bytes(track, ".json").decode()
    assert len(text) > 2 * 2**20, "too short to be read in pieces"
    (tmp_path / "t.json").write_text(text.replace("]], [[", "] \n\t] ,\n [["))
    np.testing.assert_array_equal(read_track(tmp_path / "t.json").points, track.points)


def test_one_face_a_frame_needs_no_remark(tmp_path: Path) -> None:
    write_track(tmp_path / "t.json", SAMPLE.truth)
    assert read_contents(tmp_path / "t.json").remarks == ()


def test_published_landmarks_become_json_and_back(shared: Path, tmp_path: Path) -> None:
    track = read_track(shared / "reference/rep/obama2s.npy", fps=30)
    write_track(tmp_path / "t.json", track)
    frames = json.loads((tmp_path / "t.json").read_text())
    assert [len(frame) for frame in frames] == [0] * 13 + [1] * 47
    assert frames[20][0] == track.points[20].astype(int).tolist()


def test_a_number_without_a_file_is_a_missing_face(tmp_path: Path) -> None:
    write_track(tmp_path / "t", make_track(faces(1, 5)))
    (tmp_path / "t/00002.txt").unlink()
    contents = read_contents(tmp_path / "t")
    assert np.isnan(contents.points[2]).all() and len(contents.points) == 5
    assert "1 numbers" in contents.remarks[0]


def test_text_files_hold_one_pair_a_line(tmp_path: Path) -> None:
    write_track(tmp_path / "t", gappy())
    names = sorted(p.name for p in (tmp_path / "t").iterdir())
    assert names == [f"{k:05d}.txt" for k in range(8)]
    lines = (tmp_path / "t/00001.txt").read_text().splitlines()
    assert len(lines) == 68 and lines[0] == "{:.0f},{:.0f}".format(*gappy().points[1, 0])
    assert (tmp_path / "t/00000.txt").read_bytes() == b""


# --- rows ------------------------------------------------------------------------------------


def test_a_csv_is_read_by_any_reader(tmp_path: Path) -> None:
    write_track(tmp_path / "t.csv", make_track(faces(6, dims=3)))
    table = pd.read_csv(tmp_path / "t.csv")
    assert list(table.columns) == ["frame", "time_s", "point", "x", "y", "z"]
    assert len(table) == 8 * 68


def test_only_a_csv_that_would_be_misread_names_its_space(tmp_path: Path) -> None:
    write_track(tmp_path / "t.csv", make_track(faces(0), space="eye5"))
    assert (tmp_path / "t.csv").read_text().startswith('# speechmarks {"scheme": "dlib68"')
    assert len(pd.read_csv(tmp_path / "t.csv", comment="#")) == 8 * 68
    assert read_track(tmp_path / "t.csv").space == "eye5"


def test_csv_rows_may_come_in_any_order_and_points_may_lack(tmp_path: Path) -> None:
    track = gappy()
    write_track(tmp_path / "t.csv", track)
    head, *rows = (tmp_path / "t.csv").read_text().splitlines()
    kept = [row for row in rows if ",," not in row and not row.startswith("2,0.08,5,")]
    mixed = [head, *np.random.default_rng(0).permutation(kept)]
    (tmp_path / "mixed.csv").write_text("\ufeff" + "\r\n".join(mixed) + "\r\n")
    back = read_track(tmp_path / "mixed.csv")
    expected = np.delete(track.points, [0, 3], axis=0)  # frames without any row are not there
    expected[1, 5] = np.nan
    np.testing.assert_array_equal(back.points, expected)
    np.testing.assert_array_equal(back.times, np.delete(track.times, [0, 3]))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for name in ("nowhere.npy", "null\0byte.npy", "nowhere/t.csv"):
        with pytest.raises(MissingFile, match="no track file"):
            read_track(tmp_path / name)


def test_lips_are_the_last_twenty_points() -> None:
    track = make_track(faces(1))
    np.testing.assert_array_equal(
        select_points(track, range(48, 68), "lips20").points, track.points[:, 48:]
    )
