"""A speaker's mean from a clip, with landmarks from the workspace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..detect import plane_68
from ..edits import load_kept
from ..reference.speaker import SpeakerMean, check_seconds, speaker_mean
from ..workspace import Workspace, file_sha256
from .landmarks import DLIB68, LandmarkRecipe, cached_landmarks

__all__ = ["clip_speaker_mean"]


def clip_speaker_mean(
    workspace: Workspace,
    video: Path,
    *,
    seconds: float = 3.0,
    start: float | None = None,
    recipe: LandmarkRecipe = DLIB68,
    progress: Callable[[int], None] | None = None,
) -> SpeakerMean:
    """The mean lips and the mean face of the speaker of a clip, for `core.models.adapt_model`.

    Landmarks are detected, or taken from the workspace, with what was corrected there.

    Parameters
    ----------
    seconds, start : see `core.reference.speaker_mean`.
    recipe : how landmarks are detected.
    progress : called with the number of frames done; may raise to stop.

    Raises
    ------
    NoFace : less than 1 s with a whole face.
    BadInput : less than 1 s asked for, or damaged corrections. And what detection raises.
    """
    check_seconds(seconds)  # before minutes of detection
    clip = file_sha256(video)
    found = cached_landmarks(workspace, video, recipe=recipe, video_hash=clip, progress=progress)
    track = plane_68(found)
    kept = load_kept(workspace.root, track)
    track = track if kept.empty else kept.apply(track)
    return speaker_mean(track, clip=clip, seconds=seconds, start=start)
