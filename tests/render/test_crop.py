"""A face cut out of its video: where the box lies, what stands still, which frames, which sound."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from faces import made_face
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput, NoFace, NoVideo, OutputExists, SpeechmarksError
from core.media import MovieWriter, Waveform, probe, read_audio, read_frames, write_wav
from core.render.canvas import warp
from core.render.crop import crop_movie, face_box, upright_maps
from core.render.palette import GROUND, rgb
from core.tracks.track import LandmarkTrack, frame_times

Array = np.ndarray[Any, Any]
SIZE = (320, 240)
FACE = made_face()[:, :2]
EYES = (slice(36, 42), slice(42, 48))
RED, GREEN, BLUE = (230, 20, 20), (20, 230, 20), (20, 20, 230)


def posed(count: int, *, still: bool = False) -> Array:
    """A face of about 90 pixels that moves, tilts and comes nearer; (count, 68, 2)."""
    poses = []
    for k in range(count):
        tilt, scale = (0.0, 330.0) if still else (0.5 * np.sin(k), 330.0 * (1 + 0.15 * np.cos(k)))
        turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
        shift = (150, 120) if still else (150 + 25 * np.sin(2 * k), 120 + 10 * np.cos(k))
        poses.append(FACE @ turn * scale + shift)
    return np.stack(poses)


def track_of(points: Array, fps: float | Fraction = 25, **fields: Any) -> LandmarkTrack:
    scheme = "lips20" if points.shape[1] == 20 else "dlib68"
    return LandmarkTrack(points, frame_times(len(points), fps), **{"scheme": scheme, **fields})


def eye_centres(points: Array) -> Array:
    """(T, 2, 2), the eye on the left of the picture first."""
    return np.stack([points[:, eye].mean(axis=1) for eye in EYES], axis=1)


def dotted(points: Array) -> list[Array]:
    """Pictures with a red and a green dot on the eyes and a blue one on the mouth."""
    pictures = []
    for eyes, mouth in zip(eye_centres(points), points[:, 48:].mean(axis=1), strict=True):
        image = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
        for (x, y), colour in zip([*eyes, mouth], (RED, GREEN, BLUE), strict=True):
            at = (round(x * 16), round(y * 16))
            cv2.circle(image, at, 6 * 16, colour, -1, cv2.LINE_AA, 4)
        pictures.append(image)
    return pictures


def found(image: Array, colour: tuple[int, int, int]) -> Array:
    """The centre (x, y) of a dot, by how far each pixel is on its way from grey to the colour."""
    channel = int(np.argmax(colour))
    others = [c for c in range(3) if c != channel]
    weight = image[..., channel].astype(float) - image[..., others].max(axis=-1)
    weight[weight < 60] = 0
    assert weight.sum() > 0, "the dot is not in the picture"
    rows, columns = np.indices(weight.shape)
    return np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()


def write(
    path: Path,
    images: list[Array],
    *,
    fps: float | Fraction = 25,
    times: Any = None,
    sound: Waveform | None = None,
) -> Path:
    tall, wide = images[0].shape[:2]
    with MovieWriter(path, size=(wide, tall), fps=fps, sound=sound, crf=4) as writer:
        for k, image in enumerate(images):
            writer.write(image, None if times is None else times[k])
    return path


def greys(count: int) -> list[Array]:
    """Frame k is grey of level 6 * k."""
    return [np.full((SIZE[1], SIZE[0], 3), 6 * k, np.uint8) for k in range(count)]


def levels(path: Path) -> list[int]:
    return [round(float(f.image.mean()) / 6) for f in read_frames(path)]


# --- geometry ----------------------------------------------------------------------------------


@st.composite
def tracks_in_pictures(draw: Any) -> tuple[LandmarkTrack, tuple[int, int]]:
    """Faces of any size in, partly in, or larger than a picture; steps below one face."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    wide, tall = draw(st.integers(40, 2000)), draw(st.integers(40, 2000))
    face = draw(st.floats(4, 900))
    place = rng.uniform(-0.3, 1.0, 2) * (wide, tall)
    shape = rng.uniform(0, 1, (1, 68, 2))
    moves = rng.uniform(0, 0.7, (draw(st.integers(1, 6)), 1, 2))
    points = place + face * (shape + moves)
    points[rng.uniform(size=points.shape[:2]) < 0.1] = np.nan
    return track_of(points), (wide, tall)


