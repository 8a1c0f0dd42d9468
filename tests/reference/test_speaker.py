"""A speaker's mean lips, from tracks and from files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from making import faces, gappy, make_track, sentence

from core.align import align, normalise_lips
from core.errors import BadInput, SpeechmarksError
from core.neutral import mean_lips
from core.shape import fit_shape_space
from core.shape.space import read_mean
from core.tracks.track import LandmarkTrack


def test_the_mean_is_that_of_the_normalised_lips() -> None:
    points = faces(0)
    expected = normalise_lips(points)[0][:, 48:].mean(axis=0)
    np.testing.assert_allclose(mean_lips(make_track(points)), expected)
    np.testing.assert_allclose(mean_lips(make_track(points)).mean(axis=0), 0, atol=1e-12)


def test_frames_that_lack_a_point_are_left_out() -> None:
    whole = make_track(gappy().points[[1, 2, 4, 5, 6, 7]])
    np.testing.assert_allclose(mean_lips(gappy()), mean_lips(whole))


def test_place_size_and_turn_of_the_face_do_not_matter() -> None:
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    np.testing.assert_allclose(
        mean_lips(make_track(3 * faces(0) @ turn + 100)), mean_lips(make_track(faces(0)))
    )


def test_lips_in_the_space_already_are_taken_as_they_are() -> None:
    lips = align(make_track(faces(0)), "lips", mouth_only=True)
    np.testing.assert_allclose(mean_lips(lips), lips.points.mean(axis=0))


def test_the_humans_project_s_lips_have_this_mean(shared: Path) -> None:
    track = make_track(np.load(shared / "reference/rep/obama2s.npy"))
    theirs = np.load(shared / "reference/hum/obama2s_lips.npz")["lips"]  # gaps filled
    shown = theirs[track.frame_valid].mean(axis=0)
    np.testing.assert_allclose(mean_lips(track).ravel(), shown, atol=1e-9)


BAD: dict[str, LandmarkTrack] = {
    "no face": make_track(np.full((3, 68, 2), np.nan)),
    "lips in pixels": make_track(faces(0, points=20)),
    "every frame lacks a lip point": make_track(
        np.where(np.arange(68)[:, None] == 60, np.nan, faces(0))
    ),
}


@pytest.mark.parametrize("track", BAD.values(), ids=list(BAD))
def test_a_track_without_them_is_refused(track: LandmarkTrack) -> None:
    with pytest.raises(SpeechmarksError) as caught:
        mean_lips(track)
    sentence(caught.value)


def test_what_the_function_gives_the_reader_takes(tmp_path: Path) -> None:
    lips = align(make_track(faces(0, 30)), "lips", mouth_only=True)
    space = fit_shape_space(lips.points, 8)
    np.save(tmp_path / "m.npy", mean_lips(make_track(faces(0, 5))))
    np.testing.assert_array_equal(
        read_mean(tmp_path / "m.npy", space), mean_lips(make_track(faces(0, 5)))
    )
    space.save(tmp_path / "s.npz")
    np.testing.assert_allclose(read_mean(tmp_path / "s.npz", space).ravel(), space.mean)
    fit_shape_space(faces(0, 30), 8).save(tmp_path / "face.npz")
    with pytest.raises(BadInput, match=r"\(20, 2\)") as caught:
        read_mean(tmp_path / "face.npz", space)
    sentence(caught.value)
