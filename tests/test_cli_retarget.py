"""transfer from the command line: what it writes, what it says, what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from making import grey, make_track, movie, tone

from core.media import probe, read_frames, write_wav
from core.neutral import inner_opening, remove_identity
from core.neutral.retargeting import retarget_motion
from core.render.photo import mark_box
from core.samples import SAMPLE
from core.tracks.io import read_track, write_track

Run = Callable[..., Any]  # the fixture of conftest.py
FRAMES = 10


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A motion with and without its speaker, a sound, a clip and a photo of the presenter."""
    folder = tmp_path_factory.mktemp("transfer")
    pixels = make_track(SAMPLE.truth.points[30 : 30 + FRAMES])
    write_track(folder / "pixels.npz", pixels)
    write_track(folder / "motion.npz", remove_identity(pixels))
    write_track(folder / "lips.npz", make_track(pixels.points[:, 48:]))
    np.save(folder / "face.npy", SAMPLE.truth.points[0])
    write_wav(folder / "talk.wav", tone(1.0))
    images = [f.image for f in read_frames(SAMPLE.video, stop=0.2)]
    movie(folder / "clip.mp4", images)
    movie(folder / "wall.mp4", [grey(90, 128, 128)] * 3)
    cv2.imwrite(str(folder / "photo.png"), images[0][:, :, ::-1])
    cv2.imwrite(str(folder / "wall.jpg"), grey(90, 128, 128))
    (folder / "text.jpg").write_text("no picture")
    return folder


@pytest.mark.parametrize(
    ("onto", "kind", "size"),
    [
        pytest.param("template", "template", [720, 720], id="the template face"),
        pytest.param("face.npy", "face", [720, 720], id="a face of one's own"),
        pytest.param("photo.png", "photo", [512, 512], id="a photo"),
        pytest.param("clip.mp4", "clip", [512, 512], id="a frame of a clip"),
    ],
)
def test_a_movie_onto_any_face_is_marked(
    run: Run, made: Path, tmp_path: Path, onto: str, kind: str, size: list[int]
) -> None:
    face = onto if onto == "template" else made / onto
    out = tmp_path / "m.mp4"
    done = run("retarget", made / "motion.npz", "--onto", face, "-o", out, "--json")
    data = done.json
    assert done.code == 0 and data["onto"] == kind and data["size"] == size
    assert data["frames"] == FRAMES and data["no_face"] == 0 and data["seconds"] > 0
    assert data["out"] == str(out) and (data["frame"] is None) == (kind != "clip")
    left, top, right, bottom = mark_box((size[0], size[1]))
    frames = [f.image[top:bottom, left:right] for f in read_frames(out)]
    assert len(frames) == FRAMES
    assert all((mark.max(axis=2) < 120).mean() > 0.4 for mark in frames)


def test_landmarks_alone_are_those_of_the_motion_on_the_face(
    run: Run, made: Path, tmp_path: Path
) -> None:
    out = tmp_path / "t.npz"
    options = ("--onto", made / "face.npy", "-o", out, "--strength", "0.5", "--mouth-only")
    assert run("retarget", made / "motion.npz", *options).code == 0
    motion = read_track(made / "motion.npz")
    wanted = retarget_motion(motion, SAMPLE.truth.points[0], strength=0.5, mouth_only=True)
    found = read_track(out)
    assert found.space == "pixel" and np.allclose(found.points, wanted.points, atol=1e-9)
    assert found.provenance[-1]["operation"] == "retarget_motion"
    assert np.ptp(inner_opening(found)) > 1


def test_a_track_in_pixels_loses_its_speaker_first(run: Run, made: Path, tmp_path: Path) -> None:
    for name in ("pixels", "motion"):
        options = ("--onto", "template", "-o", tmp_path / f"{name}.npz")
        assert run("retarget", made / f"{name}.npz", *options).code == 0
    one, other = (read_track(tmp_path / f"{name}.npz") for name in ("pixels", "motion"))
    assert one.space == "template" and np.allclose(one.points, other.points, atol=1e-12)


