"""The built-in clip: small, well formed, in sync, and a face in the eyes of dlib."""

from __future__ import annotations

import csv
import importlib.util
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from core.tracks.scheme import DLIB68

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
MOVIE = SAMPLES / "presenter.mp4"
FPS = 25

Array = NDArray[np.float64]


class Row(NamedTuple):
    start: float
    end: float
    name: str


def read_rows(name: str, column: str) -> list[Row]:
    with (SAMPLES / name).open(newline="", encoding="utf-8") as file:
        return [
            Row(float(row["start"]), float(row["end"]), row[column]) for row in csv.DictReader(file)
        ]


@pytest.fixture(scope="module")
def truth() -> Array:
    return np.load(SAMPLES / "presenter.landmarks.npy").astype(np.float64)


@pytest.fixture(scope="module")
def frames() -> list[NDArray[np.uint8]]:
    with av.open(str(MOVIE)) as movie:
        return [
            np.ascontiguousarray(frame.to_ndarray(format="rgb24"))
            for frame in movie.decode(video=0)
        ]


@pytest.fixture(scope="module")
def sound() -> tuple[Array, int]:
    with av.open(str(MOVIE)) as movie:
        rate = movie.streams.audio[0].rate
        blocks = [block.to_ndarray().mean(axis=0) for block in movie.decode(audio=0)]
    return np.concatenate(blocks).astype(np.float64), rate


@pytest.fixture(scope="module")
def phonemes() -> list[Row]:
    return read_rows("presenter.phonemes.csv", "phoneme")


@pytest.fixture(scope="module")
def detections(frames: list[NDArray[np.uint8]]) -> list[list[Array]]:
    """dlib's points of every face that it finds in every fourth frame."""
    dlib = pytest.importorskip("dlib")
    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("face_recognition_models (dlib's 68-point model) is not installed")
    folder = Path(spec.submodule_search_locations[0])
    predict = dlib.shape_predictor(str(folder / "models/shape_predictor_68_face_landmarks.dat"))
    detect = dlib.get_frontal_face_detector()
    return [
        [
            np.array([(point.x, point.y) for point in predict(image, box).parts()], np.float64)
            for box in detect(image, 1)
        ]
        for image in frames[::4]
    ]


def eye_distance(points: Array) -> Array:
    return np.linalg.norm(points[:, 42:48].mean(axis=1) - points[:, 36:42].mean(axis=1), axis=1)


def opening(points: Array) -> Array:
    """Mean length of the three inner lip pairs, pixels, shape (T,)."""
    pairs = np.array(DLIB68.inner_lip_pairs)
    return np.linalg.norm(points[:, pairs[:, 0]] - points[:, pairs[:, 1]], axis=2).mean(axis=1)


def frames_of(row: Row, count: int) -> slice:
    """Frames shown during a sound, and one on either side."""
    return slice(max(int(row.start * FPS) - 1, 0), min(int(row.end * FPS) + 2, count))


# --- files ---------------------------------------------------------------------------------------


