"""The player's buffer: exact where it must be, bounded where it rounds, inert text."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.render.player import (
    PlayerPanel,
    pack_player,
    player_script,
    player_style,
    unpack_player,
    waveform_peaks,
)
from core.tracks.labels import TimedLabel
from core.tracks.track import LandmarkTrack


def make_track(frames: int = 7, seed: int = 0, scale: float = 100.0) -> LandmarkTrack:
    points = np.random.default_rng(seed).normal(size=(frames, 68, 2)) * scale
    return LandmarkTrack(points, np.arange(frames) / 25)


def pack(*panels: PlayerPanel, **options: object) -> bytes:
    settings: dict[str, object] = {"media_url": None, "has_video": False, "duration": 2.0}
    return pack_player(panels, **{**settings, **options})  # type: ignore[arg-type]


@given(
    st.integers(0, 2**32 - 1),
    st.floats(1e-6, 1e9),
    st.floats(-1e6, 1e6),
    st.integers(1, 9),
)
def test_rounding_stays_below_a_65000th_of_the_range(
    seed: int, scale: float, shift: float, frames: int
) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(frames, 68, 2)) * scale + shift
    points[rng.random((frames, 68)) < 0.2] = np.nan
    track = LandmarkTrack(points, np.arange(frames) / 30)
    back = unpack_player(pack(PlayerPanel("a", track=track))).points[0]
    assert (np.isnan(back) == np.isnan(track.points)).all()
    for axis in range(2):
        found = track.points[..., axis][track.valid]
        if found.size:
            error = np.abs(back[..., axis][track.valid] - found).max()
            assert error <= np.ptp(found) / 65_000 + 4 * np.spacing(np.abs(found).max())


def test_ends_of_the_range_come_back_and_constant_coordinates_are_exact() -> None:
    points = np.full((2, 68, 2), 3.25)
    points[1, :, 0] = 4.5
    back = unpack_player(pack(PlayerPanel("a", track=LandmarkTrack(points, [0, 1])))).points[0]
    np.testing.assert_allclose(back, points, rtol=1e-12)


def test_a_track_without_any_face_is_all_missing() -> None:
    track = LandmarkTrack(np.full((3, 68, 2), np.nan), np.arange(3) / 25)
    assert np.isnan(unpack_player(pack(PlayerPanel("a", track=track))).points[0]).all()


def test_depth_travels() -> None:
    points = np.random.default_rng(1).normal(size=(4, 68, 3))
    back = unpack_player(pack(PlayerPanel("a", track=LandmarkTrack(points, np.arange(4) / 25))))
    np.testing.assert_allclose(back.points[0], points, atol=1e-3)


def test_depth_points_towards_the_viewer_for_every_scheme() -> None:
    points = np.random.default_rng(0).normal(size=(4, 468, 3))
    mesh = LandmarkTrack(points, np.arange(4) / 25, scheme="facemesh468")  # z away from the viewer
    found = unpack_player(pack(PlayerPanel("mesh", track=mesh))).points[0]
    np.testing.assert_allclose(found, points * (1, 1, -1), atol=1e-3)


@given(seed=st.integers(0, 99), largest=st.floats(0, 1e4))
def test_the_spread_travels_in_a_byte_for_each_landmark(seed: int, largest: float) -> None:
    rng = np.random.default_rng(seed)
    spread = largest * rng.random((5, 68))
    spread[rng.random((5, 68)) < 0.2] = np.nan
    track = make_track(5).replace(spread=spread)
    bare, packed = (pack(PlayerPanel("a", track=t)) for t in (make_track(5), track))
    back = unpack_player(packed).spread[0]
    assert back is not None
    np.testing.assert_array_equal(np.isnan(back), np.isnan(spread))
    assert np.nanmax(np.abs(back - spread)) <= np.nanmax(spread) / 500
    assert len(packed) - len(bare) <= spread.size + 100
    assert unpack_player(bare).spread == (None,)


def test_a_spread_in_pixels_is_not_drawn_on_a_face_in_other_units() -> None:
    track = make_track(5).replace(spread=np.ones((5, 68)), space="template")
    assert unpack_player(pack(PlayerPanel("a", track=track))).spread == (None,)


def test_times_travel_as_float32_and_a_steady_rate_is_named() -> None:
    steady = LandmarkTrack(np.zeros((60, 68, 2)), np.arange(60) * 1001 / 30000)
    uneven = LandmarkTrack(np.zeros((4, 68, 2)), [0.0, 0.04, 0.1, 0.12])
    read = unpack_player(pack(PlayerPanel("a", track=steady), PlayerPanel("b", track=uneven)))
    assert read.header["tracks"][0]["rate"] == pytest.approx(30000 / 1001)
    assert read.header["tracks"][1]["rate"] is None
    np.testing.assert_array_equal(read.times[1], np.float32([0.0, 0.04, 0.1, 0.12]))


def test_everything_after_the_header_is_aligned_and_shared_tracks_travel_once() -> None:
    track = make_track(frames=3)
    buffer = pack(
        PlayerPanel("å", track=track),
        PlayerPanel("b", track=track),
        peaks=np.linspace(0, 1, 5),
        video_times=[0.0, 0.05, 0.11],
    )
    (length,) = struct.unpack_from("<I", buffer)
    header = json.loads(buffer[4 : 4 + length])
    assert length % 4 == 0
    assert len(header["tracks"]) == 1
    assert [panel["track"] for panel in header["panels"]] == [0, 0]
    entry = header["tracks"][0]
    sections = [entry["data"], entry["times"], header["peaks"], header["video"]["times"]]
    assert all(section["offset"] % 4 == 0 for section in sections)
    read = unpack_player(buffer)
    np.testing.assert_array_equal(read.peaks, np.linspace(0, 1, 5, dtype=np.float32))
    np.testing.assert_array_equal(read.video_times, np.float32([0.0, 0.05, 0.11]))


@pytest.mark.parametrize(
    "text",
    [
        "</script><script>1</script>",
        '"><img src=x onerror=alert(1)>',
        "a\0b\n\u2028",
        "\udcff",
    ],
    ids=["closing script", "attribute break", "control characters", "lone surrogate"],
)
def test_hostile_text_stays_data(text: str) -> None:
    panel = PlayerPanel(text, track=make_track(), caption=text)
    read = unpack_player(pack(panel, labels={text: [TimedLabel(0, 1, text)]}))
    expected = text.encode("utf-8", errors="replace").decode()
    assert read.header["panels"][0]["title"] == expected
    assert read.header["lanes"][0] == {
        "name": expected,
        "labels": [{"start": 0, "end": 1, "label": expected}],
    }


def test_the_script_writes_no_markup_and_stands_alone() -> None:
    script = player_script()
    for word in ("innerHTML", "insertAdjacentHTML", "outerHTML", "document.write", "eval("):
        assert word not in script
    assert not [line for line in script.splitlines() if line.startswith("import ")]
    assert "export default function" in script
    assert "\n" in script
    assert "\n" in player_style()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"duration": 0.0}, "duration"),
        ({"duration": float("nan")}, "duration"),
        ({"fps": 0.0}, "rate"),
        ({"video_times": [0.0, 0.0]}, "increase"),
        ({"peaks": np.zeros((2, 2))}, "peaks"),
        ({"labels": {"w": [TimedLabel(1, 0, "x")]}}, "label"),
    ],
)
def test_bad_options_are_named(options: dict[str, object], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        pack(PlayerPanel("a", track=make_track()), **options)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "landmarks"}, "track"),
        ({"kind": "sound"}, "sound"),
        ({"style": "oil"}, "oil"),
        ({"kind": "video", "colour": "red"}, "rrggbb"),
        ({"kind": "video", "colour": "#00000g"}, "rrggbb"),
        ({"kind": "video", "fit": (0, 0, 0, 1)}, "viewport"),
    ],
)
def test_bad_panels_are_named(fields: dict[str, object], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        PlayerPanel("a", **fields)  # type: ignore[arg-type]


def test_no_panels_is_an_error() -> None:
    with pytest.raises(BadInput, match="panel"):
        pack()


def test_peaks_are_relative_to_the_loudest() -> None:
    sound = np.array([0, 0.1, -0.5, 0.2, np.nan, 0.25])
    np.testing.assert_allclose(waveform_peaks(sound, bins=3), [0.2, 1, 0.5])
    assert not waveform_peaks(np.zeros(10), bins=4).any()
    assert waveform_peaks(np.zeros(0)).size == 0
