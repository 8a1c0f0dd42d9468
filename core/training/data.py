"""Training examples from clips: a speech signal and the identity-free face it goes with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..align import (
    align_procrustes,
    normalise_lips,
    procrustes_frames,
    without_head_motion,
)
from ..datasets import ClipRef, list_clips, list_names
from ..errors import BadInput, SpeechmarksError
from ..media import Waveform, read_audio
from ..media.audio import resample
from ..neutral import closed_mouth, remove_identity
from ..tracks.geometry import interocular, lip_aperture
from ..tracks.scheme import DLIB68
from ..tracks.track import LandmarkTrack, retime
from ..workspace import DLIB68 as DEFAULT
from ..workspace import LandmarkRecipe, Workspace

__all__ = [
    "Example",
    "Reference",
    "TrainingSet",
    "build_training_set",
    "held_out",
    "mean_template",
    "moved",
    "split_clips",
    "symmetric",
]


Item = TypeVar("Item")

_CLOSED_SHARE = 0.1  # of the frames: those whose mouth counts as closed

SOUND_RATE = 16_000
"""Hz at which training sound is held: what GRID has, and enough for every family but lstm, whose
features reach to 22 kHz of which speech data of this rate hold nothing."""


Reference = Literal["clip-mean", "closed-mouth"]
"""What the motion of a clip is measured from before it is put onto the mean face.

clip-mean : the clip's own mean face, without head motion (`without_head_motion`); the mean over
    speakers takes its place. One frame decides nothing.
closed-mouth : the closed-mouth frame of the clip (Humans project and replication of Eskimez et al.
    2020); the template takes its place. Lips keep their own position.
"""


@dataclass(frozen=True, eq=False)
class Example:
    """One clip at 25 frames a second.

    Attributes
    ----------
    sound : audio on the clock of the video
    points : (T, 68, 2) in template space, identity removed; NaN in frames without a face
    lips : (T, 20, 2) in the lip space of the Humans project (eye5); NaN as above
    mel : (T, 128) features of Eskimez et al. 2018 without context, where they are given in place
        of audio
    speaker : '' where unknown
    distilled : whether a model predicted the landmarks (`core.training.distil`)
    corrections : digest of the corrections in the landmarks; '' where there are none
    """

    name: str
    sound: Waveform
    points: NDArray[np.float64]
    lips: NDArray[np.float64]
    mel: NDArray[np.float32] | None = None
    speaker: str = ""
    distilled: bool = False
    corrections: str = ""

    def __len__(self) -> int:
        return len(self.lips)

    @cached_property
    def closed_points(self) -> NDArray[np.float64]:
        """(68, 2) the face with its mouth closed: the mean over the tenth of the frames with the
        smallest lip aperture."""
        return _closed(self.points, self.points)

    @cached_property
    def closed_lips(self) -> NDArray[np.float64]:
        """(20, 2) as `closed_points`."""
        return _closed(self.lips, self.lips)


def _closed(points: NDArray[np.float64], mouth: NDArray[np.float64]) -> NDArray[np.float64]:
    course = lip_aperture(mouth[:, -20:])
    order = np.argsort(np.where(np.isfinite(course), course, np.inf))
    few = order[: max(1, int(np.isfinite(course).sum() * _CLOSED_SHARE))]
    return np.asarray(points[few].mean(axis=0))


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Examples and the face that their motion is put onto.

    Attributes
    ----------
    template : (68, 2), Frobenius norm 1
    left_out : {clip, reason}
    space : of the faces
    mean_lips : (20, 2) in eye5, what lips are put onto with the reference 'clip-mean'; else None
    """

    examples: tuple[Example, ...]
    template: NDArray[np.float64]
    left_out: tuple[dict[str, str], ...]
    space: Literal["template", "unit"] = "template"
    mean_lips: NDArray[np.float64] | None = None

    @cached_property
    def partners(self) -> dict[tuple[bool, str], list[Example]]:
        """Examples by source (distilled or not) and speaker."""
        found: dict[tuple[bool, str], list[Example]] = {}
        for example in self.examples:
            found.setdefault((example.distilled, example.speaker), []).append(example)
        return found

    @property
    def speakers(self) -> list[str]:
        """Speakers of clips with video, sorted."""
        return sorted({e.speaker for e in self.examples if not e.distilled})


