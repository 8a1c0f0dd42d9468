"""Expression transfer: the laws of the motion, a photo that does not tear, and its mark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from faces import made_face, made_track
from hypothesis import given
from hypothesis import strategies as st
from making import Array, make_track, movie, sentence, tone

from core.align import shipped_template
from core.errors import BadInput, DegenerateShape, NoFace, OutputExists
from core.media import probe, read_frame, read_frames
from core.neutral import inner_opening
from core.neutral.retargeting import motion_of, rest_face, retarget_motion
from core.render.face_mesh import build_mesh, move_mesh, signed_areas
from core.render.photo import MARK, mark_box, speak_photo
from core.render.retargeting import (
    clip_portrait,
    drawn_portrait,
    photo_portrait,
    portrait_frame,
    retargeting_movie,
)
from core.samples import SAMPLE
from core.tracks.scheme import DLIB68
from core.tracks.track import LandmarkTrack

MOTION = made_track(12)
seeds = st.integers(0, 10_000)
SKIN = (214, 168, 140)


def target(seed: int = 0) -> Array:
    """Some face in pixels: another shape than the motion's, turned, 200 pixels wide."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(-0.4, 0.4)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    face = made_face(0.0)[:, :2] * (1, rng.uniform(0.9, 1.15)) + rng.normal(0, 0.001, (68, 2))
    return np.asarray(800 * face @ turn + rng.uniform(250, 300, 2))


def moving(opening: Array) -> LandmarkTrack:
    """A motion whose mouth opens so far (template units), the first frame closed."""
    return make_track(np.stack([made_face(gap)[:, :2] for gap in opening]), space="template")


# --- motion --------------------------------------------------------------------------------------


@given(seeds)
def test_no_motion_gives_exactly_the_target_face(seed: int) -> None:
    still = make_track(np.repeat(made_face(0.01)[None, :, :2], 4, axis=0), space="template")
    moved = retarget_motion(still, target(seed))
    assert (moved.points == target(seed)).all() and moved.space == "pixel"


def test_motion_onto_its_own_rest_is_itself() -> None:
    moved = retarget_motion(MOTION, rest_face(MOTION), space="template")
    assert np.allclose(moved.points, MOTION.points[:, :, :2], atol=1e-12)
    assert moved.space == "template" and (moved.times == MOTION.times).all()


@given(seeds)
def test_motion_on_the_template_onto_the_template_is_itself(seed: int) -> None:
    template = shipped_template()
    points = np.repeat(template[None], 5, axis=0)
    points += np.random.default_rng(seed).normal(0, 0.001, points.shape)
    points[:, [65, 66, 67], 1] += 0.02  # no crossing lips
    motion = make_track(points, space="template")
    moved = retarget_motion(motion, template, neutral=template, space="template")
    assert np.allclose(moved.points, points, atol=1e-12)


@given(seeds, st.floats(0.2, 4), st.floats(-3, 3))
def test_a_similarity_of_the_target_is_one_of_the_result(
    seed: int, scale: float, angle: float
) -> None:
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    face = target(seed)
    after = retarget_motion(MOTION, face).points @ turn + (7, -3)
    before = retarget_motion(MOTION, face @ turn + (7, -3)).points
    assert np.allclose(after, before, atol=1e-8)


@given(seeds, st.floats(0, 5))
def test_strength_scales_how_far_the_face_moves(seed: int, strength: float) -> None:
    face = target(seed)
    once = retarget_motion(MOTION, face).points - face
    moved = retarget_motion(MOTION, face, strength=strength).points - face
    assert np.allclose(moved, strength * once, atol=1e-9)


def test_mouth_only_moves_nothing_else() -> None:
    motion = MOTION.replace(points=MOTION.points + np.linspace(0, 0.01, 12)[:, None, None])
    face = target()
    moved = retarget_motion(motion, face, mouth_only=True).points
    assert (moved[:, :48] == face[:48]).all()
    assert (moved[1:, 48:] != face[48:]).any(axis=(1, 2)).all()


def test_frames_without_a_face_stay_without_one() -> None:
    points = MOTION.points.copy()
    points[[2, 5]] = np.nan
    points[7, 30] = np.nan
    motion = MOTION.replace(points=points)
    for mouth_only in (False, True):
        moved = retarget_motion(motion, target(), mouth_only=mouth_only)
        assert (moved.valid == motion.valid).all()


