"""What models learn from: motion about the clip's own mean, on the mean of the speakers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from making import faces, noise
from numpy.typing import NDArray

from core.datasets import ClipRef
from core.errors import BadInput
from core.media import Waveform
from core.tracks.geometry import interocular
from core.tracks.track import LandmarkTrack, frame_times
from core.training import TrainingSet, build_training_set, data, split_clips
from core.training.data import moved, symmetric
from core.workspace import ClipLandmarks, LandmarkRecipe, Workspace

FRAMES = 20
CLIPS = [
    ClipRef(f"{speaker}/{k}", Path(f"{speaker}{k}.mp4"), speaker)
    for speaker, count in (("a", 6), ("b", 1), ("c", 2))
    for k in range(count)
]
Build = Callable[..., TrainingSet]


def track_of(path: Path) -> LandmarkTrack:
    """A speaker's own face, moved and turned from clip to clip, with a mouth that opens."""
    speaker, k = path.stem[0], int(path.stem[1:])
    face = symmetric(faces(ord(speaker), 1)[0])
    points = np.repeat(face[None], FRAMES, axis=0)
    points[:, 65:68, 1] += 0.1 * np.abs(np.sin(np.arange(FRAMES) * (1 + k)))[:, None]
    turn = 0.05 * k
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return LandmarkTrack(points @ rotation * (100 + 10 * k) + 200, frame_times(FRAMES, 25))


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Build:
    asked: list[LandmarkRecipe] = []

    def landmarks(_: Workspace, path: Path, *, recipe: LandmarkRecipe, **__: bool) -> ClipLandmarks:
        asked.append(recipe)
        track = track_of(path)
        return ClipLandmarks(track, track)

    monkeypatch.setattr(Workspace, "clip_landmarks", landmarks)
    monkeypatch.setattr(data, "read_audio", lambda path: noise(FRAMES / 25, 16_000))
    monkeypatch.setattr(data, "list_clips", lambda root, name: CLIPS)
    monkeypatch.setattr(data, "list_names", lambda root: ["train"])

    def call(clips: list[ClipRef] = CLIPS, **options: object) -> TrainingSet:
        return build_training_set(Workspace(tmp_path), clips, **options)  # type: ignore[arg-type]

    return call


def means(found: TrainingSet) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    lips = [e.lips.mean(axis=0) for e in found.examples]
    return np.array(lips), np.array([e.points.mean(axis=0) for e in found.examples])


def test_every_clip_moves_about_the_same_mean(build: Build) -> None:
    found = build()
    lips, points = means(found)
    assert found.mean_lips is not None
    np.testing.assert_allclose(lips, np.broadcast_to(found.mean_lips, lips.shape), atol=1e-9)
    np.testing.assert_allclose(points, np.broadcast_to(found.template, points.shape), atol=1e-9)
    assert np.linalg.norm(found.template) == pytest.approx(1)


def test_the_mean_weighs_speakers_alike_however_many_clips_they_have(build: Build) -> None:
    several, single = build(), build([CLIPS[0], CLIPS[6], CLIPS[7]])
    assert several.mean_lips is not None and single.mean_lips is not None
    # Clips of a speaker differ by their motion alone, whose mean differs a little.
    np.testing.assert_allclose(several.mean_lips, single.mean_lips, atol=0.05)
    np.testing.assert_allclose(several.template, single.template, atol=0.01)
    unbalanced = build(CLIPS[:6])
    assert unbalanced.mean_lips is not None
    assert np.abs(several.mean_lips - unbalanced.mean_lips).max() > 0.1


def test_motion_is_that_of_the_clip_in_inter_ocular_distances(build: Build) -> None:
    found = build()
    size = interocular(found.template)
    for example, clip in zip(found.examples, CLIPS, strict=True):
        own = track_of(clip.path).points
        moving = own[:, 66] - own[:, 62] - (own[:, 66] - own[:, 62]).mean(axis=0)
        shown = example.points[:, 66] - example.points[:, 62]
        size_of = np.linalg.norm(shown - shown.mean(axis=0), axis=1) / size
        np.testing.assert_allclose(
            size_of, np.linalg.norm(moving, axis=1) / interocular(own[0]), atol=1e-9
        )


@pytest.mark.parametrize("speaker", ["a", "b", "c"])
def test_nothing_is_learned_of_a_speaker_who_is_left_out(
    build: Build, tmp_path: Path, speaker: str
) -> None:
    kept = [clip for clip in CLIPS if clip.speaker != speaker]
    training, validation = split_clips(
        tmp_path, leave_out=[speaker], seed=1, workspace=Workspace(tmp_path)
    )
    both = (*training.examples, *validation.examples)
    assert {e.name for e in both} == {clip.name for clip in kept}
    learned = [clip for clip in kept if clip.name in {e.name for e in training.examples}]
    alone = build(learned)
    np.testing.assert_array_equal(training.template, alone.template)
    assert training.mean_lips is not None and alone.mean_lips is not None
    np.testing.assert_array_equal(training.mean_lips, alone.mean_lips)


def test_validation_is_put_onto_the_mean_of_the_training_clips(
    build: Build, tmp_path: Path
) -> None:
    training, validation = split_clips(tmp_path, seed=1, workspace=Workspace(tmp_path))
    np.testing.assert_array_equal(validation.template, training.template)
    lips, _ = means(validation)
    np.testing.assert_allclose(lips, np.broadcast_to(training.mean_lips, lips.shape), atol=1e-9)


def test_a_speaker_whom_nobody_knows_cannot_be_left_out(build: Build, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="'z'"):
        split_clips(tmp_path, leave_out=["z"], workspace=Workspace(tmp_path))


@pytest.mark.parametrize(
    ("lag_s", "expected"),
    [(0.0, [0, 1, 2, 3]), (0.5, [2, 3, 0, 0]), (-0.25, [0, 0, 1, 2])],
    ids=["in sync", "late audio moves forward", "early audio moves back"],
)
def test_audio_that_is_late_is_moved_into_place(lag_s: float, expected: list[float]) -> None:
    sound = Waveform(np.arange(4, dtype=np.float32), 4)
    np.testing.assert_array_equal(moved(sound, lag_s).samples, expected)
