"""Numbered pictures of a track: one a frame, at one scale, nothing left out."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from faces import made_face, made_track

from core.errors import BadInput, NoFace
from core.render.palette import ACCENT, GROUND, INK, rgb
from core.render.series import picture_series
from core.render.view import fit_view
from core.tracks.track import LandmarkTrack, frame_times

Array = np.ndarray[Any, Any]
FACE = made_face()[:, :2]
GROUND_ROW = np.array(rgb(GROUND))


def decoded(data: bytes) -> Array:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture[..., ::-1]


def near(image: Array, colour: str, within: int = 60) -> Array:
    return np.asarray((np.abs(image.astype(int) - rgb(colour)) < within).all(axis=2))


def tracks() -> dict[str, LandmarkTrack]:
    """The same talking face in every space and scheme."""
    base = made_track(4, 30, points=made_track(4).points[..., :2])
    lips = base.replace(points=base.points[:, 48:], scheme="lips20")
    return {
        "template": base,
        "template with depth": made_track(4, 30),
        "pixel": base.replace(points=base.points * 900 + (960, 540), space="pixel"),
        "unit": base.replace(points=base.points + 0.5, space="unit"),
        "crop256": base.replace(points=base.points * 600 + 128, space="crop256"),
        "procrustes": base.replace(points=base.points * 1.3, space="procrustes"),
        "eye5": base.replace(points=-base.points * 41, space="eye5"),
        "lips alone": lips,
        "lips alone, y up": lips.replace(points=-lips.points * 41, space="eye5"),
    }


@pytest.mark.parametrize("name", tracks())
@pytest.mark.parametrize("style", ["wireframe", "dots"])
def test_every_space_fills_the_picture(name: str, style: Any) -> None:
    pictures = list(picture_series(tracks()[name], style=style, size=(300, 320), points=True))
    assert [n for n, _ in pictures] == ["0000.png", "0001.png", "0002.png", "0003.png"]
    for _, data in pictures:
        image = decoded(data)
        assert image.shape == (320, 300, 3)
        rows, columns = np.nonzero(near(image[30:], INK))
        assert max(np.ptp(rows), np.ptp(columns)) > 190


@pytest.mark.parametrize("name", ["template", "pixel", "eye5"])
def test_a_painted_series_takes_any_space(name: str) -> None:
    image = decoded(next(picture_series(tracks()[name], style="painted", size=(200, 220)))[1])
    assert near(image, "#b2804c", 8).mean() > 0.15, "no skin"


def test_a_picture_is_the_face_at_one_scale_for_all_frames() -> None:
    points = np.stack([FACE * (400 * s) + (300, 300) for s in (1.0, 0.5, 0.75)])
    track = LandmarkTrack(points, frame_times(3, 25))
    view = fit_view(track, (400, 400), margin=0.1)
    series = picture_series(track, style="dots", size=(400, 400), numbers=False)
    for (_, data), face in zip(series, points, strict=True):
        marks = near(decoded(data), INK)
        rows, columns = np.nonzero(marks)
        expected = view.apply(face)
        drawn = [columns.min(), rows.min(), columns.max(), rows.max()]
        assert np.abs(drawn - np.r_[expected.min(axis=0), expected.max(axis=0)]).max() < 4


def test_y_up_spaces_are_drawn_upright() -> None:
    track = tracks()["eye5"]
    image = decoded(next(picture_series(track, size=(300, 300), numbers=False))[1])
    rows = np.nonzero(near(image, INK).any(axis=1))[0]
    chin = near(image, INK)[rows[-1] - 2].nonzero()[0]
    assert 120 < chin.mean() < 180 and np.ptp(chin) < 90, "the chin is not at the bottom"


@pytest.mark.parametrize("name", ["pixel", "eye5", "lips alone"])
def test_every_point_carries_its_number(name: str) -> None:
    track = tracks()[name]
    size = (900, 900)
    view = fit_view(track, size, margin=0.1)
    pictures = [
        decoded(next(picture_series(track, style="dots", size=size, points=p, numbers=False))[1])
        for p in (False, True)
    ]
    written = near(pictures[1], ACCENT, 50)
    assert not near(pictures[0], ACCENT, 50).any()
    for x, y in np.round(view.apply(track.points[0])).astype(int):
        assert written[y - 22 : y + 23, x - 26 : x + 27].any()


def test_missing_points_carry_none() -> None:
    points = np.repeat(FACE[None] * 900 + 500, 2, axis=0)
    points[1, 8] = np.nan
    track = LandmarkTrack(points, frame_times(2, 25))
    view = fit_view(track, (900, 900), margin=0.1)
    x, y = np.round(view.apply(points[0, 8])).astype(int)
    series = picture_series(track, size=(900, 900), points=True, numbers=False)
    seen = [
        near(decoded(data), ACCENT, 50)[y : y + 24, x - 14 : x + 15].any() for _, data in series
    ]
    assert seen == [True, False]


def test_a_frame_without_a_face_says_so_and_keeps_its_number() -> None:
    points = np.repeat(FACE[None] * 900, 3, axis=0)
    points[1] = np.nan
    pictures = dict(picture_series(LandmarkTrack(points, frame_times(3, 25)), size=(300, 300)))
    assert list(pictures) == ["0000.png", "0001.png", "0002.png"]
    middle = decoded(pictures["0001.png"])[30:].astype(int)
    away = np.abs(middle - rgb(GROUND)).max(axis=2) > 40
    rows, columns = np.nonzero(away)
    assert 20 < away.sum() < 1500
    assert columns.min() > 100 and columns.max() < 200 and rows.min() > 110 and rows.max() < 160


def test_frame_number_and_time_stand_above_the_face_unless_unwanted() -> None:
    track = tracks()["pixel"]
    with_numbers, without = (
        [decoded(data) for _, data in picture_series(track, size=(300, 300), numbers=n)]
        for n in (True, False)
    )
    strips = [image[:18] for image in with_numbers]
    assert all((strip != GROUND_ROW).any() for strip in strips)
    assert all((a != b).any() for a, b in zip(strips, strips[1:], strict=False))
    assert all((image[:18] == GROUND_ROW).all() for image in without)


@pytest.mark.parametrize(
    ("change", "options", "reason"),
    [
        ({}, {"style": "portrait"}, "wireframe, painted, dots"),
        ({}, {"size": (10, 300)}, "64 to 4096"),
        ({}, {"size": (300, 5000)}, "64 to 4096"),
        ({}, {"colour": "red"}, "#rrggbb"),
        ({"points": np.empty((0, 68, 2)), "times": np.empty(0)}, {}, "at least one frame"),
        ({"points": np.full((4, 68, 2), np.nan)}, {}, "has a face"),
        ({"points": FACE[None, 48:].repeat(4, 0), "scheme": "lips20"}, {"style": "painted"}, "68"),
    ],
    ids=["a style", "small", "large", "a colour", "no frames", "no face", "painted lips"],
)
def test_refusals_say_why(change: Any, options: Any, reason: str) -> None:
    with pytest.raises((BadInput, NoFace), match=reason):
        list(picture_series(made_track(4).replace(**change), **options))