def test_closed_lips_never_cross_where_the_neutral_ones_stand_open() -> None:
    gaps = np.array([0.012, 0.0, 0.004, 0.03])  # closes further than its neutral frame
    motion, face = moving(gaps), target()
    moved = retarget_motion(motion, face, neutral=made_face(0.012)[:, :2])
    opening = inner_opening(moved)
    upper, lower = (moved.points[:, list(k)] for k in zip(*DLIB68.inner_lip_pairs, strict=True))
    before = inner_opening(make_track(face[None]))[0]
    assert ((lower - upper)[:, :, 1] > -2).all()  # of 800 pixels a unit: noise of the target
    assert opening[:3] == pytest.approx(before, abs=1.0) and opening[3] > before + 8


def test_the_rest_has_open_eyes_even_where_the_closed_mouth_is_a_blink() -> None:
    points = moving(np.array([0.0, 0.01, 0.02, 0.01, 0.02])).points.copy()
    eyes = [*DLIB68.parts["right_eye"], *DLIB68.parts["left_eye"]]
    points[0, eyes, 1] = points[0, eyes, 1].mean()
    rest = rest_face(make_track(points, space="template"))
    assert (rest[eyes] == points[1, eyes]).all() and (rest[48:] == points[0, 48:]).all()


def test_motion_is_the_same_from_pixels_and_from_the_turned_normaliser() -> None:
    pixels = make_track(SAMPLE.truth.points[:30])
    upright, turned = motion_of(pixels), motion_of(pixels.replace(points=-pixels.points,
                                                                  space="eye5"))  # fmt: skip
    assert upright.space == turned.space == "template"
    assert np.allclose(upright.points, turned.points, atol=1e-12)
    assert motion_of(upright, fps=50).fps == pytest.approx(50)


@pytest.mark.parametrize(
    ("motion", "face", "options", "says"),
    [
        pytest.param(MOTION.replace(space="pixel"), target(), {}, "identity", id="head motion"),
        pytest.param(
            make_track(np.ones((2, 20, 2)), space="template"), target(), {}, "lips20", id="lips"
        ),
        pytest.param(MOTION, target()[:20], {}, "68 points", id="a face of 20 points"),
        pytest.param(MOTION, np.full((68, 2), np.nan), {}, "68 points", id="a face of NaN"),
        pytest.param(MOTION, target(), {"strength": -0.1}, "strength", id="negative strength"),
        pytest.param(MOTION, target(), {"strength": 6}, "strength", id="absurd strength"),
    ],
)
def test_transfer_refuses(
    motion: LandmarkTrack, face: Array, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(BadInput) as caught:
        retarget_motion(motion, face, **options)
    assert says in sentence(caught.value)


# --- the mesh ------------------------------------------------------------------------------------


@given(seeds, st.floats(0, 0.3))
def test_no_triangle_ever_folds(seed: int, far: float) -> None:
    mesh = build_mesh(target(seed % 50))
    moved = np.random.default_rng(seed).normal(0, far * mesh.head.unit, (68, 2))
    before, after = (signed_areas(v, mesh.skin) for v in (mesh.still, move_mesh(mesh, moved)))
    assert (after[before > 0] > 0).all()


def test_a_speaking_mouth_moves_all_of_its_way() -> None:
    face = target(3)
    mesh = build_mesh(face)
    for points in retarget_motion(moving(np.array([0.0, 0.02, 0.04])), face).points:
        vertices = move_mesh(mesh, points - face)
        assert np.allclose(vertices, mesh.still + mesh.weights @ (points - face), atol=1e-9)
        middle = len(mesh.upper) // 2
        opening = vertices[mesh.lower[middle]] - vertices[mesh.upper[middle]]
        wanted = (points[66] - points[62]) - (face[66] - face[62])
        assert opening == pytest.approx(wanted, abs=1e-9)


def test_lips_of_the_mesh_close_but_do_not_pass_each_other() -> None:
    mesh = build_mesh(target(1))
    moved = np.zeros((68, 2))
    moved[[61, 62, 63]] += 6 * mesh.head.down
    moved[[65, 66, 67]] -= 6 * mesh.head.down
    vertices = move_mesh(mesh, moved)
    assert ((vertices[mesh.lower] - vertices[mesh.upper]) @ mesh.head.down > -1e-9).all()


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda f: np.where(np.arange(68)[:, None] > 35, f[40], f), id="eyes in one"),
        pytest.param(
            lambda f: f + np.isin(np.arange(68), range(49, 54))[:, None] * [0, 60],
            id="the upper lip below the lower",
        ),
    ],
)
def test_a_face_that_makes_no_mesh_is_refused(spoil: Any) -> None:
    with pytest.raises(DegenerateShape) as caught:
        build_mesh(spoil(target()))
    assert "choose" in sentence(caught.value)


