"""Which detector gives the points, and whose face they are, on every page.

The detector holds for all clips; the face for one, because its number means nothing in another.
Both stand in the session and, where they are not the usual ones, in the address.
"""

from __future__ import annotations

import streamlit as st

from core.batch import LandmarkRecipe
from core.detect import DETECTORS, FaceChoice
from core.detect.identities import parse_face
from core.errors import BadInput

__all__ = [
    "choose_detector",
    "choose_face",
    "face_words",
    "forget_face",
    "read_address",
    "recipe_flags",
    "recipe_of",
    "recipe_words",
    "write_address",
]

_USUAL = LandmarkRecipe()
_WORDS = {
    "first": "the first face",
    "largest": "the largest face",
    "moving": "the face whose mouth moves most",
}
_DETECTOR = "landmark detector"
_FACES = "chosen faces"


def _faces() -> dict[str, FaceChoice]:
    """The choices of this session that are not the usual one, by clip."""
    found: dict[str, FaceChoice] = st.session_state.setdefault(_FACES, {})
    return found


def recipe_of(identity: str) -> LandmarkRecipe:
    """How the landmarks of a clip are to be made."""
    detector = st.session_state.get(_DETECTOR, _USUAL.detector)
    return LandmarkRecipe(detector=detector, face=_faces().get(identity, _USUAL.face))


def choose_detector(name: str) -> None:
    """Take the points of all clips from this detector; `write_address` then says so."""
    st.session_state[_DETECTOR] = name if name in DETECTORS else _USUAL.detector


def choose_face(identity: str, face: FaceChoice) -> None:
    """Take this face of the clip; `write_address` then says so."""
    if face == _USUAL.face:
        _faces().pop(identity, None)
    else:
        _faces()[identity] = face


def forget_face(identity: str) -> None:
    """A clip is gone, and what was chosen in it."""
    _faces().pop(identity, None)
    st.query_params.pop("face", None)


def read_address(identity: str) -> None:
    """Take over what the address, which names this clip, says; words that mean nothing are the
    usual choice."""
    choose_detector(st.query_params.get("detector", _USUAL.detector))
    try:
        choose_face(identity, parse_face(st.query_params.get("face", _USUAL.face)))
    except BadInput:
        choose_face(identity, _USUAL.face)


def write_address(identity: str) -> None:
    """Put the choices for a clip into the address, those that are not the usual ones."""
    recipe = recipe_of(identity)
    for key, value, usual in (
        ("detector", recipe.detector, _USUAL.detector),
        ("face", str(recipe.face), _USUAL.face),
    ):
        if value == usual:
            st.query_params.pop(key, None)
        elif st.query_params.get(key) != value:
            st.query_params[key] = value


def recipe_flags(recipe: LandmarkRecipe, *, as_68: bool = False) -> list[str]:
    """What the command `landmarks` needs for it; ``as_68``: the 68 points that pages go on with."""
    flags = [] if recipe.detector == _USUAL.detector else ["--detector", recipe.detector]
    flags += [] if recipe.face == _USUAL.face else ["--face", str(recipe.face)]
    other = DETECTORS[recipe.detector].scheme != "dlib68"
    return [*flags, "--as-68"] if as_68 and other else flags


def face_words(face: FaceChoice) -> str:
    """A choice of face in words."""
    return _WORDS.get(str(face), f"face {face}")


def recipe_words(recipe: LandmarkRecipe) -> str:
    """What is not the usual choice, in words; '' where all is."""
    parts = [] if recipe.detector == _USUAL.detector else [f"points by {recipe.detector}"]
    parts += [] if recipe.face == _USUAL.face else [face_words(recipe.face)]
    return ", ".join(parts)
