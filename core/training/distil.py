"""Distillation: a model labels audio without video, and other models learn from the labels.

A folder of labels holds, for every audio file and its revoiced copies, ``audio/<name>.flac`` at
16 kHz and ``tracks/<name>.npz``, whose provenance names the teachers, the audio and the speaker,
and ``mean_face.npy``, the face that the teachers' motion is measured from. A track is written last,
so an interrupted run continues where it stopped.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..align import normalise_lips
from ..datasets.clips import media_below
from ..errors import BadInput, MissingFile, OutputExists, SpeechmarksError
from ..evaluation.scores import QUIET_SECONDS
from ..files import atomic_write, read_plain, staged
from ..keys import file_sha256, model_sha256
from ..media import Waveform, read_audio, write_flac
from ..media.audio import resample
from ..models.base import SpeechModel
from ..speech.activity import quiet_stretches
from ..speech.logmel import SPEECH_RATE
from ..tracks.io import read_array, read_track, write_array, write_track
from ..tracks.track import LandmarkTrack, frame_times, retime, step
from .data import Example, TrainingSet

__all__ = ["AudioFile", "Teacher", "audio_files", "distil", "read_distilled", "with_distilled"]

_RATES = (0.82, 1.25)  # of revoiced copies
_MEAN = "mean_face.npy"
_CLOSING = 0.12  # seconds in which the mouth closes in a pause
_LONGEST_LIST = 8 << 20  # bytes


@dataclass(frozen=True)
class AudioFile:
    """An audio file to label. ``name`` is unique in its set; ``speaker`` is '' where unknown."""

    path: Path
    name: str
    speaker: str


@dataclass(frozen=True, eq=False)
class Teacher:
    """A model that labels, and its weight file."""

    model: SpeechModel
    weights: Path


def audio_files(place: Path | str) -> list[AudioFile]:
    """The audio files below a folder, or of a list.

    Parameters
    ----------
    place : a folder: the speaker is the folder that a file is in, or the part of its name before
        the first '-' where it is in ``place`` itself (LibriSpeech: speaker-chapter-utterance).
        Or a text file of lines ``path`` or ``path<TAB>speaker``; paths are relative to its folder.

    Raises
    ------
    MissingFile : no such folder, list, or a file of the list.
    BadInput : no audio file, or two of one name.
    """
    place = Path(place)
    if place.is_dir():
        found = [
            AudioFile(
                path,
                path.relative_to(place).with_suffix("").as_posix().replace("/", "-"),
                path.stem.partition("-")[0] if path.parent == place else path.parent.name,
            )
            for path in media_below(place, place)
        ]
    elif place.is_file():
        lines = read_plain(place, _LONGEST_LIST).decode("utf-8", "replace").splitlines()
        rows = [line.split("\t") for line in lines if line.strip()]
        paths = [(place.parent / row[0].strip(), row[1].strip() if row[1:] else "") for row in rows]
        found = [
            AudioFile(path, path.stem, speaker or path.stem.partition("-")[0])
            for path, speaker in paths
        ]
    else:
        raise MissingFile(f"There is no folder or list {str(place)!r}; check the path.")
    if gone := [one.path for one in found if not one.path.is_file()]:
        raise MissingFile(f"The list names {str(gone[0])!r}, which does not exist.")
    if not found:
        raise BadInput(f"{str(place)!r} holds no audio file.")
    names = [one.name for one in found]
    if doubles := {name for name in names if names.count(name) > 1}:
        raise BadInput(f"Two audio files are called {min(doubles)!r}; rename one.")
    return found


def distil(
    teachers: Sequence[Teacher],
    audio: Sequence[AudioFile],
    out: Path | str,
    *,
    copies: int = 1,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[int, list[dict[str, str]]]:
    """Label audio files; labels that are there are kept.

    Parameters
    ----------
    teachers : their landmarks are averaged; all of one scheme, frame rate and mean face.
    copies : of each file, resampled to another pitch and tempo (0.82 to 1.25) and labelled anew.
    seed : of the rates, which depend on the file's name beside it.
    progress : called with the number of files done and in all; may raise to cancel.

    Returns
    -------
    labels in the folder, and {clip, reason} of files that could not be read.

    Raises
    ------
    BadInput : teachers that do not fit together.
    OutputExists : the folder holds labels of other teachers.
    """
    out = Path(out)
    mean = _common_mean(teachers)
    facts = [
        {"name": t.weights.stem, "sha256": model_sha256(t.weights), **t.model.settings}
        for t in teachers
    ]
    if (out / _MEAN).is_file() and not np.array_equal(read_array(out / _MEAN), mean):
        raise OutputExists(f"{str(out)!r} holds labels of other teachers; choose another folder.")
    atomic_write(out / _MEAN, write_array(mean))
    left_out: list[dict[str, str]] = []
    done = 0
    for number, file in enumerate(audio, start=1):
        try:
            for copy in range(copies + 1):
                _label(teachers, facts, file, out, copy, seed)
                done += 1
        except SpeechmarksError as error:
            if isinstance(error, OutputExists):
                raise
            left_out.append({"clip": file.name, "reason": str(error)})
        if progress is not None:
            progress(number, len(audio))
    return done, left_out


def _common_mean(teachers: Sequence[Teacher]) -> NDArray[np.float64]:
    kinds = {(t.model.scheme, t.model.space, t.model.fps) for t in teachers}
    means = [t.model.mean_face for t in teachers]
    if len(kinds) != 1 or any(mean is None for mean in means):
        raise BadInput(
            "Teachers need one scheme, space and frame rate, and a mean face each; got "
            f"{', '.join(t.weights.stem for t in teachers) or 'none'}."
        )
    return np.asarray(np.mean([m for m in means if m is not None], axis=0))


def _label(
    teachers: Sequence[Teacher],
    facts: list[dict[str, Any]],
    file: AudioFile,
    out: Path,
    copy: int,
    seed: int,
) -> None:
    """Write the audio and the landmarks of one copy, unless they are there."""
    rng = np.random.default_rng([seed, copy, zlib.crc32(file.name.encode())])
    rate = 1.0 if copy == 0 else round(float(rng.uniform(*_RATES)), 3)
    name = file.name if copy == 0 else f"{file.name}@{rate:.3f}"
    path, heard = out / "tracks" / f"{name}.npz", out / "audio" / f"{name}.flac"
    if path.is_file():
        if _said(read_track(path))["teachers"] != facts:
            raise OutputExists(
                f"{str(out)!r} holds labels of other teachers; choose another folder."
            )
        return
    sound = read_audio(file.path)
    sound = resample(Waveform(sound.samples, round(sound.rate * rate)), SPEECH_RATE)
    with staged(heard) as temporary:
        write_flac(temporary, sound)
    sound = read_audio(heard)  # what a student will hear
    tracks = [t.model.predict(sound).track for t in teachers]
    label = tracks[0].replace(
        step(
            "distil",
            teachers=facts,
            audio=file.path.name,
            sha256=file_sha256(file.path),
            rate=rate,
            speaker=file.speaker,
        ),
        points=np.mean([t.points for t in tracks], axis=0),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_track(path, label)


def _said(track: LandmarkTrack) -> dict[str, Any]:
    """The step that made a label; `BadInput` where the track is none."""
    last = dict(track.provenance[-1]) if track.provenance else {}
    if last.get("operation") != "distil":
        raise BadInput("This track is no label of 'distill'; its provenance does not say so.")
    return last


def read_distilled(
    folder: Path | str,
    *,
    template: NDArray[np.float64],
    mean_lips: NDArray[np.float64] | None,
) -> list[Example]:
    """Examples from a folder that `distil` wrote.

    Parameters
    ----------
    template, mean_lips : what motion is put onto (`TrainingSet`). Lips keep the teacher's mean
        where ``mean_lips`` is None.

    Returns
    -------
    list of Example
        Labels of lips alone have NaN for the face. In pauses the mouth is closed, as in the most
        closed frames of the label: a teacher of short sentences hardly knows pauses.

    Raises
    ------
    MissingFile, BadInput
    """
    folder = Path(folder)
    paths = sorted((folder / "tracks").glob("*.npz"))
    if not paths:
        raise MissingFile(f"{str(folder)!r} holds no labels; make some with 'distill'.")
    mean = read_array(folder / _MEAN)
    mean_mouth = mean if len(mean) == 20 else normalise_lips(mean[None])[0][0, 48:68]
    examples = []
    for path in paths:
        track = retime(read_track(path), fps=25)
        lips = track.points
        points = np.full((len(track), 68, 2), np.nan)
        if track.scheme == "dlib68":
            points = track.points[..., :2] - mean[:, :2] + template
            lips = normalise_lips(track.points)[0][:, 48:68]
        if mean_lips is not None:
            lips = lips - mean_mouth + mean_lips
        sound = read_audio(folder / "audio" / f"{path.stem}.flac")
        speaker = str(_said(read_track(path))["speaker"])
        label = Example(path.stem, sound, points, lips, speaker=speaker, distilled=True)
        examples.append(_closed_in_pauses(label))
    return examples


def _closed_in_pauses(label: Example) -> Example:
    """The label with a closed mouth where the audio is quiet for `QUIET_SECONDS`; it closes and
    opens within `_CLOSING` seconds inside the pause."""
    times = frame_times(len(label), 25)
    share = np.zeros(len(label))
    for start, end in quiet_stretches(
        label.sound.samples, label.sound.rate, shortest=QUIET_SECONDS
    ):
        inside = np.minimum(times - start, end - times) / _CLOSING
        share = np.maximum(share, np.clip(inside, 0, 1))
    weight = share[:, None, None]
    return replace(
        label,
        points=label.points * (1 - weight) + label.closed_points * weight,
        lips=label.lips * (1 - weight) + label.closed_lips * weight,
    )


def with_distilled(training: TrainingSet, folders: Sequence[Path | str]) -> TrainingSet:
    """A training set with the labels of some folders beside its clips."""
    if not folders:
        return training
    more = [
        example
        for folder in folders
        for example in read_distilled(
            folder, template=training.template, mean_lips=training.mean_lips
        )
    ]
    return TrainingSet(
        (*training.examples, *more),
        training.template,
        training.left_out,
        training.space,
        training.mean_lips,
    )