# --- the photo -----------------------------------------------------------------------------------


def plain(face: Array, size: tuple[int, int] = (520, 520)) -> Any:
    """A photo of nothing but skin: whatever else shows up has been drawn."""
    photo = np.empty((*size, 3), np.uint8)
    photo[:] = SKIN
    return photo


@pytest.fixture(scope="module")
def presenter() -> tuple[Any, Array]:
    """The built-in presenter with closed lips: picture and true landmarks."""
    index = int(np.argmin(inner_opening(SAMPLE.truth)))
    return read_frame(SAMPLE.video, index).image, SAMPLE.truth.points[index].copy()


def away_from_mark(image: Any) -> Any:
    left, top, right, bottom = mark_box(image.shape[1::-1])
    image = image.copy()
    image[top:bottom, left:right] = 0
    return image


def test_a_still_motion_shows_the_photo_itself(presenter: tuple[Any, Array]) -> None:
    photo, face = presenter
    gone = np.full((68, 2), np.nan)
    for image in speak_photo(photo, face, make_track(np.stack([face, gone]))):
        assert (away_from_mark(image) == away_from_mark(photo)).all()
        assert image.flags.c_contiguous and image.shape == photo.shape
        assert (image != photo).any()  # the mark


def test_only_the_head_moves(presenter: tuple[Any, Array]) -> None:
    photo, face = presenter
    mesh = build_mesh(face)
    ring = mesh.still[~mesh.weights.any(axis=1)]
    around = np.zeros(photo.shape[:2], np.uint8)
    cv2.fillConvexPoly(around, cv2.convexHull(ring.astype(np.float32)).round().astype(int), 1)
    outside = cv2.dilate(around, np.ones((5, 5))) == 0
    assert outside.mean() > 0.2
    track = retarget_motion(motion_of(SAMPLE.truth), face)
    track = track.replace(points=track.points[20:60], times=track.times[20:60])
    changed = 0
    for image in speak_photo(photo, face, track):
        assert (away_from_mark(image) == away_from_mark(photo))[outside].all()
        changed += bool((image != photo)[~outside].any())
    assert changed == 40


def test_every_picture_carries_the_same_legible_mark() -> None:
    face = target()
    marks = []
    for image in speak_photo(plain(face), face, retarget_motion(MOTION, face)):
        left, top, right, bottom = mark_box((520, 520))
        box = image[top:bottom, left:right]
        light = (box.min(axis=2) > 200).mean()
        dark = (box.max(axis=2) < 100).mean()
        assert 0.08 < light < 0.5 and dark > 0.4 and bottom - top >= 20
        marks.append(box)
    assert MARK == "synthetic" and len(marks) == 12
    assert all((mark == marks[0]).all() for mark in marks)


def test_the_drawn_mouth_opens_as_far_as_it_is_told() -> None:
    face = target(2)
    across = (face[64] - face[60]) / np.hypot(*(face[64] - face[60]))
    down = np.array([-across[1], across[0]])
    gaps = np.array([0.0, 0.006, 0.012, 0.02, 0.03, 0.04])
    track = retarget_motion(moving(gaps), face)
    seen = []
    for image in speak_photo(plain(face), face, track):
        line = (face[62] + face[66]) / 2 + np.outer(np.arange(-40, 40, 0.5), down)
        x, y = line.round().astype(int).T
        other = np.flatnonzero(np.abs(image[y, x].astype(int) - SKIN).max(axis=1) > 60)
        seen.append(0.5 * np.ptp(other) if len(other) else 0.0)
    wanted = ((track.points[:, 66] - track.points[:, 62]) - (face[66] - face[62])) @ down
    assert wanted[-1] > 20 and seen[0] == 0
    assert np.asarray(seen) == pytest.approx(wanted, abs=2.5)


