"""Bootstrap intervals: over clips, over speakers, of differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.evaluation import (
    mean_interval,
    median_interval,
    paired_difference,
    pooled_skill,
    skill_interval,
)


@given(values=st.lists(st.floats(-100, 100), min_size=2, max_size=30))
def test_the_interval_lies_within_the_values_and_is_the_same_every_time(
    values: list[float],
) -> None:
    found = mean_interval(values)
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9
    assert found == mean_interval(values)


def test_it_is_scipys_bca_interval() -> None:
    values = np.random.default_rng(1).exponential(1, 25)
    found = mean_interval(values)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=2000, method="BCa", rng=np.random.default_rng(0)
    ).confidence_interval
    assert found.method == "BCa"
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    middle = (found.low + found.high) / 2
    assert middle > found.value, "BCa follows the skew of the values"


def test_the_width_is_that_of_a_mean_and_narrows_with_more_clips() -> None:
    values = np.random.default_rng(0).normal(5, 1, 1000)
    few, many = mean_interval(values[:20]), mean_interval(values)
    assert many.low < values.mean() < many.high
    assert many.high - many.low == pytest.approx(3.92 * values.std() / math.sqrt(1000), rel=0.1)
    assert few.high - few.low > 4 * (many.high - many.low)


def test_where_bca_is_degenerate_percentiles_are_taken_and_named() -> None:
    found = mean_interval([0.5] * 8)
    assert (found.value, found.low, found.high, found.method) == (0.5, 0.5, 0.5, "percentile")


@pytest.mark.parametrize("values", [[], [np.nan], [3.0], [3.0, np.nan]])
def test_below_two_clips_there_is_no_interval(values: list[float]) -> None:
    found = mean_interval(values)
    assert math.isnan(found.low) and math.isnan(found.high) and found.method == "none"
    assert found.clips == np.isfinite(values).sum()


def test_unknown_values_are_left_out() -> None:
    assert mean_interval([1, np.nan, 3, 5]) == mean_interval([1, 3, 5])


def test_pooled_skill_has_an_interval_around_itself() -> None:
    rng = np.random.default_rng(2)
    stills, frames = rng.uniform(0.03, 0.06, 30), rng.integers(50, 100, 30)
    errors = stills * rng.uniform(0.4, 0.8, 30)
    found = skill_interval(errors, stills, frames)
    assert found.value == pytest.approx(pooled_skill(errors, stills, frames))
    assert found.low < found.value < found.high and found.statistic == "pooled"


def test_speakers_that_differ_widen_the_interval_by_speaker() -> None:
    rng = np.random.default_rng(3)
    speakers = [name for name in "abcd" for _ in range(10)]
    values = np.repeat([0.2, 0.4, 0.6, 0.8], 10) + rng.normal(0, 0.01, 40)
    found = mean_interval(values, speakers=speakers)
    assert found.speakers == 4
    assert found.by_speaker is not None
    assert np.ptp(found.by_speaker) > 2 * (found.high - found.low)
    assert found.to_json()["by_speaker"]["speakers"] == 4


@pytest.mark.parametrize(
    "speakers", [None, ["a"] * 6, ["a", "b", None, "a", "b", "a"]], ids=["none", "one", "unknown"]
)
def test_without_two_known_speakers_there_is_none_by_speaker(speakers: list[str] | None) -> None:
    found = mean_interval(np.arange(6.0), speakers=speakers)
    assert found.by_speaker is None and "by_speaker" not in found.to_json()


def test_paired_differences_are_narrower_than_what_they_are_differences_of() -> None:
    rng = np.random.default_rng(4)
    base = rng.normal(5, 1, 40)
    one, other = base + rng.normal(0.1, 0.05, 40), base
    found = paired_difference(one, other)
    assert found.low > 0 and found.value == pytest.approx((one - other).mean())
    single = mean_interval(one)
    assert found.high - found.low < (single.high - single.low) / 5


def test_the_value_is_named_by_its_statistic() -> None:
    values = [1.0, 2.0, 3.0, 10.0]
    assert mean_interval(values).to_json()["mean"] == 4
    assert median_interval(values).to_json()["median"] == 2.5
