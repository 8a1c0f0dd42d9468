"""Landmarks of the systems' videos, found in the background while the page is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from core.errors import SpeechmarksError
from core.workspace import Clip, LandmarkRecipe
from ui.shared import state
from ui.shared.importing import BroughtTrack
from ui.shared.jobs import Hear, Job, jobs
from ui.shared.jobs_view import job_panel
from ui.shared.recipe import recipe_flags
from ui.shared.widgets import safe_text

__all__ = ["find_landmarks"]

_ASKED = "system videos asked for"


@dataclass
class _Found:
    """What the job counts."""

    done: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)


def find_landmarks(systems: Sequence[BroughtTrack]) -> None:
    """Start the job for videos whose landmarks are not known, and show how it stands.

    The page runs again whenever the landmarks of another video are there. A job that was cancelled,
    or that failed, is started again by a button only.
    """
    missing = [one.video for one in systems if one.video is not None and not one.searched]
    if not missing:
        return
    _watch(missing)  # they may have come since the page read them
    asked = st.session_state.setdefault(_ASKED, set())
    keys = {f"{video.id} {state.recipe(video)}" for video in missing}
    wait = jobs().running is not None
    if not wait and not keys <= asked:
        asked |= keys
        _start(missing)
    elif not wait:
        with st.container(horizontal=True, vertical_alignment="center"):
            names = ", ".join(video.name for video in missing)
            st.warning(safe_text(f"No landmarks yet: {names}."), icon=":material/face_6:")
            st.button("Find the landmarks", on_click=lambda: asked.difference_update(keys))
    job_panel()
    if jobs().running is not None:
        st.fragment(_watch, run_every=1.0, key="system videos")(missing)


def _watch(missing: Sequence[Clip]) -> None:
    """Run the page again when the landmarks of another video are there."""
    space = state.workspace()
    if any(space.known_landmarks(v.id, recipe=state.recipe(v)) is not None for v in missing):
        st.rerun()


def _start(videos: Sequence[Clip]) -> None:
    recipe = state.recipe(videos[0])
    some = f"{len(videos)} videos" if len(videos) > 1 else videos[0].name
    lines = [
        ["landmarks", video.name, "-o", f"{k}.npz", *recipe_flags(recipe)]
        for k, video in enumerate(videos, 1)
    ]
    job = Job(f"Landmarks of {some}", "videos", commands=lines)
    jobs().start(job, lambda hear: _detect(videos, recipe, hear))


def _detect(videos: Sequence[Clip], recipe: LandmarkRecipe, hear: Hear) -> str:
    """Detect the landmarks of each video; what goes wrong with one is recorded."""
    space, found = state.workspace(), _Found()
    for number, video in enumerate(videos):
        frames = video.info.video.n_frames if video.info.video else 1

        def report(done: int, number: int = number, frames: int = frames) -> None:
            hear(number + min(1.0, done / frames), len(videos), found)

        report(0)
        try:
            space.landmarks(video, recipe=recipe, progress=report)
            found.done += 1
        except SpeechmarksError as error:
            found.failed.append({"clip": video.name, "reason": str(error)})
    hear(len(videos), len(videos), found)
    return f"Landmarks of {found.done} of {len(videos)} videos are ready."