def test_the_drawn_mouth_is_dark_and_holds_no_colour_of_its_own() -> None:
    face = target(2)
    *_, image = speak_photo(plain(face), face, retarget_motion(moving(np.array([0, 0.04])), face))
    hole = np.zeros(image.shape[:2], np.uint8)
    points = retarget_motion(moving(np.array([0, 0.04])), face).points[-1]
    cv2.fillPoly(hole, [points[60:68].round().astype(int)], 1)
    inside = image[hole == 1].astype(int)
    assert (inside.max(axis=1) < 90).mean() > 0.1  # a cavity
    assert (inside.max(axis=1) <= 240).all()  # teeth do not shine
    assert (inside[:, 0] >= inside[:, 2] - 3).all()  # nothing bluer than it is red


def test_an_open_mouth_is_stretched_from_the_photo() -> None:
    face = 800 * made_face(0.03)[:, :2] + 260
    photo = plain(face)
    cv2.fillPoly(photo, [face[60:68].round().astype(int)], (20, 160, 60))
    wide = face.copy()
    wide[[65, 66, 67], 1] += 14
    (image,) = speak_photo(photo, face, make_track(wide[None]))

    def green(picture: Any) -> int:
        return int((np.abs(picture.astype(int) - (20, 160, 60)).max(axis=2) < 40).sum())

    column = away_from_mark(image)[:, round(face[62, 0])]
    odd = np.abs(column.astype(int) - SKIN).max(axis=1) > 40
    height = float(wide[66, 1] - wide[62, 1])
    assert odd.sum() == pytest.approx(height, abs=3)
    assert green(image) > 1.25 * green(photo)


def test_a_face_that_hangs_over_the_edge_of_its_photo_is_no_trouble() -> None:
    face = target() - (target()[:, 0].min() + 60, 0)
    chin = face[66, 1] + 12
    photo = plain(face, (round(chin), 300))
    for image in speak_photo(photo, face, retarget_motion(MOTION, face)):
        assert image.shape == photo.shape


@pytest.mark.parametrize(
    ("photo", "face", "track", "says"),
    [
        pytest.param(plain(target()), target()[:5], MOTION, "68 points", id="few points"),
        pytest.param(plain(target())[:, :, 0], target(), MOTION, "RGB", id="a grey picture"),
        pytest.param(plain(target())[:90], target(), MOTION, "96 pixels", id="a tiny picture"),
        pytest.param(plain(target()), target(), MOTION, "own pixels", id="template space"),
        pytest.param(
            plain(target()), target() / 20, MOTION.replace(space="pixel"), "larger", id="tiny face"
        ),
    ],
)
def test_a_photo_that_cannot_speak_is_refused_at_once(
    photo: Any, face: Array, track: LandmarkTrack, says: str
) -> None:
    with pytest.raises(BadInput) as caught:
        speak_photo(photo, face, track)
    assert says in sentence(caught.value)


# --- portraits and movies ------------------------------------------------------------------------


