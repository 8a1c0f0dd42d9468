"""Faces that are none, through every step: an answer or a sentence, never another error."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from making import faces, make_track, sentence

from core.align import (
    METHODS,
    align_frames,
    leakage_table,
    residual_by_part,
    select_mouth,
    shipped_template,
)
from core.errors import SpeechmarksError
from core.neutral import (
    aligned_for_identity,
    closed_face,
    identity_audit,
    rank_frames,
    reference_sensitivity,
    rule_choices,
    speaker_distances,
)
from core.shape import component_errors, fit_shape_space, prepared
from core.tracks.track import LandmarkTrack

Array = np.ndarray


def _changed(points: Array, where: Any, value: Any) -> Array:
    points[where] = value
    return points


def _holes(points: Array) -> Array:
    return _changed(points, np.random.default_rng(1).random(points.shape[:2]) < 0.1, np.nan)


KINDS: dict[str, Callable[[Array], Array]] = {
    "a usual face": lambda p: p,
    "a face that never moves": lambda p: _changed(p, slice(None), 600 * shipped_template()),
    "all points equal": lambda p: _changed(p, slice(None), 3.0),
    "collinear": lambda p: _changed(p, (..., 1), 2 * p[..., 0]),
    "no face": lambda p: _changed(p, slice(None), np.nan),
    "one valid frame": lambda p: _changed(p, slice(1, None), np.nan),
    "a run without a face": lambda p: _changed(p, slice(2, 30), np.nan),
    "a tenth of the points missing": _holes,
    "a third dimension": lambda p: np.concatenate([p, p[..., :1]], axis=2),
    "every other face mirrored": lambda p: _changed(p, slice(None, None, 2), p[::2] * [-1, 1]),
    "a face of a million kilometres": lambda p: p * 1e12,
    "a face of an atom": lambda p: p * 1e-12,
    "eyes on one point": lambda p: _changed(p, (slice(None), slice(36, 48)), 300.0),
    "a mouth on one point": lambda p: _changed(p, (slice(None), slice(48, 68)), 300.0),
}


def _aligned(track: LandmarkTrack, method: Any) -> None:
    aligned = align_frames(track, method)
    back = aligned.undo(aligned.track.points)
    seen = aligned.track.valid
    size = np.abs(track.points[seen]).max(initial=0)
    np.testing.assert_allclose(back[seen], track.points[seen], rtol=1e-9, atol=1e-9 * size)
    assert len(aligned.size) == len(aligned.turn) == len(aligned.place) == len(track)
    residual_by_part(aligned.track)


def _shape(track: LandmarkTrack) -> None:
    lips = prepared(track, "lips", "lips")
    component_errors(fit_shape_space(lips.points, 1, space="eye5"), lips.points)


STEPS: dict[str, Callable[[LandmarkTrack], Any]] = {
    **{f"align {m}": (lambda t, m=m: _aligned(t, m)) for m in METHODS},
    "leakage": leakage_table,
    "rules": rule_choices,
    "ranking": rank_frames,
    "sensitivity": lambda t: reference_sensitivity(aligned_for_identity(t), [0], chosen=0),
    "closed face": closed_face,
    "distances": lambda t: speaker_distances({"a": [t], "b": [t]}),
    "audit": lambda t: identity_audit({"a": [t], "b": [t]}, parts=["mouth"], n_folds=2),
    "shape space": _shape,
}


MESH, LIPS = "a mesh", "the lips alone"
NOTHING = {"all points equal", "no face"}
NO_SHAPE = {*NOTHING, "collinear"}
HOLES = "a tenth of the points missing"
NOT_68 = {MESH, LIPS}
# What a step refuses in a clip of 40 frames; everything else gets an answer.
REFUSED: dict[str, set[str]] = {
    "align procrustes": NO_SHAPE,
    "align stable": {*NO_SHAPE, LIPS},
    "align eyes": {*NOTHING, *NOT_68, "eyes on one point"},
    "align lips": {*NOTHING, *NOT_68, "eyes on one point"},
    "align transfer": {*NO_SHAPE, *NOT_68, HOLES, "a third dimension", "eyes on one point"},
    "leakage": {*NO_SHAPE, *NOT_68, HOLES, "eyes on one point"},
    "rules": {"no face"},
    "ranking": {"no face"},
    "sensitivity": {*NO_SHAPE, *NOT_68, HOLES},
    "closed face": {*NO_SHAPE, *NOT_68, HOLES},
    "distances": {*NO_SHAPE, *NOT_68, HOLES, "one valid frame"},
    "audit": {*NO_SHAPE, *NOT_68, HOLES, "one valid frame"},
    "shape space": {*NOTHING, *NOT_68, "one valid frame", "eyes on one point"},
}


def _tracks(frames: int) -> dict[str, LandmarkTrack]:
    points = 600 * shipped_template() + 300
    shaken = points + np.random.default_rng(frames).normal(0, 1, (frames, 68, 2))
    tracks = {kind: make_track(change(shaken.copy())) for kind, change in KINDS.items()}
    tracks[LIPS] = select_mouth(tracks["a usual face"])
    tracks[MESH] = make_track(faces(1, frames, 468), scheme="facemesh468")
    return tracks


def _refused(step: str, frames: int) -> set[str]:
    """The kinds that a step refuses; any other error, or a warning, passes through."""
    refused = set()
    for kind, track in _tracks(frames).items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", RuntimeWarning)
                STEPS[step](track)
        except SpeechmarksError as error:
            sentence(error)
            refused.add(kind)
    return refused


@pytest.mark.parametrize("step", STEPS)
def test_a_step_refuses_what_it_cannot_use_and_answers_the_rest(step: str) -> None:
    assert _refused(step, 40) == REFUSED[step]


@pytest.mark.parametrize("step", STEPS)
def test_a_clip_without_a_frame_is_refused_and_a_short_one_never_fails(step: str) -> None:
    assert _refused(step, 0) == set(_tracks(0))
    for frames in (1, 3):
        assert "no face" in _refused(step, frames)
