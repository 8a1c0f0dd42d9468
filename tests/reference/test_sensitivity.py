"""What another reference frame does to the result, and identity removal from a chosen frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import faces, make_track, sentence

from core.align import face_parts, select_mouth, shipped_template
from core.errors import BadInput
from core.evaluation.clips import score_clip
from core.neutral import (
    aligned_for_identity,
    closed_mouth,
    from_reference,
    inner_opening,
    pursed_example,
    reference_sensitivity,
    remove_identity,
)
from core.tracks.geometry import interocular
from core.tracks.track import LandmarkTrack

seeds = st.integers(0, 10_000)
IOD = interocular(shipped_template())


def talking(seed: int, frames: int = 30) -> LandmarkTrack:
    """The template as a face that speaks; frames 0 and 7 hold no face."""
    rng = np.random.default_rng(seed)
    points = 600 * shipped_template() + 300 + rng.normal(0, 1, (frames, 68, 2))
    points[:, 65:68, 1] += rng.uniform(5, 20, (frames, 1))
    points[[0, 7]] = np.nan
    return make_track(points)


@given(seed=seeds, other=st.integers(8, 29))
def test_the_change_is_that_of_every_frame_of_the_result(seed: int, other: int) -> None:
    track = talking(seed)
    chosen = closed_mouth(aligned_for_identity(track)).frame
    row = reference_sensitivity(aligned_for_identity(track), [other], chosen=chosen)[0]
    one, two = remove_identity(track), remove_identity(track, frame=other)
    away = (two.points - one.points)[one.frame_valid]
    for part, points in face_parts(track.layout).items():
        moved = np.sqrt((away[:, list(points)] ** 2).sum(axis=2).mean(axis=1)) / IOD
        np.testing.assert_allclose(moved, row.change[part], atol=1e-12)
    opened = (np.nanmean(inner_opening(two)) - np.nanmean(inner_opening(one))) / IOD
    assert row.opening == pytest.approx(opened, abs=1e-12)


@given(seed=seeds)
def test_the_chosen_frame_changes_nothing(seed: int) -> None:
    aligned = aligned_for_identity(talking(seed))
    row = reference_sensitivity(aligned, [5], chosen=5)[0]
    assert set(row.change.values()) == {0} and row.opening == 0


def test_pursed_lips_as_the_reference_change_the_mouth_most() -> None:
    aligned = aligned_for_identity(pursed_example())
    good, bad = reference_sensitivity(aligned, [19, 33], chosen=18)
    assert bad.change["mouth"] > 5 * good.change["mouth"]
    assert bad.change["mouth"] > 2 * bad.change["eyes"]


def test_a_prediction_is_scored_against_every_candidate() -> None:
    truth, guess = talking(1), talking(2)
    aligned, free = aligned_for_identity(truth), remove_identity(guess)

    def score(track: LandmarkTrack) -> dict[str, float]:
        return {"mouth_rmse": score_clip(track, free, iod=IOD).mouth_rmse}

    frame = closed_mouth(aligned).frame
    rows = reference_sensitivity(aligned, [frame, 12], chosen=frame, score=score)
    expected = score_clip(remove_identity(truth), free, iod=IOD).mouth_rmse
    assert rows[0].errors["mouth_rmse"] == pytest.approx(expected)
    assert rows[1].errors["mouth_rmse"] != pytest.approx(expected)


def test_the_published_clip_moves_as_far_as_measured(shared: Path) -> None:
    """The two published reference frames differ by up to 0.0057 (aligned units)."""
    track = make_track(np.load(shared / "reference/rep/obama2s.npy"), fps=30)
    aligned = aligned_for_identity(track, published=True)
    assert np.abs(aligned.points[43] - aligned.points[44]).max() == pytest.approx(0.0057, abs=5e-5)
    row = reference_sensitivity(aligned, [43], chosen=44)[0]
    assert 0 < row.change["eyes"] < row.change["face"] < 0.0057 * np.sqrt(2) / IOD


# --- a reference chosen by hand -------------------------------------------------------------------


@given(seed=seeds, frame=st.integers(8, 29))
def test_the_chosen_frame_becomes_the_template(seed: int, frame: int) -> None:
    result = remove_identity(talking(seed), frame=frame)
    np.testing.assert_allclose(result.points[frame], shipped_template(), atol=1e-12)
    assert result.provenance[-1]["reference"] == frame


def test_the_frame_of_the_rule_by_hand_gives_the_result_of_the_rule() -> None:
    whole = remove_identity(talking(3))
    by_hand = remove_identity(talking(3), frame=whole.provenance[-1]["reference"])
    np.testing.assert_array_equal(by_hand.points, whole.points)


def test_identity_can_be_removed_by_the_stable_points() -> None:
    track = talking(4)
    one, two = remove_identity(track), remove_identity(track, method="stable")
    assert np.nanmax(np.abs(one.points - two.points)) > 1e-4
    eyes = slice(36, 48)
    assert (
        np.nanstd(two.points[:, eyes], axis=0).mean()
        < np.nanstd(one.points[:, eyes], axis=0).mean()
    )


@pytest.mark.parametrize(
    ("frame", "reason"),
    [(0, "lacks points"), (-1, "no frame"), (30, "frames 0 to 29"), (7, "lacks points")],
)
def test_a_frame_that_cannot_be_the_reference_is_refused(frame: int, reason: str) -> None:
    for ask in (
        lambda: remove_identity(talking(1), frame=frame),
        lambda: from_reference(aligned_for_identity(talking(1)), frame, shipped_template()),
        lambda: reference_sensitivity(aligned_for_identity(talking(1)), [frame], chosen=3),
    ):
        with pytest.raises(BadInput, match=reason) as caught:
            ask()
        sentence(caught.value)


def test_lips_alone_have_no_sensitivity() -> None:
    with pytest.raises(BadInput, match="lips20") as caught:
        reference_sensitivity(select_mouth(talking(1)), [3], chosen=3)
    sentence(caught.value)
    with pytest.raises(BadInput, match="lips20"):
        aligned_for_identity(make_track(faces(1, points=20)))