@given(tracks_in_pictures(), st.floats(0, 2))
def test_the_box_holds_every_point(made: Any, margin: float) -> None:
    track, _ = made
    left, top, side = face_box(track, made[1], margin=margin)
    points = track.points[track.valid]
    assert side % 2 == 0
    assert (points >= (left, top)).all()
    assert (points <= (left + side - 1, top + side - 1)).all()


@given(tracks_in_pictures(), st.floats(0, 2))
def test_the_box_leaves_the_picture_only_where_it_must(made: Any, margin: float) -> None:
    track, picture = made
    left, top, side = face_box(track, picture, margin=margin)
    low, high = np.nanmin(track.points, axis=(0, 1)), np.nanmax(track.points, axis=(0, 1))
    for start, a, b, whole in zip((left, top), low, high, picture, strict=True):
        if side <= whole and a >= 0 and b <= whole - 1:
            assert start >= 0 and start + side <= whole


def test_more_margin_makes_a_larger_box_up_to_the_picture() -> None:
    track = track_of(posed(10))
    sides = [face_box(track, (800, 600), margin=m)[2] for m in (0, 0.1, 0.3, 3)]
    assert sides == sorted(set(sides))
    assert sides[-1] == 600


def test_a_detection_gone_astray_does_not_widen_the_box() -> None:
    points = posed(60)
    expected = face_box(track_of(points), (4000, 4000))
    points[30] += 2500
    assert face_box(track_of(points), (4000, 4000)) == expected


@given(
    st.floats(-3.1, 3.1),
    st.floats(20, 3000),
    st.floats(-500, 2000),
    st.integers(64, 800),
    st.sampled_from(["face", "lips"]),
)
def test_normalised_eyes_are_level_and_equally_far_apart_and_the_mouth_stands_still(
    tilt: float, scale: float, shift: float, size: int, normalise: Any
) -> None:
    turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    moved = FACE @ turn * scale + (shift, -shift)
    both = np.stack([FACE * 400 + 100, moved])
    maps = upright_maps(both, size, normalise)
    assert (np.linalg.det(maps[:, :, :2]) > 0).all(), "mirrored"
    placed = np.einsum("tij,tnj->tni", maps[:, :, :2], both) + maps[:, None, :, 2]
    np.testing.assert_allclose(placed[0], placed[1], atol=1e-6 * size)
    (lx, ly), (rx, ry) = eye_centres(placed)[1]
    assert rx - lx == pytest.approx({"face": 0.27, "lips": 0.72}[normalise] * size)
    assert ly == pytest.approx(ry, abs=1e-6 * size)
    mouth = placed[1, 48:].mean(axis=0)
    assert mouth[0] == pytest.approx(size / 2 - 0.5)
    assert mouth[1] > ly, "upside down"


@pytest.mark.parametrize(
    ("change", "known"),
    [
        (lambda p: None, True),
        (lambda p: p.__setitem__((0, 8), np.nan), True),
        (lambda p: p.__setitem__((0, 37), np.nan), False),
        (lambda p: p.__setitem__((0, 60), np.nan), False),
        (lambda p: p.__setitem__(0, np.nan), False),
        (lambda p: p.__setitem__((0, EYES[1]), p[0, EYES[0]]), False),
    ],
    ids=["whole", "no chin", "half an eye", "half a mouth", "no face", "eyes in one place"],
)
def test_a_map_needs_eyes_and_mouth(change: Callable[[Array], None], known: bool) -> None:
    points = posed(2)
    change(points)
    maps = upright_maps(points, 256, "face")
    assert np.isfinite(maps[0]).all() == known
    assert np.isnan(maps[0]).all() != known
    assert np.isfinite(maps[1]).all()


def test_it_is_the_published_lip_normaliser_turned_upright(shared: Path) -> None:
    published = np.load(shared / "reference/hum/obama2s_lips.npz")
    points = published["interpolated"]
    maps = upright_maps(points, 500, "lips")
    placed = np.einsum("tij,tnj->tni", maps[:, :, :2], points) + maps[:, None, :, 2]
    np.testing.assert_allclose(placed, 249.5 - published["normalized"] * 0.72 * 500 / 5, atol=1e-6)


