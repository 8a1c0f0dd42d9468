"""A speaker's mean from a clip, with landmarks from the workspace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..neutral.speaker import SpeakerMean, check_seconds, speaker_mean
from ..workspace import DLIB68, LandmarkRecipe, Workspace, file_sha256

__all__ = ["clip_speaker_mean"]


def clip_speaker_mean(
    workspace: Workspace,
    video: Path,
    *,
    seconds: float = 3.0,
    start: float | None = None,
    recipe: LandmarkRecipe = DLIB68,
    corrected: bool = True,
    progress: Callable[[int], None] | None = None,
) -> SpeakerMean:
    """The mean lips and the mean face of the speaker of a clip, for `core.models.adapt_model`.

    Landmarks come from the workspace, or are detected now.

    Parameters
    ----------
    seconds, start : see `core.neutral.speaker_mean`.
    recipe : how landmarks are detected.
    corrected : whether the corrections of the workspace are applied.
    progress : called with the number of frames done; may raise to stop.

    Raises
    ------
    NoFace : less than 1 s with a whole face.
    BadInput : less than 1 s asked for, or damaged corrections. And what detection raises.
    """
    check_seconds(seconds)  # before minutes of detection
    clip = file_sha256(video)
    found = workspace.clip_landmarks(
        video, recipe=recipe, corrected=corrected, video_hash=clip, progress=progress
    )
    return speaker_mean(found.track, clip=clip, seconds=seconds, start=start)
