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


def _tracks(frames: int, kind: str) -> list[LandmarkTrack]:
    points = 600 * shipped_template() + 300
    shaken = points + np.random.default_rng(frames).normal(0, 1, (frames, 68, 2))
    track = make_track(KINDS[kind](shaken))
    if kind != "a usual face":
        return [track]
    mesh = make_track(faces(1, frames, 468), scheme="facemesh468")
    return [track, select_mouth(track), mesh]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("step", STEPS)
def test_every_step_gives_an_answer_or_an_error_message(step: str, kind: str) -> None:
    for frames, track in ((n, track) for n in (0, 1, 3, 40) for track in _tracks(n, kind)):
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            try:
                STEPS[step](track)
            except SpeechmarksError as error:
                sentence(error)
                assert frames < 40 or kind != "a usual face" or track.scheme != "dlib68"