@pytest.mark.parametrize("scale", [0.1, 0.4, 1.0, 2.5])
def test_pictures_are_warped_to_where_the_map_says(scale: float) -> None:
    picture = np.full((240, 320, 3), 128, np.uint8)
    cv2.circle(picture, (200 * 16 + 5, 90 * 16 - 3), 30 * 16, RED, -1, cv2.LINE_AA, 4)
    cosine, sine = scale * np.cos(0.4), scale * np.sin(0.4)
    turn = np.array([[cosine, sine], [-sine, cosine]])
    centre = np.array([200 + 5 / 16, 90 - 3 / 16])
    matrix = np.column_stack([turn, (120, 90) - turn @ centre])
    assert np.abs(found(warp(picture, matrix, (240, 180)), RED) - (120, 90)).max() < 0.35


@pytest.mark.parametrize("scale", [1e-9, 1e9], ids=["far too small", "far too large"])
def test_absurd_maps_give_a_picture(scale: float) -> None:
    picture = np.full((240, 320, 3), 128, np.uint8)
    shown = warp(picture, [[scale, 0, 5], [0, scale, 5]], (64, 48))
    assert shown.shape == (48, 64, 3)


# --- movies ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("normalise", "size", "share", "place"),
    [("face", None, 0.27, 0.70), ("lips", 300, 0.72, 0.5), ("face", 97, 0.27, 0.70)],
)
def test_a_normalised_movie_holds_the_face_still(
    tmp_path: Path, normalise: Any, size: int | None, share: float, place: float
) -> None:
    points = posed(12)
    video = write(tmp_path / "v.mp4", dotted(points))
    made = crop_movie(video, track_of(points), tmp_path / "o.mp4", normalise=normalise, size=size)
    side = (size or 256) // 2 * 2
    assert (made.frames, made.size, made.box, made.no_face) == (12, (side, side), None, 0)
    for frame in read_frames(tmp_path / "o.mp4"):
        assert np.abs(found(frame.image, BLUE) - (side / 2 - 0.5, place * side - 0.5)).max() < 1.2
        if normalise == "face":  # the lips' picture shows no eyes
            left, right = found(frame.image, RED), found(frame.image, GREEN)
            assert np.abs(right - left - (share * side, 0)).max() < 1.2


@pytest.mark.parametrize("size", [None, 100], ids=["as it is", "made smaller"])
def test_a_fixed_box_shows_its_part_of_the_picture(tmp_path: Path, size: int | None) -> None:
    points = posed(10)
    video = write(tmp_path / "v.mp4", dotted(points))
    made = crop_movie(video, track_of(points), tmp_path / "o.mp4", size=size)
    assert made.box is not None
    left, top, side = made.box
    assert made.size == (size or side, size or side)
    scale = made.size[0] / side
    for frame, eyes in zip(read_frames(tmp_path / "o.mp4"), eye_centres(points), strict=True):
        expected = (eyes[0] - (left, top) + 0.5) * scale - 0.5
        assert np.abs(found(frame.image, RED) - expected).max() < 0.8


def test_what_lies_outside_the_picture_is_quiet_ground(tmp_path: Path) -> None:
    points = posed(3, still=True) + (0, 90)  # the chin leaves the picture at the bottom
    video = write(tmp_path / "v.mp4", greys(3))
    made = crop_movie(video, track_of(points), tmp_path / "o.mp4")
    assert made.box is not None
    outside = made.box[1] + made.box[2] - SIZE[1]
    assert outside > 4
    last = list(read_frames(tmp_path / "o.mp4"))[-1].image.astype(int)
    assert np.abs(last[-outside + 2 :] - rgb(GROUND)).max() < 12
    assert np.abs(last[: -outside - 2] - 12).max() < 12


@pytest.mark.parametrize("gone", ["landmarks", "times"])
def test_a_picture_without_a_face_says_so_and_shows_nothing_old(tmp_path: Path, gone: str) -> None:
    points = posed(10)
    video = write(tmp_path / "v.mp4", dotted(points))
    if gone == "landmarks":
        points[[0, 4, 5]] = np.nan
        track = track_of(points)
    else:
        keep = np.setdiff1d(np.arange(10), [0, 4, 5])
        track = LandmarkTrack(points[keep], frame_times(10, 25)[keep])
    made = crop_movie(video, track, tmp_path / "o.mp4", normalise="face")
    assert made.no_face == 3
    for k, frame in enumerate(read_frames(tmp_path / "o.mp4")):
        away = np.abs(frame.image.astype(int) - rgb(GROUND)).max(axis=2)
        assert (np.median(away) < 8) == (k in (0, 4, 5))
        if k in (0, 4, 5):
            assert away.max() > 60, "it does not say why"
            assert np.abs(np.ptp(frame.image.astype(int), axis=2)).max() < 40, "stale colours"