def test_the_samples_stay_within_two_megabytes() -> None:
    files = [path for path in SAMPLES.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 2_000_000


def test_the_movie_is_h264_and_aac_at_25_fps_and_512_pixels() -> None:
    with av.open(str(MOVIE)) as movie:
        video, audio = movie.streams.video[0], movie.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert video.codec_context.pix_fmt == "yuv420p"
        assert (video.width, video.height) == (512, 512)
        assert video.average_rate == FPS
        assert 6.0 <= float(movie.duration / av.time_base) <= 8.0


def test_the_movie_starts_to_play_before_it_is_all_there() -> None:
    head = MOVIE.read_bytes()
    assert 0 <= head.find(b"moov") < head.find(b"mdat")


def test_every_frame_has_its_68_true_points(frames: list[NDArray[np.uint8]], truth: Array) -> None:
    assert truth.shape == (len(frames), 68, 2)
    assert np.load(SAMPLES / "presenter.landmarks.npy").dtype == np.float32
    assert truth.min() > 0
    assert truth.max() < 512


@pytest.mark.parametrize(
    ("name", "column"), [("presenter.phonemes.csv", "phoneme"), ("presenter.words.csv", "word")]
)
def test_times_are_ordered_and_inside_the_clip(name: str, column: str, truth: Array) -> None:
    rows = read_rows(name, column)
    assert all(row.start < row.end and row.name for row in rows)
    assert all(a.end <= b.start + 1e-9 for a, b in pairwise(rows))
    assert rows[0].start >= 0.3
    assert rows[-1].end < len(truth) / FPS


def test_the_words_are_those_of_the_sentence() -> None:
    sentence = (SAMPLES / "presenter.txt").read_text(encoding="utf-8")
    spoken = [row.name for row in read_rows("presenter.words.csv", "word")]
    assert spoken == [word.strip(".,:!?") for word in sentence.split()]


# --- motion and sound ----------------------------------------------------------------------------


def test_the_mouth_is_closed_at_both_ends(truth: Array) -> None:
    gap = opening(truth) / eye_distance(truth)
    assert gap[: int(0.3 * FPS)].max() < 0.03
    assert gap[-int(0.4 * FPS) :].max() < 0.03


def test_the_lips_meet_in_every_bilabial_and_part_in_every_open_vowel(
    truth: Array, phonemes: list[Row]
) -> None:
    gap = opening(truth) / eye_distance(truth)
    closed = {row: gap[frames_of(row, len(gap))].min() for row in phonemes if row.name in "pbm"}
    parted = {
        row: gap[frames_of(row, len(gap))].max()
        for row in phonemes
        if row.name in {"æ", "ɑː", "aɪ", "aʊ"}
    }
    assert len(closed) >= 8
    assert len(parted) >= 6
    assert {row: value for row, value in closed.items() if value > 0.02} == {}
    # Between two bilabials a short vowel leaves no time to open wide.
    assert {
        row: value
        for row, value in parted.items()
        if value < (0.20 if row.end - row.start > 0.1 else 0.08)
    } == {}


def test_nothing_jumps(truth: Array) -> None:
    step = np.linalg.norm(np.diff(truth, axis=0), axis=2) / eye_distance(truth)[1:, None]
    assert step[:, list(DLIB68.parts["nose_bridge"])].max() < 0.06
    assert step[:, list(DLIB68.mouth)].max() < 0.30


def test_the_eyes_blink_every_two_to_four_seconds(truth: Array) -> None:
    lids = np.linalg.norm(truth[:, [37, 38, 43, 44]] - truth[:, [41, 40, 47, 46]], axis=2)
    shut = lids.mean(axis=1) < 0.35 * np.median(lids)
    starts = np.flatnonzero(np.diff(shut.astype(int)) == 1) / FPS
    assert len(starts) >= 3
    assert ((np.diff(starts) > 1.5) & (np.diff(starts) < 4)).all()


def test_the_sound_is_where_the_phonemes_are(sound: tuple[Array, int], phonemes: list[Row]) -> None:
    samples, rate = sound

    def level(start: float, end: float) -> float:
        return float(np.sqrt((samples[int(start * rate) : int(end * rate)] ** 2).mean()))

    spoken = level(phonemes[0].start, phonemes[-1].end)
    assert spoken > 0.05
    assert level(0.0, phonemes[0].start - 0.05) < 0.02 * spoken
    assert level(phonemes[-1].end + 0.1, len(samples) / rate) < 0.1 * spoken
    vowels = [level(*row[:2]) for row in phonemes if row.name in {"æ", "ɑː", "aɪ", "eɪ", "oʊ"}]
    stops = [level(*row[:2]) for row in phonemes if row.name in "ptk"]
    assert min(vowels) > 0.5 * spoken
    assert np.median(stops) < 0.4 * np.median(vowels)


# --- dlib ----------------------------------------------------------------------------------------


def test_dlib_finds_exactly_one_face_in_each_frame(detections: list[list[Array]]) -> None:
    assert [k for k, faces in enumerate(detections) if len(faces) != 1] == []


def test_dlib_puts_its_points_where_the_true_ones_are(
    detections: list[list[Array]], truth: Array
) -> None:
    found = np.array([faces[0] for faces in detections])
    error = np.linalg.norm(found - truth[::4], axis=2) / eye_distance(truth[::4])[:, None]
    assert error.mean() < 0.06
    assert error[:, list(DLIB68.mouth)].mean() < 0.06


def test_dlib_sees_the_mouth_open_as_it_does(detections: list[list[Array]], truth: Array) -> None:
    found = np.array([faces[0] for faces in detections])
    assert np.corrcoef(opening(found), opening(truth[::4]))[0, 1] > 0.97
