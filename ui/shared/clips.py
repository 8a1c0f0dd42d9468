"""The workspace, the clip that pages work on, and what is kept in memory between runs of a page.

The clip stands in the address (``?clip=<id>``) and in the session.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

from core.errors import SpeechmarksError
from core.samples import SAMPLE
from core.workspace import Clip, Workspace
from ui.shared import recipe

__all__ = [
    "choose_clip",
    "command_word",
    "current_clip",
    "is_sample",
    "kept",
    "remove_clip",
    "rename_clip",
    "sample_clip",
    "stored_clip",
    "workspace",
]

T = TypeVar("T")
_MOST_KEPT = 32
_OF_CLIP = ("tracks", "lanes", "looks")


@st.cache_resource
def workspace() -> Workspace:
    return Workspace()


@st.cache_resource(max_entries=1024)
def _clip(identity: str) -> Clip:
    return workspace().clip(identity)


@st.cache_resource
def _sample_id() -> str:
    return workspace().add_clip(SAMPLE.video, f"{SAMPLE.name}.mp4").id


def stored_clip(identity: str) -> Clip:
    """A clip of the workspace; its measurements are made once a process."""
    return _clip(identity)


def sample_clip() -> Clip:
    """The built-in clip, put into the workspace on first use."""
    return _clip(_sample_id())


def is_sample(clip: Clip) -> bool:
    return clip.id == _sample_id()


def command_word(clip: Clip) -> str:
    """How a command line names the clip's file."""
    return "samples/presenter.mp4" if is_sample(clip) else clip.name


def choose_clip(clip: Clip) -> None:
    """Make a clip the current one on every page and in the address."""
    if st.query_params.get("clip", clip.id) != clip.id:
        for name in _OF_CLIP:  # they belong to the clip that was chosen before
            st.query_params.pop(name, None)
    st.session_state["clip"] = clip.id
    st.query_params["clip"] = clip.id
    recipe.write_address(clip.id)


def rename_clip(identity: str, name: str) -> None:
    """Give a clip another name."""
    workspace().rename_clip(identity, name)
    _clip.clear()


def remove_clip(clip: Clip) -> None:
    """Delete the workspace's copy of a clip and choose none."""
    workspace().remove_clip(clip.id)
    recipe.forget_face(clip.id)
    _clip.clear()
    st.session_state.pop("clip", None)
    st.query_params.pop("clip", None)


def current_clip() -> Clip | None:
    """The clip of the address, else of the session; None where neither can be found any more."""
    identity = st.query_params.get("clip") or st.session_state.get("clip")
    if not identity:
        return None
    try:
        clip = _clip(identity)
    except SpeechmarksError:
        st.session_state.pop("clip", None)
        st.query_params.pop("clip", None)
        return None
    if not clip.path.is_file():  # removed from the workspace meanwhile
        _clip.clear()
        return None
    if st.query_params.get("clip") == clip.id:
        recipe.read_address(clip.id)
    choose_clip(clip)
    return clip


@st.cache_resource
def _memory() -> dict[str, Any]:
    return {}


def kept(key: str, make: Callable[[], T]) -> T:
    """The very same result at every run of a page, so that what follows from it is kept, too; None
    is no result.
    """
    memory = _memory()
    found: T = memory.pop(key, None)
    if found is None:
        found = make()
    if found is not None:
        memory[key] = found  # newest last
    while len(memory) > _MOST_KEPT:
        memory.pop(next(iter(memory)), None)
    return found
