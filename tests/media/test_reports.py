"""Situations from public reports (shared/data/reports/README.md), each with its right value.

All files are made from one clip (`BASE`): 75 frames, 25 fps, 360 x 288, audio of 2.99 s.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.jobs.proxies import ResizeJob, make_resized
from core.media import make_proxy, probe, read_audio, read_frames, read_frames_at
from core.media.info import MediaInfo

BASE = "data/clips/grid_other_lbax4n.mpg"


@pytest.fixture(scope="module")
def reports(shared: Path) -> Path:
    return shared / "data/reports"


@pytest.fixture(scope="module")
def base_audio(shared: Path) -> NDArray[np.float32]:
    return read_audio(shared / BASE, rate=16_000).samples


def kinds(repairs: Any) -> list[str]:
    return [repair.kind for repair in repairs]


def best_lag(
    ours: NDArray[np.float32], theirs: NDArray[np.float32], rate: int
) -> tuple[float, float]:
    """Seconds by which ``ours`` is late against ``theirs``, and the correlation there."""
    count = min(len(ours), len(theirs))
    size = 2 * count
    a, b = ours[:count], theirs[:count]
    product = np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size))
    scores = np.fft.irfft(product, size) / (np.linalg.norm(a) * np.linalg.norm(b) + 1e-12)
    lag = int(np.argmax(np.abs(scores)))
    return (lag if lag < count else lag - size) / rate, float(np.abs(scores[lag]))


# --- audio ---------------------------------------------------------------------------------------


def test_gap_audio_after_lost_packets_keeps_its_time(
    reports: Path, base_audio: NDArray[np.float32]
) -> None:
    audio = read_audio(reports / "gap.mp4", rate=16_000)
    assert audio.duration == pytest.approx(2.99, abs=0.01)
    assert kinds(audio.repairs) == ["audio-hole"]
    assert audio.repairs[0].at == pytest.approx(0.9, abs=0.025)
    assert audio.repairs[0].amount == pytest.approx(0.6, abs=0.025)
    assert np.abs(audio.samples[round(0.95 * 16_000) : round(1.45 * 16_000)]).max() == 0
    for start, stop in ((0.1, 0.85), (1.6, 2.9)):
        part = slice(round(start * 16_000), round(stop * 16_000))
        late, score = best_lag(audio.samples[part], base_audio[part], 16_000)
        assert abs(late) < 0.03 and score > 0.9  # AAC priming: 23 ms


def test_gap_the_proxy_has_the_same_timeline(reports: Path, tmp_path: Path) -> None:
    source = read_audio(reports / "gap.mp4", rate=16_000)
    make_proxy(reports / "gap.mp4", tmp_path / "p.mp4", longest_side=96)
    proxy = read_audio(tmp_path / "p.mp4", rate=16_000)
    assert proxy.duration == pytest.approx(source.duration, abs=0.03)
    part = slice(round(1.6 * 16_000), round(2.9 * 16_000))
    late, score = best_lag(proxy.samples[part], source.samples[part], 16_000)
    assert abs(late) < 0.002 and score > 0.95
    assert not kinds(proxy.repairs)


def test_gap_correlation_of_lip_aperture_is_that_of_the_base_clip(
    reports: Path, shared: Path
) -> None:
    from core.models import load_model

    model = load_model("grid-s1-lstm")
    whole = aperture(model, read_audio(shared / BASE, rate=16_000))
    holed = aperture(model, read_audio(reports / "gap.mp4", rate=16_000))
    count = min(len(whole), len(holed))
    after = slice(45, count - 3)  # behind the hole
    assert np.corrcoef(whole[after], holed[after])[0, 1] > 0.8


def aperture(model: Any, audio: Any) -> NDArray[np.float64]:
    """Vertical distance of the inner lips of predicted landmarks, (frames,)."""
    points = model.predict(audio).track.points
    return np.asarray(points[:, 66, 1] - points[:, 62, 1])


def test_inverted_channels_that_cancel_are_audible(
    reports: Path, base_audio: NDArray[np.float32]
) -> None:
    audio = read_audio(reports / "inverted.flac", rate=16_000)
    assert not audio.silent and audio.duration == pytest.approx(2.995, abs=0.001)
    assert kinds(audio.repairs) == ["channels"] and "cancel" in audio.repairs[0].text
    late, score = best_lag(audio.samples, base_audio, 16_000)
    assert abs(late) < 0.03 and score > 0.9


def test_obs_both_audio_tracks_are_listed_and_the_choice_is_said(reports: Path) -> None:
    info = probe(reports / "obs_music_first.mkv")
    assert [(t.number, t.codec, t.title) for t in info.audio_tracks] == [
        (1, "aac", "Desktop Audio"),
        (2, "aac", "Mic/Aux"),
    ]
    assert info.audio is not None and info.audio.track == 1
    assert kinds(info.repairs) == ["audio-track"]


def test_iphone_the_first_track_that_decodes_is_used(reports: Path) -> None:
    path = reports / "iphone_apac_first.mov"
    info = probe(path)
    assert info.audio is not None and info.audio.track == 2 and info.audio.codec == "aac"
    assert [t.codec for t in info.audio_tracks] == [None, "aac"]
    assert kinds(info.repairs) == ["audio-track"]
    audio = read_audio(path)  # a tone of 300 Hz in one of four channels
    loudest = np.argmax(np.abs(np.fft.rfft(audio.samples))) / audio.duration
    assert loudest == pytest.approx(300, abs=1) and np.abs(audio.samples).max() > 0.1


def test_size0_a_wav_of_a_crashed_recorder_is_read_to_its_end(
    reports: Path, base_audio: NDArray[np.float32]
) -> None:
    path = reports / "size0.wav"
    audio = read_audio(path, rate=16_000)
    assert probe(path).duration == pytest.approx(2.995, abs=0.001)
    assert audio.duration == pytest.approx(2.995, abs=0.001)
    late, score = best_lag(audio.samples, base_audio, 16_000)
    assert abs(late) < 0.03 and score > 0.9


def test_cover_a_still_picture_does_not_decide_the_length(reports: Path) -> None:
    path = reports / "cover_plainstream.m4a"
    info, audio = probe(path), read_audio(path)
    assert info.duration == pytest.approx(2.995, abs=0.01)
    assert audio.duration == pytest.approx(2.995, abs=0.01) and not audio.silent
    assert kinds(info.repairs) == ["still"]


# --- pictures ------------------------------------------------------------------------------------


def test_turned_midway_has_one_picture_size(reports: Path, tmp_path: Path) -> None:
    path = reports / "turned_midway.webm"
    info = probe(path)
    assert info.video is not None and info.video.size == (360, 288)
    assert kinds(info.repairs) == ["canvas"]
    assert info.repairs[0].at == pytest.approx(1.55, abs=0.1)
    frames = list(read_frames(path))
    assert {frame.image.shape for frame in frames} == {(288, 360, 3)}
    # 288 x 384 pixels fitted into 288 rows: 216 columns between bars of 72
    last = frames[-1].image
    assert last[:, :70].max() == 0 and last[:, -70:].max() == 0 and last[:, 80:280].mean() > 50
    make_resized(ResizeJob("turned", path, tmp_path, "turned.mp4", 144))
    small = probe(tmp_path / "turned.mp4").video
    assert small is not None and (small.size, small.n_frames) == ((180, 144), len(frames))


def test_turned_midway_landmarks_lie_in_the_one_picture_size(reports: Path) -> None:
    from core.detect import Dlib68

    finder = Dlib68()
    for frame in read_frames_at(reports / "turned_midway.webm", [5, 60]):
        (box,) = finder.find(frame.image)
        points = finder.predict(frame.image, box)
        assert (points >= 0).all() and (points < (360, 288)).all(), frame.index
        assert points[37, 1] < points[57, 1], "eyes above mouth"


def test_dup_one_every_reader_has_the_same_frames(
    reports: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    path = reports / "dup_one.mkv"
    info = probe(path)
    assert info.video is not None and info.video.n_frames == 75
    assert kinds(info.repairs) == ["times"]
    assert (np.diff(info.video.times) > 0).all()
    assert [f.index for f in read_frames(path)] == list(range(75))
    assert run("frames", path, "-o", tmp_path / "f", "--json").json["frames"] == 75
    assert len(list((tmp_path / "f").iterdir())) == 75
    make_resized(ResizeJob("dup", path, tmp_path, "dup.mp4", 72))
    small = probe(tmp_path / "dup.mp4").video
    assert small is not None
    np.testing.assert_allclose(small.times, info.video.times, atol=1e-4)


def first_second(path: Path) -> list[NDArray[np.uint8]]:
    return [frame.image for frame in read_frames(path, stop=1.0)]


def test_pq_pictures_are_as_bright_and_as_contrasty_as_the_sdr_original(
    reports: Path, shared: Path
) -> None:
    hdr, sdr = first_second(reports / "pq.mp4"), first_second(shared / BASE)
    assert len(hdr) == len(sdr) == 25
    for ours, theirs in zip(hdr[::6], sdr[::6], strict=True):
        assert np.corrcoef(ours.ravel()[::7], theirs.ravel()[::7])[0, 1] > 0.97
        assert ours.std() > 0.7 * theirs.std()
    assert kinds(probe(reports / "pq.mp4").repairs) == ["hdr"]


def test_pq_mouth_landmarks_are_those_of_the_sdr_original(reports: Path, shared: Path) -> None:
    assert mouth_distance(reports / "pq.mp4", shared / BASE) < 0.02


def mouth_distance(path: Path, other: Path) -> float:
    """Mean distance of the mouth landmarks of some frames in two clips, in IOD."""
    from core.detect import Dlib68

    finder, found = Dlib68(), []
    for frame, twin in zip(
        read_frames_at(path, [0, 8, 16]), read_frames_at(other, [0, 8, 16]), strict=True
    ):
        box = finder.find(twin.image)[0]
        ours, theirs = (finder.predict(f.image, box) for f in (frame, twin))
        iod = np.linalg.norm(theirs[36] - theirs[45])
        found.append(np.linalg.norm(ours[48:] - theirs[48:], axis=1).mean() / iod)
    return float(np.mean(found))


def test_rot90_a_sideways_clip_without_a_tag_is_given_as_it_lies(reports: Path) -> None:
    info: MediaInfo = probe(reports / "rot90_nometa.mp4")
    assert info.video is not None and info.video.size == (288, 360) and info.video.rotation == 0
    assert not info.repairs
