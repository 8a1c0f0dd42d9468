"""Training examples from clips: a speech signal and the identity-free face it goes with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.align import align_procrustes, normalise_lips, procrustes_frames
from core.batch.landmarks import cached_landmarks
from core.datasets import ClipRef, list_clips, list_names
from core.errors import BadInput, SpeechmarksError
from core.media import Waveform, read_sound
from core.media.audio import resample
from core.reference import closed_mouth, remove_identity
from core.scheme import DLIB68
from core.track import LandmarkTrack, retime
from core.workspace import Workspace

__all__ = [
    "Example",
    "TrainingSet",
    "build_training_set",
    "held_out",
    "mean_template",
    "split_clips",
    "symmetric",
]


Item = TypeVar("Item")

SOUND_RATE = 16_000
"""Hz at which training sound is held: what GRID has, and enough for every family but lstm, whose
features reach to 22 kHz of which speech data of this rate hold nothing."""


@dataclass(frozen=True, eq=False)
class Example:
    """One clip at 25 frames a second.

    Attributes
    ----------
    sound : on the picture's clock
    points : (T, 68, 2) in template space, identity removed; NaN in frames without a face
    lips : (T, 20, 2) in HUM's lip space (eye5); NaN as above
    mel : (T, 128) features of TFL without context, where they are given in place of sound
    """

    name: str
    sound: Waveform
    points: NDArray[np.float64]
    lips: NDArray[np.float64]
    mel: NDArray[np.float32] | None = None


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Examples, the template their identity was removed onto, clips left out with reasons, and the
    space of the faces."""

    examples: tuple[Example, ...]
    template: NDArray[np.float64]
    left_out: tuple[dict[str, str], ...]
    space: Literal["template", "unit"] = "template"


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
    template: NDArray[np.float64] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TrainingSet:
    """Load, align and strip of identity every clip of a list; landmarks come from the workspace.

    Parameters
    ----------
    template : (68, 2); made of these clips by `mean_template` where None.

    Raises
    ------
    BadInput : not one clip can be used.
    """
    found: list[tuple[LandmarkTrack, Example]] = []
    nothing = np.zeros((68, 2))  # the template is only known once every clip has been seen
    left_out: list[dict[str, str]] = []
    for number, clip in enumerate(clips, start=1):
        try:
            track = cached_landmarks(workspace, Path(clip.path))
            motion = remove_identity(track, template=nothing).points
            lips = normalise_lips(retime(track, fps=25).points)[0][:, 48:68]
            sound = resample(read_sound(clip.path), SOUND_RATE)
            found.append((track, Example(clip.name, sound, motion, lips)))
        except SpeechmarksError as error:
            left_out.append({"clip": clip.name, "reason": str(error)})
        if progress is not None:
            progress(number, len(clips))
    if not found:
        reason = left_out[0]["reason"] if left_out else "the list is empty"
        raise BadInput(f"No clip of the list can be trained on; the first reason: {reason}")
    if template is None:
        template = mean_template([track for track, _ in found])
    examples = tuple(replace(e, points=e.points + template) for _, e in found)
    return TrainingSet(examples, template, tuple(left_out))


def held_out(clips: Sequence[Item], seed: int) -> tuple[list[Item], list[Item]]:
    """What is learned from, and the 8 % that are not, drawn with a seed; both in order."""
    order = np.random.default_rng(seed).permutation(len(clips))
    count = max(1, round(0.08 * len(clips)))
    return [clips[i] for i in sorted(order[count:])], [clips[i] for i in sorted(order[:count])]


def split_clips(
    root: Path | str,
    list_name: str | None = None,
    *,
    template: NDArray[np.float64] | None = None,
    seed: int = 0,
    workspace: Workspace | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[TrainingSet, TrainingSet]:
    """Training and validation sets of a data set folder, split by clip.

    Validation clips are those of the list ``valid`` where there is one, else 8 % of the clips,
    drawn with ``seed``. Both share the ``template``, made of the training clips where None.
    """
    workspace = workspace or Workspace()
    names = list_names(root)
    if list_name is None and "train" in names:
        list_name = "train"
    clips = list_clips(root, list_name)
    if "valid" in names and list_name != "valid":
        held = list_clips(root, "valid")
        taken = {c.name for c in held}
        clips = [c for c in clips if c.name not in taken]
    else:
        clips, held = held_out(clips, seed)
    if not clips:
        raise BadInput("Training needs at least two clips: one to learn from, one to validate on.")
    training = build_training_set(workspace, clips, template=template, progress=progress)
    return training, build_training_set(
        workspace, held, template=training.template, progress=progress
    )
