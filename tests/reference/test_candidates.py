"""Closed-mouth candidates under every rule, with the numbers of the published clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import faces, make_track, sentence

from core.align import align_procrustes, mouth_width, select_mouth
from core.errors import NoFace
from core.neutral import (
    RULES,
    aligned_for_identity,
    closed_mouth,
    lip_gap,
    pursed_example,
    rank_frames,
    rule_choices,
)
from core.neutral.example import PURSED
from core.tracks.track import LandmarkTrack

seeds = st.integers(0, 10_000)


def talking(seed: int, frames: int = 30) -> LandmarkTrack:
    """One face whose inner lips open and close; frames 0 and 7 hold no face."""
    rng = np.random.default_rng(seed)
    points = np.repeat(faces(seed, 1), frames, axis=0) + rng.normal(0, 0.3, (frames, 68, 2))
    points[:, 65:68, 1] += 10 + rng.uniform(0, 10, (frames, 1))
    points[[0, 7]] = np.nan
    return make_track(points)


@pytest.fixture(scope="module")
def published(shared: Path) -> LandmarkTrack:
    return make_track(np.load(shared / "reference/rep/obama2s.npy"), fps=30)


# --- the published clip -------------------------------------------------------------------------

AT_30 = {  # rule: kept, frame, smallest gap in aligned units
    "anatomical-1.3": (40, 53, 0.0010),
    "anatomical-0.1": (2, 52, 0.0010),
    "crossed-1.3": (40, 53, 0.0577),
    "crossed-0.1": (2, 52, 0.0577),
    "smallest": (47, 53, 0.0010),
}
AT_25 = {"crossed-0.1": (2, 43), "crossed-1.3": (32, 44), "anatomical-1.3": (32, 44)}


@pytest.mark.parametrize("rule", AT_30)
def test_what_each_rule_takes_of_the_published_clip(published: LandmarkTrack, rule: str) -> None:
    kept, frame, smallest = AT_30[rule]
    aligned = align_procrustes(published, published=True)
    choice = {c.rule: c for c in rule_choices(aligned)}[rule]
    assert (choice.kept, choice.seen, choice.frame) == (kept, 47, frame)
    assert round(choice.smallest_gap, 4) == smallest


@pytest.mark.parametrize("rule", AT_25)
def test_on_the_25_fps_track_of_identity_removal(published: LandmarkTrack, rule: str) -> None:
    aligned = aligned_for_identity(published, published=True)
    choice = {c.rule: c for c in rule_choices(aligned)}[rule]
    assert (choice.kept, choice.frame, choice.seen) == (*AT_25[rule], 39)


def test_the_crossed_gap_never_closes_and_measures_the_width_too(published: LandmarkTrack) -> None:
    aligned = align_procrustes(published)
    assert np.nanmin(lip_gap(aligned, "crossed")) > 50 * np.nanmin(lip_gap(aligned))


# --- the made-up clip -----------------------------------------------------------------------------


def test_the_smallest_gap_alone_takes_pursed_lips_and_the_width_rule_does_not() -> None:
    track = align_procrustes(pursed_example())
    frames = {c.rule: c.frame for c in rule_choices(track)}
    assert PURSED[0] <= (frames["smallest"] or 0) < PURSED[1]
    for rule in ("anatomical-1.3", "crossed-1.3"):
        assert not PURSED[0] <= (frames[rule] or 0) < PURSED[1]
    pursed = mouth_width(pursed_example())[slice(*PURSED)]
    assert pursed.max() < 0.7 * mouth_width(pursed_example())[: PURSED[0]].mean()


def test_the_made_up_clip_never_changes_and_its_lips_never_cross() -> None:
    one, two = pursed_example(), pursed_example()
    np.testing.assert_array_equal(one.points, two.points)
    upper, lower = one.points[:, [61, 62, 63], 1], one.points[:, [67, 66, 65], 1]
    assert (lower - upper >= -1e-9).all() and one.frame_valid.all()


# --- laws -----------------------------------------------------------------------------------------


@given(seed=seeds, rule=st.sampled_from(sorted(RULES)))
def test_every_frame_with_a_mouth_is_listed_once_and_the_kept_ones_first(
    seed: int, rule: str
) -> None:
    track = talking(seed)
    found = rank_frames(track, rule)
    assert sorted(c.frame for c in found) == sorted(np.flatnonzero(track.frame_valid).tolist())
    ranks = [c.ranks.get(rule) for c in found]
    kept = [r for r in ranks if r is not None]
    assert kept == list(range(1, len(kept) + 1)) and ranks[: len(kept)] == kept
    gaps = [c.gap if RULES[rule].gap == "anatomical" else c.gap_crossed for c in found]
    assert gaps[: len(kept)] == sorted(gaps[: len(kept)])
    assert gaps[len(kept) :] == sorted(gaps[len(kept) :])


@given(seed=seeds)
def test_the_rows_are_what_the_functions_measure(seed: int) -> None:
    track = talking(seed)
    width, gap, crossed = mouth_width(track), lip_gap(track), lip_gap(track, "crossed")
    for c in rank_frames(track):
        assert c.width == width[c.frame]
        assert (c.gap, c.gap_crossed) == (gap[c.frame], crossed[c.frame])
        assert c.seconds == track.times[c.frame]
        assert c.width_z == pytest.approx((c.width - np.nanmean(width)) / np.nanstd(width))
    assert rank_frames(track)[0].frame == closed_mouth(track).frame


@given(seed=seeds)
def test_a_wider_threshold_keeps_more_and_never_takes_a_wider_gap(seed: int) -> None:
    choices = {c.rule: c for c in rule_choices(talking(seed))}
    any_width, usual = choices["smallest"], choices["anatomical-1.3"]
    assert any_width.kept == any_width.seen >= usual.kept
    assert any_width.gap == any_width.smallest_gap
    assert usual.gap is not None and any_width.gap is not None and any_width.gap <= usual.gap


def test_a_rule_that_keeps_nothing_says_so_and_the_others_go_on() -> None:
    points = np.repeat(faces(1, 1), 4, axis=0)
    points[:2, 64, 0] += 5  # two widths, neither near the mean
    choices = {c.rule: c for c in rule_choices(make_track(points))}
    for rule in ("anatomical-0.1", "crossed-0.1"):
        assert choices[rule].frame is None and "z = 0.1" in (choices[rule].problem or "")
        assert choices[rule].kept == 0
    assert choices["anatomical-1.3"].problem is None
    assert all("anatomical-0.1" not in c.ranks for c in rank_frames(make_track(points)))


def test_one_valid_frame_is_the_only_candidate() -> None:
    points = np.full((5, 68, 2), np.nan)
    points[3] = faces(1, 1)[0]
    assert {c.frame for c in rule_choices(make_track(points))} == {3}
    assert [c.frame for c in rank_frames(make_track(points))] == [3]


@given(seed=seeds)
def test_a_mirrored_face_has_the_same_candidates(seed: int) -> None:
    track = talking(seed)
    turned = track.replace(points=track.points[:, list(track.layout.mirror)] * [-1, 1])
    one, two = rank_frames(track), rank_frames(turned)
    assert [c.frame for c in one] == [c.frame for c in two]
    assert [c.gap for c in one] == pytest.approx([c.gap for c in two])


def test_a_mouth_on_one_point_is_a_closed_one() -> None:
    track = make_track(np.full((3, 68, 2), 4.0))
    assert [c.frame for c in rank_frames(track)] == [0, 1, 2]
    assert rule_choices(track)[0].gap == 0


def test_lips_alone_have_candidates_too() -> None:
    track = talking(5)
    assert [c.frame for c in rank_frames(select_mouth(track))] == [
        c.frame for c in rank_frames(track)
    ]


def test_nobody_has_no_candidates() -> None:
    for ask in (rank_frames, rule_choices):
        with pytest.raises(NoFace) as caught:
            ask(make_track(np.full((3, 68, 2), np.nan)))
        sentence(caught.value)
