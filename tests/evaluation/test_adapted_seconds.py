"""Seconds that a model was adapted to are never scored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from making import sentence
from talkers import talker

from core.errors import BadInput
from core.evaluation import compare_tracks, headline_scores
from core.evaluation.pairs import pairs_of
from core.evaluation.publications import export_scores, score_track
from core.tracks.adapted import ADAPT, leave_out_adapted
from core.tracks.track import LandmarkTrack, step

CLIP = "c" * 64


def predicted(said: Any = None, *, fps: float = 25, seed: int = 3) -> LandmarkTrack:
    """A prediction of 4 s whose model was adapted to the second from 1.0 to 2.0 s."""
    record = {"clip": CLIP, "start": 1.0, "stop": 2.0, "frames": 25} if said is None else said
    track = talker(seed, round(4 * fps), fps=fps)
    return track.replace(step("predict", model="m", **{ADAPT: record}))


def spoiled(track: LandmarkTrack, start: float, stop: float) -> LandmarkTrack:
    """Landmarks of another face in some seconds."""
    points = track.points.copy()
    points[(track.times > start - 1e-6) & (track.times < stop - 1e-6)] *= [1.7, 0.4]
    return track.replace(points=points)


def headline(truth: LandmarkTrack, given: LandmarkTrack) -> dict[str, float]:
    return headline_scores(compare_tracks(truth, given))


def by_pairs(truth: LandmarkTrack, given: LandmarkTrack) -> dict[str, float]:
    return {name: score.value for name, score in export_scores(pairs_of(truth, given)[0]).items()}


@pytest.mark.parametrize("scores", [headline, by_pairs], ids=["headline", "closed-mouth reference"])
@pytest.mark.parametrize("rate", [25, 30], ids=lambda r: f"prediction at {r} fps")
@pytest.mark.parametrize("which", [0, 1], ids=["ground truth", "prediction"])
def test_whatever_happens_in_these_seconds_changes_no_score(
    which: int, rate: float, scores: Callable[..., dict[str, float]]
) -> None:
    tracks = [talker(1), predicted(fps=rate)]
    other = list(tracks)
    other[which] = spoiled(tracks[which], 1.0, 2.0)
    one, two = scores(*tracks), scores(*other)
    assert one == pytest.approx(two, rel=1e-9, nan_ok=True) and len(one) > 2
    later = list(tracks)
    later[which] = spoiled(tracks[which], 2.0, 2.04)
    assert scores(*later) != pytest.approx(one, rel=1e-9, nan_ok=True), "the next frame counts"


def test_as_many_frames_are_left_out_as_lie_in_them() -> None:
    pair = compare_tracks(talker(1), predicted())
    assert (pair.frames, pair.left_out) == (75, 25)
    assert not pair.common[25:50].any()


@pytest.mark.parametrize(
    ("clip", "frames"), [(None, 75), (CLIP, 75), ("d" * 64, 100)],
    ids=["a clip that nobody named", "the same clip", "another clip"],
)  # fmt: skip
def test_seconds_of_another_clip_are_scored(clip: str | None, frames: int) -> None:
    assert compare_tracks(talker(1), predicted(), clip=clip).frames == frames
    scores, _ = score_track(talker(1), predicted(), clip=clip)
    assert {scores[name].n for name in ("skill", "lips_mse")} == {frames}


def test_a_prediction_with_nothing_else_is_refused() -> None:
    record = {"clip": CLIP, "start": 0.0, "stop": 4.0, "frames": 100}
    for score in (headline, by_pairs):
        with pytest.raises(BadInput, match=r"0\.00 to 4\.00 s.*never scored") as caught:
            score(talker(1), predicted(record))
        sentence(caught.value)


def test_gaps_are_not_filled_to_be_scored_as_published() -> None:
    with pytest.raises(BadInput, match="without --published") as caught:
        pairs_of(talker(1), predicted(), published=True)
    sentence(caught.value)


@pytest.mark.parametrize(
    "record",
    ["yes", {}, {"clip": 3, "start": 0, "stop": 1}, {"clip": CLIP, "start": "a", "stop": 1},
     {"clip": CLIP, "start": 0.0, "stop": float("nan")}],
    ids=["a word", "nothing", "no hash", "no number", "not finite"],
)  # fmt: skip
def test_a_damaged_record_is_refused_in_a_sentence(record: Any) -> None:
    with pytest.raises(BadInput, match="generate --adapt") as caught:
        leave_out_adapted(talker(1), predicted(record))
    sentence(caught.value)


def test_plain_predictions_are_the_very_same_tracks() -> None:
    truth, given = talker(1), talker(2)
    assert leave_out_adapted(truth, given) == (truth, given)
    assert not np.isnan(compare_tracks(truth, given).truth).any()
