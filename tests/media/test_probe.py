"""What probing measures, clip by clip (shared/data/README.md says how each was made)."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pytest
from making import grey, movie, noise, tone

from core.errors import MissingFile, NoVideo
from core.media import probe, read_frame, read_frames, write_wav
from core.media.info import displayed_size


class Row(NamedTuple):
    """One clip: size as displayed, frames, declared rate, sound start (None: no sound) ..."""

    width: int
    height: int
    frames: int
    fps: float
    start: float | None
    rotation: int = 0
    variable: bool = False
    rate: int = 44_100


CLIPS = {
    "audio_starts_late_0.5s.mp4": Row(360, 288, 75, 25, 0.5),
    "clm_cap13_vp8_noaudio.webm": Row(400, 300, 752, 25, None, variable=True),
    "displaymatrix_90.mp4": Row(360, 288, 75, 25, 0, rotation=90),
    "grid_noaudio_reclip.mpg": Row(360, 288, 75, 25, None),
    "grid_other_brbk7n.mpg": Row(360, 288, 75, 25, 0),
    "grid_other_id2_swwp2s.mpg": Row(360, 288, 75, 25, 0),
    "grid_other_lbax4n.mpg": Row(360, 288, 75, 25, 0),
    "grid_other_swiz3n.mpg": Row(360, 288, 75, 25, 0),
    "grid_s1_damaged_lgbf8n.mpg": Row(360, 288, 75, 25, 0),
    "hdtf_WDA_KatieHill_000.mp4": Row(512, 512, 200, 25, 0, rate=16_000),
    "hevc_10bit.mp4": Row(360, 288, 75, 25, 0),
    "no_face_animation.mp4": Row(960, 540, 95, 24, 0),
    "noface_then_face_hevc_120r.mov": Row(960, 540, 169, 120, 0, variable=True),
    "one_frame.mp4": Row(360, 288, 1, 25, None),
    "pal_interlaced_4x3.mpg": Row(768, 576, 75, 25, 0),
    "pexels_woman_turning_23976.mp4": Row(640, 360, 472, 24_000 / 1001, 0, rate=48_000),
    "silent_audio.mp4": Row(360, 288, 75, 25, 0),
    "two_faces_left_speaks.mp4": Row(720, 288, 75, 25, 0),
    "two_video_two_audio_streams.mkv": Row(360, 288, 75, 25, 0),
    "uhd_4k_1s.mp4": Row(2700, 2160, 25, 25, 0),
    "vfr_dropped.mp4": Row(360, 288, 40, 25, 0, variable=True),
}
every_clip = pytest.mark.parametrize(("name", "row"), CLIPS.items(), ids=list(CLIPS))


def test_the_table_names_every_clip(shared: Path) -> None:
    assert {p.name for p in (shared / "data/clips").iterdir()} == set(CLIPS)


@every_clip
def test_probe_measures(shared: Path, name: str, row: Row) -> None:
    info = probe(shared / "data/clips" / name)
    found = info.to_json()
    assert (found["width"], found["height"]) == (row.width, row.height)
    assert found["rotation"] == row.rotation
    assert found["frames"] == row.frames
    assert found["variable_rate"] is row.variable
    assert found["fps_declared"] == pytest.approx(row.fps)
    if row.start is None:
        assert found["audio"] is None
    else:
        assert found["audio"]["start"] == pytest.approx(row.start, abs=0.03)  # AAC priming: 23 ms
        assert found["audio"]["rate"] == row.rate and found["audio"]["channels"] == 2
    assert info.video is not None
    assert info.video.times[0] == 0 and (np.diff(info.video.times) > 0).all()
    assert info.duration == pytest.approx(info.video.times[-1] + 1 / info.video.fps)


SMALL = [n for n, row in CLIPS.items() if row.frames < 100 and n != "uhd_4k_1s.mp4"]


@pytest.mark.parametrize("name", SMALL)
def test_decoded_frames_are_those_that_were_probed(shared: Path, name: str) -> None:
    path = shared / "data/clips" / name
    video = probe(path).video
    assert video is not None
    frames = list(read_frames(path))
    np.testing.assert_allclose([f.time for f in frames], video.times, atol=1e-9)
    assert [f.index for f in frames] == list(range(video.n_frames))
    assert {f.image.shape for f in frames} == {(video.size[1], video.size[0], 3)}
    assert all(f.image.flags.c_contiguous and f.image.dtype == np.uint8 for f in frames)


def test_the_declared_120_frames_a_second_are_not_believed(shared: Path) -> None:
    video = probe(shared / "data/clips/noface_then_face_hevc_120r.mov").video
    assert video is not None and video.fps == pytest.approx(26.5, abs=0.1)


def test_interlacing_and_pixel_aspect_are_reported(shared: Path) -> None:
    video = probe(shared / "data/clips/pal_interlaced_4x3.mpg").video
    assert video is not None and video.interlaced
    assert video.coded_size == (720, 576) and video.pixel_aspect == Fraction(16, 15)


def test_a_sound_file_has_no_picture(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", tone(0.5, rate=8_000))
    info = probe(tmp_path / "a.wav")
    assert info.video is None and info.audio is not None
    assert info.duration == pytest.approx(0.5) and info.audio.start == 0
    assert info.to_json()["frames"] == 0 and info.to_json()["width"] is None
    with pytest.raises(NoVideo):
        next(read_frames(tmp_path / "a.wav"))


def test_a_sphere_file_named_wav_is_sound(shared: Path) -> None:
    info = probe(shared / "reference/nr/SX112.WAV")
    assert info.audio is not None and info.audio.rate == 16_000
    assert info.duration == pytest.approx(2.656, abs=0.001)


def test_cover_art_of_a_sound_file_is_not_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "song.m4a"
    with av.open(str(path), "w", format="mp4") as out:
        voice = out.add_stream("aac", rate=16_000, layout="mono")
        cover = out.add_stream("mjpeg", rate=1)
        cover.width = cover.height = 32
        cover.pix_fmt = "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        out.mux(cover.encode(av.VideoFrame.from_ndarray(grey(90, 32, 32), format="rgb24")))
        block = av.AudioFrame.from_ndarray(noise(0.5, 16_000).samples[None], "fltp", "mono")
        block.sample_rate, block.pts = 16_000, 0
        out.mux(voice.encode(block))
        out.mux(voice.encode(None))
    assert probe(path).video is None


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="nowhere"):
        probe(tmp_path / "nowhere.mp4")


# --- rotation --------------------------------------------------------------------------------


def corners(height: int, width: int) -> np.ndarray:
    """Red, green, blue and white quarters, so that every turn looks different."""
    image = np.zeros((height, width, 3), np.uint8)
    h, w = height // 2, width // 2
    image[:h, :w], image[:h, w:] = (220, 20, 20), (20, 220, 20)
    image[h:, :w], image[h:, w:] = (20, 20, 220), (230, 230, 230)
    return image


def tagged(path: Path, image: np.ndarray, degrees: int, frames: int = 2) -> Path:
    """A clip whose pixels are ``image`` and whose tag turns it by ``degrees`` anticlockwise."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "12"})
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.set_display_rotation(degrees)
        for _ in range(frames):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_tagged_clip_is_delivered_upright(tmp_path: Path, degrees: int) -> None:
    image = corners(96, 160)
    path = tagged(tmp_path / "t.mp4", image, degrees)
    upright = np.rot90(image, degrees // 90)
    video = probe(path).video
    assert video is not None
    assert video.rotation == -degrees % 360
    assert video.coded_size == (160, 96) and video.size == upright.shape[1::-1]
    got = read_frame(path, 1).image
    assert got.shape == upright.shape and got.flags.c_contiguous
    assert np.abs(got.astype(int) - upright).mean() < 12


def test_a_4k_portrait_clip_is_delivered_upright(tmp_path: Path) -> None:
    image = corners(2160, 3840)
    path = tagged(tmp_path / "phone.mp4", image, 270, frames=1)
    video = probe(path).video
    assert video is not None and video.size == (2160, 3840) and video.rotation == 90
    whole = next(read_frames(path)).image
    assert whole.shape == (3840, 2160, 3)
    small = next(read_frames(path, longest_side=480)).image
    assert small.shape == (480, 270, 3)
    assert np.abs(small.astype(int) - np.rot90(corners(270, 480), 3)).mean() < 12


def test_a_sideways_face_becomes_upright(shared: Path) -> None:
    from core.detect import Dlib68

    image = read_frame(shared / "data/clips/displaymatrix_90.mp4", 10).image
    finder = Dlib68()
    assert len(finder.find(image)) == 1
    assert finder.find(np.ascontiguousarray(np.rot90(image))) == []


@pytest.mark.parametrize(
    ("rotation", "size"), [(0, (200, 50)), (90, (50, 200)), (180, (200, 50)), (270, (50, 200))]
)
def test_pixel_aspect_widens_before_the_turn(rotation: int, size: tuple[int, int]) -> None:
    assert displayed_size(100, 50, Fraction(2), rotation) == size


def test_names_are_never_read_as_protocols_or_patterns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    movie(tmp_path / "plain.mp4", [grey(90)])
    for name in ("concat:plain.mp4", "%03d.mp4", "file:plain.mp4", "*.mp4"):
        with pytest.raises(MissingFile):
            probe(name)
    (tmp_path / "%03d [x]*?.mp4").write_bytes((tmp_path / "plain.mp4").read_bytes())
    assert probe("%03d [x]*?.mp4").video is not None
