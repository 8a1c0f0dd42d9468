"""The layout of a track's numbers is recognised by anatomy, and real faces raise no alarm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.align import align_procrustes, normalise_lips
from core.errors import BadInput
from core.neutral import remove_identity
from core.samples import SAMPLE
from core.tracks.anatomy import (
    NO_FACE,
    constant_frames,
    is_normalised,
    judge,
    laid_out,
)

FACE = SAMPLE.truth.points
SIZE = (640, 480)


def turned(points: Any, degrees: float, scale: float = 1.0) -> Any:
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = points.mean(axis=(0, 1))
    return (points - middle) @ turn.T * scale + middle


LAYOUTS = {
    "y-up": lambda p: np.stack([p[..., 0], SIZE[1] - 1 - p[..., 1]], -1),
    "mirrored": lambda p: np.stack([SIZE[0] - 1 - p[..., 0], p[..., 1]], -1),
    "upside-down": lambda p: np.array(SIZE) - 1 - p,
    "swapped": lambda p: p[..., ::-1],
    "xs-then-ys": lambda p: p.transpose(0, 2, 1).reshape(p.shape),
}


@pytest.mark.parametrize("name", LAYOUTS)
@settings(max_examples=8, deadline=None)
@given(roll=st.floats(-25, 25), scale=st.floats(0.3, 3), start=st.integers(0, 150))
def test_a_layout_is_recognised_and_corrected(
    name: str, roll: float, scale: float, start: int
) -> None:
    face = turned(FACE[start : start + 10], roll, scale)
    wrong = LAYOUTS[name](face)
    assert judge(wrong).assume == (name,)
    right = laid_out(wrong, (name,), SIZE)  # type: ignore[arg-type]
    assert judge(right).is_face
    np.testing.assert_allclose(right, face, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(roll=st.floats(-60, 60), scale=st.floats(0.01, 50), start=st.integers(0, 150))
def test_turned_and_scaled_faces_raise_no_alarm(roll: float, scale: float, start: int) -> None:
    found = judge(turned(FACE[start : start + 5], roll, scale))
    assert found.is_face and found.sentence("a.npy") is None


def test_other_spaces_raise_no_alarm() -> None:
    truth = SAMPLE.truth
    for points in (align_procrustes(truth).points, remove_identity(truth).points):
        assert judge(points).is_face and not is_normalised(points)
    assert judge(normalise_lips(truth.points)[0], y_up=True).is_face


def test_real_tracks_raise_no_alarm(shared: Path) -> None:
    tracks = np.load(shared / "data/tracks/obama_lip_sync_68pts_25fps_delta.npz")
    for name in tracks.files[:6]:
        points = np.cumsum(tracks[name][:, :3000].T.reshape(-1, 68, 2).astype(int), 0)
        for start in range(0, len(points), 250):
            assert judge(points[start : start + 1]).is_face
    rep = np.load(shared / "reference/rep/obama2s.npy")
    assert judge(rep.reshape(len(rep), 68, -1)).is_face


@pytest.mark.parametrize("seed", range(5))
def test_what_is_no_face_is_told(seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(10, 68, 2)) * 100
    found = judge(points)
    assert found.residual > NO_FACE and not found.is_face
    assert "does not look like a face" in (found.sentence("a.npy") or "")


@pytest.mark.parametrize("value", [0.0, -1.0, 7.5], ids=["0", "-1", "any number"])
def test_constant_frames_are_found(value: float) -> None:
    points = FACE[:20].copy()
    points[5:9] = value
    points[12] = (3.0, 4.0)
    points[15] = np.nan
    assert np.flatnonzero(constant_frames(points)).tolist() == [5, 6, 7, 8, 12]
    assert judge(points).is_face


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (640, 480), (500, 500)])
def test_normalised_numbers_are_recognised_and_brought_to_pixels(size: tuple[int, int]) -> None:
    face = turned(FACE[:10], 0, min(size) / 480)
    face = face - face.mean(axis=(0, 1)) + np.array(size) / 2
    assert is_normalised(face / np.array(size)) and not is_normalised(face)
    np.testing.assert_allclose(laid_out(face / np.array(size), ("unit",), size), face)
    with pytest.raises(BadInput, match="--picture"):
        laid_out(face / np.array(size), ("unit",))


def test_percent_of_a_wide_picture_are_recognised() -> None:
    face = turned(FACE[:10], 0, 2.0)
    percent = 100 * (face - face.mean(axis=(0, 1)) + (960, 540)) / (1920, 1080)
    assert judge(percent).assume == ("percent",)


def test_an_unknown_assumption_names_the_known_ones() -> None:
    with pytest.raises(BadInput, match=r"y-up, mirrored"):
        laid_out(FACE[:2], ("sideways",))  # type: ignore[arg-type]
