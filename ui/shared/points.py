"""Landmarks of a clip for every page: by the chosen detector, of the chosen face, made once."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.detect import Faces, plane_68
from core.detect.sideways import face_rotation
from core.errors import NoFace, SpeechmarksError
from core.tracks.track import LandmarkTrack
from core.workspace import (
    Clip,
    LandmarkFacts,
    LandmarkRecipe,
    cached_faces,
    known_faces,
    landmark_facts,
    landmark_key,
)
from ui.shared import recipe as recipes
from ui.shared.clips import command_word, kept, workspace
from ui.shared.edits import kept_over

__all__ = [
    "detected",
    "faces",
    "is_corrected",
    "landmark_line",
    "landmark_record",
    "landmarks",
    "landmarks_key",
    "landmarks_or_none",
    "plain_landmarks",
    "recipe",
]

Progress = Callable[[float], None]


def recipe(clip: Clip) -> LandmarkRecipe:
    """Detector, precision and face of a clip's landmarks."""
    return recipes.recipe_of(clip.id)


def _counted(clip: Clip, passes: int, progress: Progress | None) -> Callable[[int], None] | None:
    """A progress that hears frames done, of work that goes through a clip so many times."""
    if progress is None:
        return None
    frames = clip.info.video.n_frames if clip.info.video else 1
    before, last = 0, 0

    def count(done: int) -> None:
        nonlocal before, last
        before, last = before + (done < last), done
        progress(min(1.0, (before + done / frames) / passes))

    return count


def detected(clip: Clip, progress: Progress | None = None) -> LandmarkTrack:
    """Landmarks of a clip as its detector gives them, from the workspace where they are there.

    Raises `NoFace` where no frame holds the face, and what detection raises.
    """
    how = recipe(clip)
    passes = 2 if how.whole and how.detector != "dlib68" else 1
    report = _counted(clip, passes, progress)
    track = kept(
        f"detected {landmark_key(clip.id, how)}",
        lambda: workspace().clip_landmarks(clip, recipe=how, corrected=False, progress=report).own,
    )
    if track.frame_valid.any():
        return track
    if isinstance(how.face, int) and landmark_record(clip).faces:
        raise NoFace(
            f"No shot of this clip has a face number {how.face}; choose another one on the page "
            "Landmarks."
        )
    angle = kept(f"sideways {clip.id}", lambda: face_rotation(clip.path) or 0)
    if angle:
        raise NoFace(
            f"No face was found in this clip as it is, but faces are found when it is rotated by "
            f"{angle} degrees; rotate it on the page Library."
        )
    raise NoFace("No face was found in this clip; choose one with a clearly visible face.")


def plain_landmarks(clip: Clip, progress: Progress | None = None) -> LandmarkTrack:
    """The 68 points of a clip in the plane, whatever its detector, before any correction; raises as
    `detected`."""
    track = detected(clip, progress)
    return kept(f"68 {landmark_key(clip.id, recipe(clip))}", lambda: plane_68(track))


def landmarks(clip: Clip, progress: Progress | None = None) -> LandmarkTrack:
    """The 68 points of a clip in the plane, with what was corrected on the page Quality; raises as
    `detected`, and `BadInput` where the corrections are damaged."""
    plain = plain_landmarks(clip, progress)
    if not kept_over(plain).digest:
        return plain
    how = recipe(clip)
    return kept(
        f"corrected {landmarks_key(clip)}",
        lambda: workspace().clip_landmarks(clip, recipe=how).track,
    )


def landmarks_key(clip: Clip) -> str:
    """What the landmarks of a clip, which must be there already, depend on: for keys of results."""
    return f"{landmark_key(clip.id, recipe(clip))} {kept_over(plain_landmarks(clip)).digest}"


def is_corrected(clip: Clip) -> bool:
    """Whether the landmarks of a clip are there, with corrections; nothing is detected."""
    if clip.info.video is None or not workspace().corrected_tracks():
        return False
    how = recipe(clip)
    key = landmark_key(clip.id, how)

    def stored() -> LandmarkTrack | None:
        found = workspace().known_landmarks(clip.id, recipe=how, corrected=False)
        return None if found is None else found.own

    try:
        own = kept(f"detected {key}", stored)
        if own is None:
            return False
        return bool(kept_over(kept(f"68 {key}", lambda: plane_68(own))).digest)
    except SpeechmarksError:  # the page that needs them says so
        return False


def landmark_record(clip: Clip) -> LandmarkFacts:
    """What was recorded when the clip's landmarks were made, which they must be already."""
    found = landmark_facts(workspace(), clip.id, recipe(clip))
    assert found is not None
    return found


def landmark_line(clip: Clip, out: str = "landmarks.npz", *, as_68: bool = True) -> list[str]:
    """The command that makes a clip's landmarks as pages take them."""
    flags = recipes.recipe_flags(recipe(clip), as_68=as_68)
    return ["landmarks", command_word(clip), "-o", out, *flags]


def faces(clip: Clip, progress: Progress | None = None) -> Faces | None:
    """Every face of a clip, told apart; without a ``progress`` only where that was done before."""
    precision = recipe(clip).tracking
    key = f"faces {clip.id} {precision}"
    if progress is None:
        return kept(key, lambda: known_faces(workspace(), clip.id, precision=precision))
    report = _counted(clip, 1, progress)
    return kept(
        key,
        lambda: cached_faces(
            workspace(), clip.path, precision=precision, video_hash=clip.id, progress=report
        ),
    )


def landmarks_or_none(clip: Clip, progress: Progress | None = None) -> LandmarkTrack | None:
    """Landmarks, or None with a quiet remark where the clip shows no face."""
    try:
        return landmarks(clip, progress)
    except NoFace as error:
        st.warning(
            f"{error} There is no ground truth to compare with.",
            icon=":material/face_retouching_off:",
        )
        return None
