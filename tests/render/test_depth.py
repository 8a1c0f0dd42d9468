"""Depth survives the way onto the template face."""

from __future__ import annotations

import numpy as np
import pytest
from making import make_track

from core.align import shipped_template
from core.errors import SpeechmarksError
from core.neutral import remove_identity
from core.render.depth import template_motion
from core.samples import SAMPLE
from core.tracks.geometry import interocular
from core.tracks.track import LandmarkTrack

APART = interocular(np.median(SAMPLE.truth.points, axis=0))
DEPTH = np.linspace(-20.0, 30.0, 68)  # pixels


def deep(size: float = 1.0, **fields: object) -> LandmarkTrack:
    flat = SAMPLE.truth.points[:50]
    z = np.broadcast_to(DEPTH[None, :, None], (*flat.shape[:2], 1))
    return make_track(size * np.concatenate([flat, z], axis=2), **fields)


def test_a_flat_track_is_as_identity_removal_gives_it() -> None:
    assert template_motion(SAMPLE.truth) is remove_identity(SAMPLE.truth)


@pytest.mark.parametrize("size", [1.0, 0.01, 7.0], ids=["pixels", "small", "large"])
def test_depth_is_scaled_as_the_face_is(size: float) -> None:
    track = deep(size)
    drawn = template_motion(track)
    assert np.allclose(drawn.points[..., :2], remove_identity(track).points)
    reach = interocular(shipped_template()) / APART
    assert np.allclose(np.ptp(drawn.points[..., 2], axis=1), 50 * reach, rtol=0.03)
    assert np.median(drawn.points[..., 2]) == pytest.approx(0, abs=1e-12)
    assert (np.diff(drawn.points[0, :, 2]) > 0).all(), "what was nearer is nearer"


def test_depth_keeps_to_the_rate_of_the_result() -> None:
    drawn = template_motion(deep(fps=50))
    assert drawn.points.shape == (25, 68, 3) and drawn.fps == pytest.approx(25)


def test_a_frame_without_a_face_has_no_depth_either() -> None:
    track = deep()
    points = track.points.copy()
    points[3] = np.nan
    drawn = template_motion(track.replace(points=points))
    assert np.isnan(drawn.points[3]).all() and np.isfinite(drawn.points[4:]).all()


def test_a_track_without_a_face_is_refused() -> None:
    with pytest.raises(SpeechmarksError):
        template_motion(make_track(np.full((5, 68, 3), np.nan)))