def test_sound_and_rate_and_frame_are_as_asked(run: Run, made: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.mp4"
    options = ("--onto", made / "clip.mp4", "--frame", 2, "--audio", made / "talk.wav")
    done = run("retarget", made / "motion.npz", *options, "--to-fps", 50, "-o", out, "--json")
    info = probe(out)
    assert done.json["frame"] == 2 and done.json["frames"] == 2 * FRAMES - 1
    assert info.video is not None and info.video.fps == pytest.approx(50, rel=0.01)
    assert info.audio is not None


def test_frames_without_a_face_are_counted_aloud(run: Run, made: Path, tmp_path: Path) -> None:
    motion = read_track(made / "motion.npz")
    points = motion.points.copy()
    points[4] = np.nan
    write_track(tmp_path / "gap.npz", motion.replace(points=points))
    options = ("--onto", made / "photo.png", "-o", tmp_path / "m.mp4", "--json")
    done = run("retarget", tmp_path / "gap.npz", *options)
    assert done.json["no_face"] == 1 and "1 of 10 frames" in done.err


def test_options_that_do_nothing_are_said(run: Run, made: Path, tmp_path: Path) -> None:
    options = ("--onto", "template", "--frame", 3, "--audio", made / "talk.wav")
    done = run("retarget", made / "motion.npz", *options, "-o", tmp_path / "t.npz")
    assert done.code == 0 and "--frame" in done.err and "--audio" in done.err


@pytest.mark.parametrize(
    ("motion", "onto", "more", "says"),
    [
        pytest.param("lips.npz", "template", (), "68-point", id="lips alone"),
        pytest.param("motion.npz", "wall.jpg", (), "No face", id="a photo without a face"),
        pytest.param("motion.npz", "text.jpg", (), "JPEG", id="text with a photo's name"),
        pytest.param("motion.npz", "talk.wav", (), "no video track", id="a sound as a face"),
        pytest.param("motion.npz", "gone.mp4", (), "no file", id="a face that is not there"),
        pytest.param("gone.npz", "template", (), "gone.npz", id="a motion that is not there"),
        pytest.param("motion.npz", "clip.mp4", ("--frame", 99), "no frame 99", id="no such frame"),
        pytest.param("motion.npz", "clip.mp4", ("--frame", -1), "numbered from 0", id="frame -1"),
        pytest.param("motion.npz", "wall.mp4", ("--frame", 0), "No face", id="an empty frame"),
        pytest.param("motion.npz", "template", ("--strength", 9), "strength", id="too strong"),
        pytest.param("motion.npz", "template", ("--to-fps", 0), "rate", id="no rate"),
    ],
)
def test_transfer_refuses_in_one_line(
    run: Run, made: Path, tmp_path: Path, motion: str, onto: str, more: tuple[object], says: str
) -> None:
    face = onto if onto == "template" else made / onto
    out = tmp_path / "m.mp4"
    refused = run("retarget", made / motion, "--onto", face, "-o", out, *more)
    assert says in refused.reason and not out.exists()


@pytest.mark.parametrize("name", ["m.mp4", "m.npz"])
def test_an_output_is_replaced_only_when_asked(
    run: Run, made: Path, tmp_path: Path, name: str
) -> None:
    out = tmp_path / name
    out.write_bytes(b"mine")
    asked = ("retarget", made / "motion.npz", "--onto", "template", "-o", out)
    assert "--force" in run(*asked).reason and out.read_bytes() == b"mine"
    assert run(*asked, "--force").code == 0 and out.read_bytes() != b"mine"
    assert ".gif" in run(*asked[:-1], tmp_path / "m.gif").reason


def test_the_former_name_of_the_command_is_accepted(run: Run, tmp_path: Path) -> None:
    done = run("transfer", tmp_path / "nothing.npz", "--onto", "template", "-o", tmp_path / "t.mp4")
    assert "nothing.npz" in done.reason