def symmetric(face: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of a face (68, 2) and its mirror image, centred, Frobenius norm 1."""
    centred = face - face.mean(axis=0)
    mirrored = (centred * [-1, 1])[list(DLIB68.mirror)]
    both = (centred + mirrored) / 2
    both -= both.mean(axis=0)
    return np.asarray(both / np.linalg.norm(both))


def mean_template(tracks: Sequence[LandmarkTrack]) -> NDArray[np.float64]:
    """A template face: the symmetric mean of the closed-mouth frames of many tracks; (68, 2)."""
    faces = []
    for track in tracks:
        aligned = retime(align_procrustes(track), fps=25)
        faces.append(aligned.points[closed_mouth(aligned).frame])
    centred = np.stack(faces)
    for _ in range(3):  # clips differ by a small turn; align them onto their mean
        centred = procrustes_frames(centred, symmetric(centred.mean(axis=0)))
    return symmetric(centred.mean(axis=0))


def build_training_set(
    workspace: Workspace,
    clips: Sequence[ClipRef],
    *,
    reference: Reference = "clip-mean",
    template: NDArray[np.float64] | None = None,
    mean_lips: NDArray[np.float64] | None = None,
    recipe: LandmarkRecipe = DEFAULT,
    corrected: bool = True,
    lag_s: float = 0.0,
    progress: Callable[[int, int], None] | None = None,
) -> TrainingSet:
    """Examples of every clip of a list; landmarks come from the workspace.

    Parameters
    ----------
    template : (68, 2) face, and ``mean_lips`` (20, 2): what motion is put onto. Where None they are
        made of these clips: means over speakers, or the template of `mean_template`.
    recipe : how landmarks are detected.
    corrected : whether the corrections of the workspace are applied.
    lag_s : seconds by which the audio of these clips is late; it is moved forward by so much.

    Raises
    ------
    BadInput : not one clip can be used.
    """
    found: list[tuple[LandmarkTrack, Example]] = []
    left_out: list[dict[str, str]] = []
    for number, clip in enumerate(clips, start=1):
        try:
            landmarks = workspace.clip_landmarks(clip.path, recipe=recipe, corrected=corrected)
            track = landmarks.track
            sound = moved(resample(read_audio(clip.path), SOUND_RATE), lag_s)
            motion, lips = _motion(track, reference)
            example = Example(
                clip.name,
                sound,
                motion,
                lips,
                speaker=clip.speaker or "",
                corrections=landmarks.digest,
            )
            found.append((track, example))
        except SpeechmarksError as error:
            left_out.append({"clip": clip.name, "reason": str(error)})
        if progress is not None:
            progress(number, len(clips))
    if not found:
        reason = left_out[0]["reason"] if left_out else "the list is empty"
        raise BadInput(f"No clip of the list can be trained on; the first reason: {reason}")
    tracks, examples = [track for track, _ in found], [example for _, example in found]
    if reference == "closed-mouth":
        template = mean_template(tracks) if template is None else template
        placed = [replace(e, points=e.points + template) for e in examples]
        return TrainingSet(tuple(placed), template, tuple(left_out))
    if template is None or mean_lips is None:
        speakers = [e.speaker for e in examples]
        faces, mouths = zip(*map(_mean_face, tracks), strict=True)
        template = symmetric(_speaker_mean(faces, speakers)) if template is None else template
        mean_lips = _speaker_mean(mouths, speakers) if mean_lips is None else mean_lips
    size = float(interocular(template))
    return TrainingSet(
        tuple(
            replace(e, points=e.points * size + template, lips=e.lips + mean_lips) for e in examples
        ),
        template,
        tuple(left_out),
        mean_lips=mean_lips,
    )


def moved(sound: Waveform, lag_s: float) -> Waveform:
    """Audio that is ``lag_s`` late, in its place; silence fills what is not there."""
    shift = round(lag_s * sound.rate)
    if not shift:
        return sound
    samples = sound.samples
    edges = (max(0, -shift), max(0, shift))
    kept = np.pad(samples[max(0, shift) :], edges)[: len(samples)]
    return Waveform(np.ascontiguousarray(kept, np.float32), sound.rate)


def _motion(
    track: LandmarkTrack, reference: Reference
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Motion of the face and of the lips at 25 frames a second.

    From the clip's mean, in IOD and in eye5; or from its closed mouth, and lips as they are.
    """
    at_25 = retime(track, fps=25)
    lips = normalise_lips(at_25.points)[0][:, 48:68]
    if reference == "closed-mouth":
        nothing = np.zeros((68, 2))  # the template is only known once every clip has been seen
        return remove_identity(track, template=nothing).points, lips
    face = without_head_motion(at_25)
    return face - np.nanmean(face, axis=0), lips - np.nanmean(lips, axis=0)


def _mean_face(track: LandmarkTrack) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean face without head motion (68, 2) in IOD, and mean lips (20, 2) in eye5."""
    at_25 = retime(track, fps=25)
    lips = normalise_lips(at_25.points)[0][:, 48:68]
    return np.nanmean(without_head_motion(at_25), axis=0), np.nanmean(lips, axis=0)


def _speaker_mean(
    values: Sequence[NDArray[np.float64]], speakers: Sequence[str]
) -> NDArray[np.float64]:
    """The mean over speakers of each one's mean over clips."""
    by: dict[str, list[NDArray[np.float64]]] = {}
    for value, speaker in zip(values, speakers, strict=True):
        by.setdefault(speaker, []).append(value)
    return np.asarray(np.mean([np.mean(own, axis=0) for own in by.values()], axis=0))


def held_out(clips: Sequence[Item], seed: int) -> tuple[list[Item], list[Item]]:
    """What is learned from, and the 8 % that are not, drawn with a seed; both in order."""
    order = np.random.default_rng(seed).permutation(len(clips))
    count = max(1, round(0.08 * len(clips)))
    return [clips[i] for i in sorted(order[count:])], [clips[i] for i in sorted(order[:count])]


def split_clips(
    root: Path | str,
    list_name: str | None = None,
    *,
    reference: Reference = "clip-mean",
    template: NDArray[np.float64] | None = None,
    leave_out: Collection[str] = (),
    recipe: LandmarkRecipe = DEFAULT,
    corrected: bool = True,
    lag_s: float = 0.0,
    seed: int = 0,
    workspace: Workspace | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[TrainingSet, TrainingSet]:
    """Training and validation sets of a data set folder, split by clip.

    Validation clips are those of the list ``valid`` where there is one, else 8 % of the clips,
    drawn with ``seed``. Both are put onto the means of the training clips, or onto ``template``.

    leave_out : speakers that are in neither set: nothing is learned of them, means included.

    Other parameters are those of `build_training_set`.
    """
    workspace = workspace or Workspace()
    names = list_names(root)
    if list_name is None and "train" in names:
        list_name = "train"
    clips = list_clips(root, list_name)
    if unknown := sorted(set(leave_out) - {c.speaker for c in clips}):
        raise BadInput(
            f"No clip of the list is of speaker {unknown[0]!r}, so it cannot be left out."
        )
    clips = [c for c in clips if c.speaker not in leave_out]
    if "valid" in names and list_name != "valid":
        held = [c for c in list_clips(root, "valid") if c.speaker not in leave_out]
        taken = {c.name for c in held}
        clips = [c for c in clips if c.name not in taken]
    else:
        clips, held = held_out(clips, seed) if clips else ([], [])
    if not clips or not held:
        raise BadInput("Training needs at least two clips: one for training, one for validation.")
    build = partial(
        build_training_set,
        workspace,
        reference=reference,
        recipe=recipe,
        corrected=corrected,
        lag_s=lag_s,
        progress=progress,
    )
    training = build(clips, template=template)
    return training, build(held, template=training.template, mean_lips=training.mean_lips)