def test_the_portrait_is_a_sharp_frame_with_closed_lips_and_open_eyes(tmp_path: Path) -> None:
    closed = int(np.argmin(inner_opening(SAMPLE.truth)))
    sharp, face = read_frame(SAMPLE.video, closed).image, SAMPLE.truth.points[closed]
    blurred = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 4), np.uint8)
    frames, points = [blurred] * 10, np.repeat(face[None], 10, axis=0)
    for index in (2, 5, 8):
        frames[index] = sharp
    points[2, 66] += (0, 9)  # the mouth is open
    points[2, [65, 67]] += (0, 6)
    points[8, [37, 38, 43, 44]] += (0, 8)  # the eyes are shut
    clip = movie(tmp_path / "clip.mp4", frames)
    assert portrait_frame(clip, make_track(points)) == 5
    chosen = clip_portrait(clip, make_track(points))
    assert chosen.frame == 5 and np.allclose(chosen.face, face)
    assert chosen.picture is not None and chosen.picture.shape == sharp.shape
    large = movie(tmp_path / "4k.mp4", [cv2.resize(sharp, (2560, 2560))])
    shrunk = clip_portrait(large, make_track(5 * (face[None] + 0.5) - 0.5), frame=0)
    assert shrunk.picture is not None and shrunk.picture.shape == (1920, 1920, 3)
    assert np.allclose(shrunk.face, 3.75 * (face + 0.5) - 0.5)
    found = clip_portrait(clip, frame=8)
    assert np.abs(found.face - face).mean() < 8 and found.frame == 8
    with pytest.raises(BadInput):
        clip_portrait(clip)
    with pytest.raises(NoFace):
        clip_portrait(clip, make_track(points * np.nan), frame=1)


def test_a_photo_gives_its_landmarks_or_says_that_it_shows_no_face(tmp_path: Path) -> None:
    found = photo_portrait(SAMPLE.poster)
    assert found.picture is not None and found.face.shape == (68, 2)
    assert (found.face > 0).all() and (found.face < found.picture.shape[1::-1]).all()
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((200, 200, 3), 90, np.uint8))
    with pytest.raises(NoFace) as caught:
        photo_portrait(tmp_path / "wall.png")
    assert "wall.png" in sentence(caught.value)


def test_a_movie_has_sound_and_mark_and_says_what_it_is(
    tmp_path: Path, presenter: tuple[Any, Array]
) -> None:
    photo, face = presenter
    cv2.imwrite(str(tmp_path / "p.png"), photo[:, :, ::-1])
    portrait = photo_portrait(tmp_path / "p.png")
    late = MOTION.replace(times=MOTION.times + 0.2)
    shares: list[float] = []
    made = retargeting_movie(
        late, portrait, tmp_path / "m.mp4", sound=tone(2.0), progress=shares.append
    )
    info = probe(tmp_path / "m.mp4")
    assert info.video is not None and info.audio is not None
    assert (made.frames, made.no_face, made.size) == (13, 1, (512, 512))
    assert info.video.n_frames == 13 and info.video.times[1] == pytest.approx(0.2, abs=1e-3)
    assert info.duration == pytest.approx(0.2 + 12 / 25, abs=0.08) and shares[-1] == 1.0
    with av.open(str(tmp_path / "m.mp4")) as container:
        assert "ynthetic" in container.metadata["title"]
        assert "ynthetic" in container.metadata["comment"]
    left, top, right, bottom = mark_box((512, 512))
    for frame in read_frames(tmp_path / "m.mp4"):
        box = frame.image[top:bottom, left:right]
        assert (box.min(axis=2) > 170).mean() > 0.05 and (box.max(axis=2) < 110).mean() > 0.4
    assert np.abs(face - portrait.face).mean() < 8


def test_a_drawn_face_is_marked_too(tmp_path: Path) -> None:
    made = retargeting_movie(MOTION, drawn_portrait(), tmp_path / "t.mp4")
    left, top, right, bottom = mark_box(made.size)
    frames = list(read_frames(tmp_path / "t.mp4"))
    assert len(frames) == made.frames == 12
    assert all((f.image[top:bottom, left:right].max(axis=2) < 110).mean() > 0.4 for f in frames)
    assert np.abs(frames[0].image.astype(int) - frames[3].image).max() > 100
    pixels = drawn_portrait(target())
    assert pixels.space == "pixel" and drawn_portrait().space == "template"


def test_a_movie_is_mp4_and_replaces_nothing_unasked(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        retargeting_movie(MOTION, drawn_portrait(), tmp_path / "t.gif")
    (tmp_path / "t.mp4").write_bytes(b"mine")
    with pytest.raises(OutputExists):
        retargeting_movie(MOTION, drawn_portrait(), tmp_path / "t.mp4")
    assert (tmp_path / "t.mp4").read_bytes() == b"mine"
    early = MOTION.replace(times=MOTION.times - 9)
    with pytest.raises(BadInput):
        retargeting_movie(early, drawn_portrait(), tmp_path / "u.mp4")
