"""The identity audit and the distances between speakers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import make_track, sentence

from core.align import face_parts, select_mouth, shipped_template
from core.errors import BadInput, NoFace, SpeechmarksError
from core.neutral import (
    STAGES,
    identity_audit,
    remove_identity,
    session_null,
    speaker_distances,
    staged,
    wilson_interval,
)
from core.neutral.audit import _gather, _training_rows
from core.neutral.speaker_distances import IOD, block_numbers
from core.tracks.scheme import DLIB68
from core.tracks.track import LandmarkTrack

seeds = st.integers(0, 10_000)


def speaker(
    face: int, clip: int = 0, *, frames: int = 40, shape: float = 12.0, noise: float = 1.0
) -> LandmarkTrack:
    """Somebody's face (``shape`` pixels from the template) that speaks; another clip, other noise.

    The closed mouth of frame 20 is the same in all clips, so that identity removal can be exact.
    """
    somebody = np.random.default_rng(face).normal(0, shape, (68, 2))
    rng = np.random.default_rng(1000 + 100 * face + clip)
    points = np.repeat((600 * shipped_template() + 300 + somebody)[None], frames, axis=0)
    points[:, 65:68, 1] += 40 + rng.uniform(0, 10, (frames, 1))
    points[20, 65:68] -= points[20, 65:68] - points[20, [63, 62, 61]]  # lips on each other
    shaken = rng.normal(0, noise, points.shape)
    shaken[20] = 0  # its mouth is as wide as usual
    return make_track(points + shaken)


def people(count: int = 3, **options: Any) -> dict[str, list[LandmarkTrack]]:
    return {f"p{k}": [speaker(k, **options)] for k in range(count)}


# --- stages and distances -------------------------------------------------------------------------


@given(seed=seeds, scale=st.floats(0.1, 10), shift=st.floats(-500, 500))
def test_place_and_size_are_gone_at_every_stage(seed: int, scale: float, shift: float) -> None:
    track = speaker(seed)
    moved = track.replace(points=scale * track.points + shift)
    for stage in STAGES:
        one, two = staged(track, stage), staged(moved, stage)
        assert one.space == two.space == "template"
        np.testing.assert_allclose(two.points, one.points, atol=1e-9)


def test_after_is_identity_removal() -> None:
    track = speaker(1)
    np.testing.assert_array_equal(staged(track, "after").points, remove_identity(track).points)


def test_an_upside_down_space_is_turned_first() -> None:
    track = speaker(1)
    turned = track.replace(points=-track.points / 50, space="eye5")
    for stage in STAGES:
        np.testing.assert_allclose(staged(turned, stage).points, staged(track, stage).points)


@given(seed=seeds)
def test_a_mirrored_speaker_stays_mirrored(seed: int) -> None:
    track = speaker(seed)
    turned = track.replace(points=track.points * [-1, 1])
    away = staged(turned, "before").points - staged(track, "before").points
    assert np.abs(away).max() > 0.05


@pytest.mark.parametrize("blocks", [2, 3, 7])
@given(missing=st.sets(st.integers(0, 39), max_size=30))
def test_blocks_follow_each_other_and_hold_as_many_whole_frames(
    blocks: int, missing: set[int]
) -> None:
    points = speaker(1).points.copy()
    points[sorted(missing)] = np.nan
    track = make_track(points)
    numbers = block_numbers(track, blocks)
    np.testing.assert_array_equal(numbers >= 0, track.frame_valid)
    kept = numbers[numbers >= 0]
    assert (np.diff(kept) >= 0).all() and set(kept) == set(range(blocks)) & set(kept)
    if len(kept) >= blocks:
        counts = np.bincount(kept, minlength=blocks)
        assert counts.max() - counts.min() <= 1


def test_distances_are_those_of_mean_faces_in_eye_distances() -> None:
    crew = people(2)
    table = {(d.stage, d.part): d for d in speaker_distances(crew)}
    assert len(table) == len(STAGES) * 6
    means = {}
    for name, (track,) in crew.items():
        ready = staged(track, "before").points
        means[name] = (ready[:20].mean(axis=0), ready[20:].mean(axis=0))
    mouth = list(face_parts(DLIB68)["mouth"])

    def apart(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.sqrt(((a - b)[mouth] ** 2).sum(axis=1).mean()) / IOD)

    got = table["before", "mouth"].matrix
    assert got[0, 0] == pytest.approx(apart(*means["p0"]))
    between = np.mean([apart(a, b) for a in means["p0"] for b in means["p1"]])
    assert got[0, 1] == got[1, 0] == pytest.approx(between)
    assert table["before", "mouth"].between == pytest.approx(between)


@given(seed=st.integers(0, 300))
def test_identity_removal_brings_speakers_together_and_leaves_each_as_it_was(seed: int) -> None:
    crew = {f"p{k}": [speaker(3 * seed + k, shape=5, noise=0.3)] for k in range(3)}
    table = {(d.stage, d.part): d for d in speaker_distances(crew)}
    before, after = table["before", "face"], table["after", "face"]
    assert before.between > 3 * after.between
    assert after.within == pytest.approx(before.within, rel=0.5)


# --- the interval ---------------------------------------------------------------------------------


@given(share=st.floats(0, 1), trials=st.floats(0.5, 1e6))
def test_the_interval_holds_the_share_and_stays_between_none_and_all(
    share: float, trials: float
) -> None:
    low, high = wilson_interval(share, trials)
    assert 0 <= low <= share + 1e-12 and share - 1e-12 <= high <= 1
    wider = wilson_interval(share, trials / 2)
    assert wider[0] <= low + 1e-12 and high <= wider[1] + 1e-12


def test_the_interval_is_wilson_s() -> None:
    assert wilson_interval(0.8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson_interval(1, 25)[0] == pytest.approx(0.8668, abs=1e-4)
    assert wilson_interval(0.5, 0) == (0, 1)


# --- the audit ------------------------------------------------------------------------------------


def test_speakers_with_other_faces_are_told_apart_before() -> None:
    audit = identity_audit(people(3), parts=["face", "mouth"])
    rows = {(r.stage, r.part): r for r in audit.rows}
    assert list(rows) == [(s, p) for s in STAGES for p in ("face", "mouth")]
    assert rows["before", "face"].accuracy == 1 == pytest.approx(rows["before", "face"].high)
    assert rows["before", "face"].low == pytest.approx(wilson_interval(1, 15)[0])
    assert (audit.chance, audit.folds, audit.n_folds) == (pytest.approx(1 / 3), "time", 5)
    assert (audit.frames, audit.blocks, audit.clips) == (120, 15, (1, 1, 1))
    assert "upper bound" in audit.note and "one clip" in audit.note.lower()


def test_the_same_face_three_times_is_told_apart_by_chance() -> None:
    crew = {f"p{k}": [speaker(1, clip=k, noise=2, frames=120)] for k in range(3)}
    row = identity_audit(crew, parts=["mouth"]).rows[0]
    assert row.stage == "before" and row.low < 1 / 3 < row.high
    assert row.accuracy < 0.6


def test_a_perfect_identity_removal_is_audited_as_chance() -> None:
    """Without noise, another face that moves alike is the same after identity removal."""
    crew = {f"p{k}": [speaker(k, frames=60, noise=0)] for k in range(2)}
    one, two = (staged(t, "after").points for (t,) in crew.values())
    rows = {r.stage: r for r in identity_audit(crew, parts=["brows"]).rows}
    assert rows["before"].accuracy > 0.95
    assert np.abs(one[:, 17:27] - two[:, 17:27]).max() < 0.02


def test_shares_of_the_confusion_add_up_and_their_diagonal_is_the_accuracy() -> None:
    crew = people(3, shape=1, noise=3)
    for row in identity_audit(crew, parts=["mouth"]).rows:
        table = np.array(row.confusion)
        np.testing.assert_allclose(table.sum(axis=1), 1)
        assert row.accuracy == pytest.approx(np.diag(table).mean())
        assert row.low <= row.accuracy <= row.high


def test_the_accuracy_does_not_depend_on_who_has_more_frames_or_comes_first() -> None:
    crew = people(3, shape=2, noise=3)
    crew["p0"] = [speaker(0, frames=150, shape=2, noise=3)]
    one = identity_audit(crew, parts=["mouth"])
    two = identity_audit(dict(reversed(crew.items())), parts=["mouth"])
    assert [r.accuracy for r in two.rows] == pytest.approx([r.accuracy for r in one.rows], abs=0.03)
    assert one.frames == 150 + 80


def test_whole_clips_are_held_out_where_everybody_has_two() -> None:
    crew = {f"p{k}": [speaker(k, clip) for clip in range(2)] for k in range(2)}
    audit = identity_audit(crew, parts=["face"])
    assert (audit.folds, audit.n_folds, audit.blocks) == ("clips", 2, 4)
    assert "were not used for training" in audit.note and audit.rows[0].accuracy == 1
    same = identity_audit(crew, parts=["face"], folds="time")
    assert same.folds == "time" and "same clips" in same.note


@settings(max_examples=10)
@given(fold=st.integers(0, 4), gap=st.floats(0, 0.5))
def test_nothing_near_a_held_out_stretch_is_learnt_from(fold: int, gap: float) -> None:
    frames = _gather(people(2), "before", "time", 5, 400)
    train = _training_rows(frames, fold, gap)
    for clip in (0, 1):
        own = frames.clip == clip
        tested = frames.seconds[own & (frames.fold == fold)]
        learnt = frames.seconds[own & train]
        nearest = np.abs(learnt[:, None] - tested).min()
        assert nearest >= gap - 1e-9 and nearest > 0
        assert not (train & (frames.fold == fold)).any()


def test_frames_without_a_face_are_left_out() -> None:
    crew = people(2)
    points = crew["p0"][0].points.copy()
    points[5:25] = np.nan
    crew["p0"] = [make_track(points)]
    audit = identity_audit(crew, parts=["mouth"])
    assert audit.frames == 20 + 40


def test_few_frames_are_spread_over_the_whole_clip() -> None:
    audit = identity_audit(people(2), parts=["mouth"], most_frames=20)
    assert (audit.frames, audit.blocks) == (40, 10)


def test_progress_counts_to_the_end() -> None:
    seen: list[tuple[int, int]] = []
    identity_audit(
        people(2), parts=["mouth"], progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(1, 2), (2, 2)]


def test_the_null_tells_clips_of_one_speaker_apart() -> None:
    crew = {"a": [speaker(1, clip) for clip in range(5)], "b": [speaker(2)], "c": [speaker(3)]}
    null = session_null(crew, parts=["mouth"])
    assert null is not None
    assert null.speakers == ("a, clip 1", "a, clip 2", "a, clip 3") and null.folds == "time"
    assert null.chance == pytest.approx(1 / 3) and null.note.startswith("Null")
    assert session_null(people(3)) is None


BAD: dict[str, tuple[dict[str, list[LandmarkTrack]], dict[str, Any], str]] = {
    "nobody": ({}, {}, "at least two speakers"),
    "one speaker": (people(1), {}, "at least two speakers"),
    "a speaker without a clip": ({**people(1), "b": []}, {}, "at least two speakers"),
    "an unknown part": (people(2), {"parts": ["ears"]}, "ears"),
    "one fold": (people(2), {"n_folds": 1}, "2 folds"),
    "a clip of few frames": (people(2, frames=21), {"n_folds": 12}, "24 frames"),
    "folds of clips that are not there": (people(2), {"folds": "clips"}, "two clips"),
    "a gap longer than the clip": (people(2), {"gap": 10.0}, "longer clips"),
    "lips": ({f"p{k}": [select_mouth(speaker(k))] for k in range(2)}, {}, "lips20"),
}


@pytest.mark.parametrize(("crew", "options", "reason"), BAD.values(), ids=list(BAD))
def test_what_cannot_be_audited_is_refused(crew: Any, options: Any, reason: str) -> None:
    with pytest.raises(BadInput, match=reason) as caught:
        identity_audit(crew, **options)
    sentence(caught.value)


DEGENERATE: dict[str, np.ndarray] = {
    "no face": np.full((30, 68, 2), np.nan),
    "all points equal": np.ones((30, 68, 2)),
    "collinear": np.repeat(np.stack([np.arange(68.0)] * 2, axis=1)[None], 30, axis=0),
    "one valid frame": np.where(np.arange(30)[:, None, None] == 3, speaker(1).points[:30], np.nan),
}


@pytest.mark.parametrize("points", DEGENERATE.values(), ids=list(DEGENERATE))
def test_degenerate_faces_are_a_sentence(points: np.ndarray) -> None:
    crew = {"a": [speaker(1)], "b": [make_track(points)]}
    for ask in (identity_audit, speaker_distances):
        with pytest.raises(SpeechmarksError) as caught:
            ask(crew)
        sentence(caught.value)


def test_a_speaker_is_compared_with_itself_over_two_stretches_at_least() -> None:
    with pytest.raises(BadInput, match="2 stretches"):
        speaker_distances(people(2), blocks=1)
    with pytest.raises(NoFace):
        staged(make_track(np.full((3, 68, 2), np.nan)), "after")