@pytest.mark.parametrize(
    ("rate", "to", "count"),
    [(25, 25, 20), (Fraction(30000, 1001), 25, 17), (50, 25, 10), (10, 25, 50), (25, 12.5, 10)],
    ids=["as it is", "29.97 to 25", "50 to 25", "10 to 25", "25 to 12.5"],
)
def test_each_picture_is_the_source_frame_nearest_in_time(
    tmp_path: Path, rate: float | Fraction, to: float, count: int
) -> None:
    video = write(tmp_path / "v.mp4", greys(20), fps=rate)
    made = crop_movie(video, track_of(posed(20, still=True), rate), tmp_path / "o.mp4", fps=to)
    assert made.frames == count
    info = probe(tmp_path / "o.mp4").video
    assert info is not None and info.fps == pytest.approx(to)
    moments, source = np.arange(count) / to, np.arange(20) / float(rate)
    away = np.abs(source - moments[:, None])
    for k, level in enumerate(levels(tmp_path / "o.mp4")):
        assert away[k, level] == pytest.approx(away[k].min(), abs=1e-4)


def test_a_variable_rate_is_sampled_by_its_own_times(tmp_path: Path) -> None:
    times = np.array([0, 0.04, 0.08, 0.30, 0.34, 0.60, 0.64, 0.80])
    points = posed(8)
    video = write(tmp_path / "v.mp4", greys(8), times=times)
    track = LandmarkTrack(points, times)
    made = crop_movie(video, track, tmp_path / "o.mp4")
    shown = levels(tmp_path / "o.mp4")
    assert len(shown) == made.frames
    assert shown[:20] == [int(np.argmin(np.abs(times - k / 25))) for k in range(20)]
    write(tmp_path / "d.mp4", dotted(points), times=times)
    still = crop_movie(tmp_path / "d.mp4", track, tmp_path / "n.mp4", normalise="face")
    assert still.no_face == 0
    for frame in read_frames(tmp_path / "n.mp4"):
        assert np.abs(found(frame.image, BLUE) - (127.5, 178.7)).max() < 1.2


def clap(at: float, seconds: float, rate: int = 16_000) -> Waveform:
    samples = np.zeros(round(seconds * rate), np.float32)
    samples[round(at * rate) : round(at * rate) + 160] = 0.9
    return Waveform(samples, rate)


def test_sound_stays_with_its_picture(tmp_path: Path) -> None:
    images = greys(30)
    images[18][:] = 255
    video = write(tmp_path / "v.mp4", images, fps=30, sound=clap(0.6, 1.0))
    crop_movie(video, track_of(posed(30), 30), tmp_path / "o.mp4")
    flash = max(read_frames(tmp_path / "o.mp4"), key=lambda f: float(f.image.mean())).time
    sound = read_audio(tmp_path / "o.mp4")
    loud = np.flatnonzero(np.abs(sound.samples) > 0.4)[0] / sound.rate
    assert flash == pytest.approx(0.6, abs=0.021)
    assert loud == pytest.approx(0.6, abs=0.01)


def test_sound_that_starts_late_stays_late(shared: Path, tmp_path: Path) -> None:
    video = shared / "data/clips/audio_starts_late_0.5s.mp4"
    info = probe(video)
    assert info.video is not None and info.audio is not None and info.audio.start > 0.4
    points = np.repeat(posed(1), info.video.n_frames, axis=0)
    crop_movie(video, LandmarkTrack(points, info.video.times), tmp_path / "o.mp4")
    before, after = read_audio(video), read_audio(tmp_path / "o.mp4")
    first = [np.flatnonzero(np.abs(s.samples) > 0.01)[0] / s.rate for s in (before, after)]
    assert first[0] > 0.4
    assert first[1] == pytest.approx(first[0], abs=0.02)


def test_a_silent_film_stays_one(tmp_path: Path) -> None:
    video = write(tmp_path / "v.mp4", greys(3))
    crop_movie(video, track_of(posed(3)), tmp_path / "o.mp4")
    assert probe(tmp_path / "o.mp4").audio is None


