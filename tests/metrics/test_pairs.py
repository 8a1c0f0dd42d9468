"""What is compared with what: by time, by frame, normalised, in a basis; and the cards."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import faces, make_track, sentence

from core.align import align, select_mouth
from core.errors import BadInput
from core.evaluation import HEADLINE
from core.evaluation.cards import OVER_CLIPS
from core.evaluation.pairs import Pair, normalise_width, pair_by_frame, pair_by_time, pairs_of
from core.evaluation.publications import MEASURES, SCORES, export_scores, score_track
from core.shape import fit_shape_space
from core.tracks.track import LandmarkTrack, frame_times

DOC = Path(__file__).parents[2] / "docs/scores.md"
TEMPLATE = faces(77, 1)[0] / 1000
seeds = st.integers(0, 10_000)


def talking(seed: int, frames: int = 30, fps: float = 25) -> LandmarkTrack:
    """One face whose inner lips open and close, in pixels."""
    rng = np.random.default_rng(seed)
    points = np.repeat(faces(5, 1), frames, axis=0) + rng.normal(0, 0.3, (frames, 68, 2))
    points[:, 65:68, 1] += 10 + rng.uniform(0, 10, (frames, 1))
    return make_track(points, fps=fps)


def compare(truth: LandmarkTrack, predicted: LandmarkTrack, **options: Any) -> dict[str, Pair]:
    return pairs_of(truth, predicted, template=TEMPLATE, **options)[0]


# --- which frames -------------------------------------------------------------------------------


def ramp(times: np.ndarray) -> LandmarkTrack:
    """Every coordinate of a frame is its time."""
    return LandmarkTrack(points=times[:, None, None] * np.ones((1, 68, 2)), times=times)


def test_by_time_the_same_motion_at_two_rates_is_the_same() -> None:
    pair = pair_by_time(ramp(np.arange(10) / 10), ramp(np.arange(40) / 25), "s")
    assert pair.common.sum() == 23  # 0 ... 0.88 s; later ones have no truth
    np.testing.assert_allclose(pair.truth[pair.common], pair.predicted[pair.common], atol=1e-12)


def test_by_frame_it_is_not_and_the_shorter_decides() -> None:
    pair = pair_by_frame(ramp(np.arange(10) / 10), ramp(np.arange(40) / 25), "s")
    assert len(pair.truth) == len(pair.predicted) == 10
    np.testing.assert_allclose(pair.truth[9, 0] - pair.predicted[9, 0], 0.9 - 9 / 25)


@given(rate=st.floats(10, 60), seconds=st.floats(1, 5))
def test_a_shift_in_rate_alone_costs_nothing_in_the_corrected_scores(
    rate: float, seconds: float
) -> None:
    """A smooth motion, sampled at another rate."""

    def sampled(fps: float) -> LandmarkTrack:
        times = frame_times(int(seconds * fps), fps)
        points = np.repeat(faces(5, 1), len(times), axis=0)
        points[:, 65:68, 1] += 10 + 40 * np.abs(times - seconds / 2)[:, None]
        return LandmarkTrack(points=points, times=times)

    lips = compare(sampled(100), sampled(rate))["lips"]
    assert np.abs(lips.truth - lips.predicted)[lips.common].max() < 0.05


def test_frames_that_are_not_complete_in_both_do_not_count() -> None:
    truth, guess = talking(1), talking(2)
    points = truth.points.copy()
    points[3, 20], points[7] = np.nan, np.nan
    pairs = compare(truth.replace(points=points), guess)
    for name in ("identity", "position"):
        assert np.flatnonzero(~pairs[name].common).tolist() == [3, 7]
    # the lips of frame 3 are whole
    assert np.flatnonzero(~pairs["lips"].common).tolist() == [7]
    scores = export_scores(pairs)
    assert scores["rmse"].n == 28 and scores["lips_mse"].n == 29
    framed = scores["rmse"].per_frame
    assert framed is not None and np.isnan(framed[[3, 7]]).all()
    assert scores["rmse"].value == pytest.approx(np.nanmean(framed))


# --- which numbers ------------------------------------------------------------------------------


@given(seed=seeds, scale=st.floats(0.1, 10), shift=st.floats(-500, 500))
def test_corrected_scores_do_not_depend_on_the_place_and_size_of_either_face(
    seed: int, scale: float, shift: float
) -> None:
    truth, guess = talking(seed), talking(seed + 1)
    moved = guess.replace(points=guess.points * scale + shift)
    one, two = (export_scores(compare(truth, g)) for g in (guess, moved))
    assert one.keys() == two.keys()
    for name in one:
        assert two[name].value == pytest.approx(one[name].value, rel=1e-6, abs=1e-9), name


@given(seed=seeds)
def test_a_prediction_that_is_the_truth_has_no_error(seed: int) -> None:
    truth = talking(seed)
    for published in (False, True):
        scores = export_scores(compare(truth, truth, published=published))
        assert scores["rmse"].value == scores["lips_mse"].value == 0
        assert all(score.n == 30 for score in scores.values())


def test_published_scores_take_tracks_as_given() -> None:
    truth, guess = talking(1), talking(2)
    far = guess.replace(points=guess.points + 100)
    pairs = compare(truth, far, published=True)
    assert "identity" not in pairs
    assert export_scores(pairs)["rmse"].value == pytest.approx(100 * np.sqrt(2), rel=0.2)
    assert export_scores(pairs)["rmse"].unit == "pixel"


def test_the_unit_of_position_is_the_distance_of_the_eye_centres() -> None:
    truth, guess = talking(1), talking(2)
    one = export_scores(compare(truth, guess))
    two = export_scores(pairs_of(truth, guess, template=TEMPLATE * 2)[0])
    assert one["rmse"].unit == one["mouth_rmse"].unit == "IOD"
    assert two["rmse"].value == pytest.approx(one["rmse"].value / 2)


def test_the_mouth_alone() -> None:
    truth, guess = talking(1), talking(2)
    whole, mouth = (compare(truth, guess, mouth_only=m)["position"] for m in (False, True))
    np.testing.assert_array_equal(mouth.truth, whole.truth[:, 48:68])
    lips = pairs_of(select_mouth(truth), guess, mouth_only=True, published=True)[0]
    np.testing.assert_array_equal(lips["position"].truth, truth.points[:, 48:68])


@given(seed=seeds, scale=st.floats(0.01, 100))
def test_the_width_normalisation_makes_size_irrelevant_and_its_largest_x_one(
    seed: int, scale: float
) -> None:
    points = faces(seed) - 100
    one = normalise_width(make_track(points))
    two = normalise_width(make_track(points * scale))
    np.testing.assert_allclose(two.points, one.points, rtol=1e-9, atol=1e-9)
    assert one.points[..., 0].max() == pytest.approx(1)


def test_the_width_normalisation_by_hand() -> None:
    points = np.zeros((2, 68, 2))
    points[:, 0], points[:, 16] = (-3, 0), (3, 0)
    points[1, 16] = (5, 6)  # widths 6 and 10: half their mean is 4
    got = normalise_width(make_track(points)).points
    np.testing.assert_allclose(got[0, [0, 16, 30]], np.array([[1, 0], [7, 0], [4, 0]]) / 9)
    np.testing.assert_allclose(got[1, 16], np.array([9, 6]) / 9)


def test_shuffled_frames_are_the_same_frames_in_another_order() -> None:
    truth = talking(1)
    pairs = [compare(truth, truth, shuffle=seed)["shuffled"] for seed in (3, 3, 4)]
    np.testing.assert_array_equal(pairs[0].predicted, pairs[1].predicted)
    assert (pairs[0].predicted != pairs[2].predicted).any()
    ordered = [np.sort(p.predicted, axis=0) for p in (pairs[0], compare(truth, truth)["position"])]
    np.testing.assert_array_equal(*ordered)
    scores = export_scores(compare(truth, truth, shuffle=3))
    assert scores["rmse"].value == 0 < scores["rmse_shuffled"].value


def test_a_missing_frame_stays_where_it_is_when_frames_are_shuffled() -> None:
    points = talking(1).points.copy()
    points[4] = np.nan
    pair = compare(make_track(points), talking(2), shuffle=0)["shuffled"]
    assert np.flatnonzero(~pair.common).tolist() == [4]


# --- in a basis ---------------------------------------------------------------------------------


def eye5_lips(track: LandmarkTrack) -> np.ndarray:
    return align(track, "lips", mouth_only=True).points


def test_errors_in_a_basis() -> None:
    truth, guess = talking(1, 40), talking(2, 40)
    basis = fit_shape_space(eye5_lips(truth), 8)
    scores = export_scores(compare(truth, guess, basis=basis))
    own, given = (basis.project(eye5_lips(t)) for t in (truth, guess))
    assert scores["basis_mse"].value == pytest.approx(((own - given) ** 2).mean())
    kept = basis.reconstruct(own)
    expected = ((kept - eye5_lips(truth)) ** 2).mean()
    assert scores["reconstruction_mse"].value == pytest.approx(expected)
    # what the basis drops cannot be predicted in it: orthogonal parts of the squared error add up
    assert scores["lips_mse"].value >= scores["basis_mse"].value * 8 / 40


@pytest.mark.parametrize("published", [False, True], ids=["corrected", "published"])
def test_lips_in_their_own_space_are_compared_as_lips_alone(published: bool) -> None:
    truth, guess = talking(1), talking(2)
    lips = align(guess, "lips", mouth_only=True)
    one = compare(truth, guess, published=published)["lips"]
    pairs, notes = pairs_of(truth, lips, published=published)
    assert set(pairs) == {"lips"} and len(notes) == 1 and "only lip scores" in notes[0]
    np.testing.assert_allclose(pairs["lips"].predicted, one.predicted, atol=1e-12)


def test_two_tracks_of_normalised_lips_can_be_taken_as_given() -> None:
    truth, guess = (align(talking(k), "lips", mouth_only=True) for k in (1, 2))
    scores = export_scores(pairs_of(truth, guess, published=True)[0])
    assert scores["rmse"].unit == "eye5" and set(scores) == {"rmse", "lips_mse"}
    gap = ((truth.points - guess.points) ** 2).mean(axis=(1, 2))
    assert scores["lips_mse"].value == pytest.approx(gap.mean())
    assert scores["rmse"].value == pytest.approx(np.sqrt(2 * gap).mean())


# --- refusals and remarks -----------------------------------------------------------------------

LIPS = select_mouth(talking(2))
REFUSED: dict[str, tuple[LandmarkTrack, dict[str, Any], str]] = {
    "68 points beside 20": (LIPS, {"published": True}, "--mouth-only"),
    "identity of lips alone": (LIPS, {}, "68-point"),
    "a width without a jaw": (LIPS, {"normalise": True, "published": True}, "0 and 16"),
    "a basis of whole faces": (
        talking(2),
        {"basis": fit_shape_space(talking(3).points, 8)},
        "40 numbers",
    ),
    "a basis in pixels": (
        talking(2),
        {"basis": fit_shape_space(LIPS.points, 8, space="pixel")},
        "in 'pixel'",
    ),
    "a basis without eyes to normalise by": (
        LIPS,
        {"basis": fit_shape_space(faces(0, 20, 20), 8), "published": True, "mouth_only": True},
        "eyes",
    ),
    "no frame of the prediction": (talking(2, 0), {"published": True}, "no common frame"),
    "every x below 0": (
        talking(2).replace(points=talking(2).points - 9999),
        {"normalise": True, "published": True},
        "largest x",
    ),
}


@pytest.mark.parametrize(("predicted", "options", "word"), REFUSED.values(), ids=list(REFUSED))
def test_what_cannot_be_compared_is_one_sentence(
    predicted: LandmarkTrack, options: dict[str, Any], word: str
) -> None:
    with pytest.raises(BadInput, match=word) as caught:
        pairs_of(talking(1), predicted, **options)
    sentence(caught.value)


def test_lip_scores_are_left_out_aloud() -> None:
    pairs, notes = pairs_of(talking(1), LIPS, mouth_only=True, published=True)
    assert set(pairs) == {"position"}
    assert len(notes) == 1 and "Lip scores are left out" in notes[0] and "eyes" in notes[0]


def test_two_spaces_taken_as_given_are_remarked() -> None:
    _, notes = pairs_of(talking(1), talking(2).replace(space="template"), published=True)
    assert len(notes) == 1 and "'pixel'" in notes[0] and "'template'" in notes[0]


# --- cards --------------------------------------------------------------------------------------


CARDS = {**SCORES, **OVER_CLIPS}


@pytest.mark.parametrize("name", list(CARDS))
def test_every_score_is_explained_on_its_card_and_in_the_documentation(name: str) -> None:
    card = CARDS[name]
    assert card.name == name
    words = [name, card.formula, card.points, card.normaliser, card.unit, card.better]
    row = "| " + " | ".join([*words, card.n, card.source]) + " |"
    assert row in DOC.read_text()


def test_the_documentation_explains_no_other_score() -> None:
    rows = re.findall(r"^\| ([a-z_0-9]+) (?:\|[^|\n]*){7}\|$", DOC.read_text(), flags=re.MULTILINE)
    assert set(rows) - {"score"} == set(CARDS)


def test_every_card_belongs_to_a_comparison_that_is_made() -> None:
    truth = talking(1, 40)
    basis = fit_shape_space(eye5_lips(truth), 8)
    pairs = compare(truth, talking(2, 40), basis=basis, shuffle=1)
    assert {pair for pair, _ in MEASURES.values()} == set(pairs)
    assert set(export_scores(pairs)) == set(MEASURES) == set(SCORES) - set(HEADLINE)


# --- all scores of one prediction ---------------------------------------------------------------


def test_the_headline_scores_stand_first_and_others_name_their_reference() -> None:
    scores, notes = score_track(talking(1, 40), talking(2, 40), template=TEMPLATE)
    names = [name for name in HEADLINE if name in scores]
    assert list(scores)[: len(names)] == names and notes == []
    marked = {name for name, score in scores.items() if score.reference}
    assert marked == {"mouth_rmse", "opening_correlation", "variance_ratio", "rmse"}
    assert scores["mouth_rmse"].heading("mouth_rmse") == "mouth RMSE (IOD) (closed-mouth reference)"


def test_what_is_published_has_no_headline_scores_and_no_reference() -> None:
    scores, _ = score_track(talking(1), talking(2), published=True)
    assert set(scores) == {"rmse", "lips_mse"}
    assert not any(score.reference for score in scores.values())


def test_one_kind_of_score_is_enough() -> None:
    """Lips in pixels have headline scores where their IOD is given, and no others."""
    truth = talking(1, 40)
    lips = select_mouth(talking(2, 40))
    scores, notes = score_track(truth, lips, iod=30.0)
    assert set(scores) <= set(HEADLINE) and len(notes) == 1 and "closed-mouth" in notes[0]
    with pytest.raises(BadInput) as caught:
        score_track(truth, lips)
    sentence(caught.value)


def test_the_lip_motion_error_of_every_frame_is_kept() -> None:
    scores, _ = score_track(talking(1, 40), talking(2, 40), template=TEMPLATE)
    score = scores["lip_motion_error"]
    assert score.per_frame is not None
    assert np.sqrt(np.mean(score.per_frame**2)) == pytest.approx(score.value)
