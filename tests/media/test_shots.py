"""Shots: laws of cuts, films whose cuts are known, clips that have none."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from making import movie
from numpy.typing import NDArray

from core.errors import BadInput, NoVideo
from core.media import read_frames
from core.media.shots import (
    colour_distance,
    colour_histogram,
    cut_frames,
    find_shots,
    picture_change,
    picture_signature,
)

Image = NDArray[np.uint8]
CHANGES = arrays(np.float64, st.integers(0, 60), elements=st.floats(0, 100))


def scene(seed: int, frames: int, shift: int = 0) -> list[Image]:
    """Blocks of colour that drift by a pixel a frame."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 255, (6, 8, 3)).astype(np.uint8)
    wide = cv2.resize(blocks, (192, 96), interpolation=cv2.INTER_CUBIC)
    return [np.ascontiguousarray(wide[:, shift + k % 64 :][:, :128]) for k in range(frames)]


@given(changes=CHANGES, threshold=st.floats(0.1, 50), ratio=st.floats(1, 10))
def test_cuts_are_frames_in_order_that_change_enough(changes, threshold, ratio) -> None:  # type: ignore[no-untyped-def]
    cuts = cut_frames(changes, threshold=threshold, ratio=ratio)
    assert (np.diff(cuts) > 0).all()
    assert ((cuts >= 1) & (cuts <= len(changes))).all()
    assert (changes[cuts - 1] >= threshold).all()


@given(changes=CHANGES, low=st.floats(0.1, 20), more=st.floats(0, 20))
def test_a_higher_threshold_finds_no_other_cuts(changes, low, more) -> None:  # type: ignore[no-untyped-def]
    few, many = (set(cut_frames(changes, threshold=t).tolist()) for t in (low + more, low))
    assert few <= many


@given(changes=CHANGES)
def test_cuts_read_backwards_are_the_same(changes) -> None:  # type: ignore[no-untyped-def]
    forth = cut_frames(changes)
    back = len(changes) + 1 - cut_frames(changes[::-1])
    assert sorted(back.tolist()) == forth.tolist()


@pytest.mark.parametrize(("threshold", "ratio"), [(0, 1), (1, 0), (float("nan"), 1), (-1, 1)])
def test_options_that_find_everything_or_nothing(threshold: float, ratio: float) -> None:
    with pytest.raises(BadInput, match="above 0"):
        cut_frames(np.ones(3), threshold=threshold, ratio=ratio)


def test_known_cuts_are_found_and_shots_part_the_film(tmp_path: Path) -> None:
    images = [*scene(1, 14), *scene(2, 7), *scene(3, 20)]
    path = movie(tmp_path / "f.mp4", images, fps=20)
    shots = find_shots(path, like=colour_histogram(images[15]))
    assert [(s.start, s.stop) for s in shots] == [(0, 14), (14, 21), (21, 41)]
    assert [s.number for s in shots] == [1, 2, 3]
    assert [s.start_s for s in shots] == pytest.approx([0, 0.7, 1.05])
    assert [s.stop_s for s in shots] == pytest.approx([0.7, 1.05, 2.05])
    assert np.isnan(shots[0].change) and min(s.change for s in shots[1:]) > 2
    near = [s.distance for s in shots]
    assert near[1] < 0.25 < min(near[0], near[2])


def test_light_that_changes_and_fast_motion_are_no_cuts(tmp_path: Path) -> None:
    light = scene(1, 12)
    light[6:] = [np.clip(i.astype(int) + 12, 0, 255).astype(np.uint8) for i in light[6:]]
    fast = [np.roll(scene(1, 1)[0], 9 * k, axis=1) for k in range(14)]
    for name, images in (("light", light), ("fast", fast)):
        assert len(find_shots(movie(tmp_path / f"{name}.mp4", images))) == 1


@pytest.mark.parametrize("frames", [1, 2])
def test_the_shortest_films(tmp_path: Path, frames: int) -> None:
    path = movie(tmp_path / "f.mp4", [s[0] for s in (scene(1, 1), scene(2, 1))][:frames])
    shots = find_shots(path)
    assert [(s.start, s.stop) for s in shots] == [(k, k + 1) for k in range(frames)]
    assert shots[-1].stop_s == pytest.approx(frames / 25)


def test_sound_has_no_shots(shared: Path) -> None:
    with pytest.raises(NoVideo):
        find_shots(next((shared / "data/speech").glob("*.wav")))


def test_distances_of_pictures() -> None:
    black, white = (np.full((9, 7, 3), v, np.uint8) for v in (0, 255))
    histograms = [colour_histogram(i) for i in (black, white)]
    assert colour_distance(*histograms) == 1 and colour_distance(histograms[0], histograms[0]) == 0
    small = np.zeros((2, 2, 3), np.uint8)  # fewer pixels than cells
    assert picture_change(picture_signature(small), picture_signature(small)) == 0


CALM = ["vfr_dropped.mp4", "pexels_woman_turning_23976.mp4", "clm_cap13_vp8_noaudio.webm"]


@pytest.mark.parametrize("name", CALM)
def test_one_take_has_one_shot(shared: Path, name: str) -> None:
    assert len(find_shots(shared / "data/clips" / name)) == 1


def test_takes_of_one_speaker_before_one_wall_are_told_apart(shared: Path, tmp_path: Path) -> None:
    files = sorted((shared / "data/grid/video/s1").glob("*.mkv"))[::160]
    images, cuts = [], []
    for path in files:
        images += [f.image for f in read_frames(path, stop=1.0)]
        cuts.append(len(images))
    found = {s.start for s in find_shots(movie(tmp_path / "f.mp4", images))[1:]}
    assert found <= set(cuts), "a cut where there is none"
    assert len(found) >= len(cuts) - 2