def test_burn_in_writes_on_the_bottom_alone(tmp_path: Path) -> None:
    video = write(tmp_path / "v.mp4", greys(12)[6:])
    track = track_of(posed(6, still=True))
    pictures = []
    for burn_in in (False, True):
        out = tmp_path / f"{burn_in}.mp4"
        crop_movie(video, track, out, burn_in=burn_in, size=200)
        pictures.append(np.stack([f.image.astype(int) for f in read_frames(out)]))
    plain, burnt = pictures
    assert np.abs(plain - burnt)[:, :176].max() < 12
    strips = burnt[:, 186:]
    assert all((strips[k].max() > 150) for k in range(6))
    assert all(np.abs(strips[k] - strips[k + 1]).max() > 80 for k in range(5)), "same number twice"


def test_progress_is_heard_and_can_stop_the_work(tmp_path: Path) -> None:
    video = write(tmp_path / "v.mp4", greys(6))
    heard: list[float] = []
    crop_movie(video, track_of(posed(6)), tmp_path / "o.mp4", progress=heard.append)
    assert heard == sorted(heard) and heard[-1] == 1.0

    def stop(share: float) -> None:
        raise KeyboardInterrupt

    before = sorted(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt):
        crop_movie(video, track_of(posed(6)), tmp_path / "p.mp4", progress=stop)
    assert sorted(tmp_path.iterdir()) == before


def test_nothing_is_replaced_unless_asked(tmp_path: Path) -> None:
    video, out = write(tmp_path / "v.mp4", greys(3)), tmp_path / "o.mp4"
    out.write_bytes(b"mine")
    with pytest.raises(OutputExists, match="--force"):
        crop_movie(video, track_of(posed(3)), out)
    assert out.read_bytes() == b"mine"
    crop_movie(video, track_of(posed(3)), out, force=True)
    assert probe(out).video is not None


NOWHERE = np.full((3, 68, 2), np.nan)
EYELESS = posed(3)
EYELESS[:, 36:48] = np.nan


@pytest.mark.parametrize(
    ("points", "options", "kind", "reason"),
    [
        (NOWHERE, {}, NoFace, "has a face"),
        (NOWHERE, {"normalise": "face"}, NoFace, "has a face"),
        (np.empty((0, 68, 2)), {}, NoFace, "None of the 0 frames of the track"),
        (EYELESS, {"normalise": "face"}, NoFace, "both eyes"),
        (posed(3)[:, 48:], {"normalise": "face"}, BadInput, "all 68 points"),
        (posed(3)[:, 48:], {"normalise": "lips"}, BadInput, "all 68 points"),
        (posed(3) / 320, {"space": "unit"}, BadInput, "unit space"),
        (posed(3) + 5000, {}, BadInput, "outside the 320 x 240"),
        (posed(3) * 1e9, {}, BadInput, "outside the 320 x 240"),
        (posed(3), {"normalise": "nose"}, BadInput, "face or lips"),
        (posed(3), {"fps": 0}, BadInput, "from 0.01"),
        (posed(3), {"fps": float("nan")}, BadInput, "from 0.01"),
        (posed(3), {"margin": -0.1}, BadInput, "from 0 to 5"),
        (posed(3), {"size": 10}, BadInput, "pixels a side"),
        (posed(3), {"target": "o.gif"}, BadInput, "written as .mp4"),
    ],
)
def test_refusals_say_why_and_leave_nothing(
    tmp_path: Path, points: Array, options: dict[str, Any], kind: type, reason: str
) -> None:
    video = write(tmp_path / "v.mp4", greys(3))
    options = dict(options)
    track = track_of(points, space=options.pop("space", "pixel"))
    target = tmp_path / options.pop("target", "o.mp4")
    with pytest.raises(SpeechmarksError, match=reason) as caught:
        crop_movie(video, track, target, **options)
    assert isinstance(caught.value, kind)
    assert list(tmp_path.iterdir()) == [video]


def test_sound_alone_has_nothing_to_crop(tmp_path: Path) -> None:
    write_wav(tmp_path / "s.wav", clap(0.1, 0.5))
    with pytest.raises(NoVideo, match="no video track"):
        crop_movie(tmp_path / "s.wav", track_of(posed(3)), tmp_path / "o.mp4")


def test_one_wild_point_cannot_ask_for_a_huge_picture(tmp_path: Path) -> None:
    points = posed(3)
    points[:, 0] = 1e8
    video = write(tmp_path / "v.mp4", greys(3))
    with pytest.raises(BadInput, match="more than 4096"):
        crop_movie(video, track_of(points), tmp_path / "o.mp4")
    made = crop_movie(video, track_of(points), tmp_path / "o.mp4", size=64)
    assert made.frames == 3
