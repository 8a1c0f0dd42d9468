"""The detector, its precision and the face whose landmarks every page shows.

Detector and precision hold for all clips; the face holds for one clip, because its number means
nothing in another. All three are stored in the session and, where they are not the default, in the
URL.
"""

from __future__ import annotations

from typing import get_args

import streamlit as st

from core.detect import DETECTORS, FaceChoice, Precision
from core.detect.face_tracks import parse_face
from core.errors import BadInput
from core.workspace import LandmarkRecipe

__all__ = [
    "choose_detector",
    "choose_face",
    "choose_precision",
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
_PRECISION = "landmark precision"
_FACES = "chosen faces"


def _faces() -> dict[str, FaceChoice]:
    """The choices of this session that are not the usual one, by clip."""
    found: dict[str, FaceChoice] = st.session_state.setdefault(_FACES, {})
    return found


def recipe_of(identity: str) -> LandmarkRecipe:
    """How the landmarks of a clip are to be made."""
    return LandmarkRecipe(
        detector=st.session_state.get(_DETECTOR, _USUAL.detector),
        face=_faces().get(identity, _USUAL.face),
        precision=st.session_state.get(_PRECISION, _USUAL.precision),
    )


def choose_detector(name: str) -> None:
    """Take the points of all clips from this detector; `write_address` then says so."""
    st.session_state[_DETECTOR] = name if name in DETECTORS else _USUAL.detector


def choose_precision(precision: str) -> None:
    """Use this precision for all clips; `write_address` then puts it into the URL."""
    known = {p: p for p in get_args(Precision)}
    st.session_state[_PRECISION] = known.get(precision, _USUAL.precision)


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
    choose_precision(st.query_params.get("precision", _USUAL.precision))
    try:
        choose_face(identity, parse_face(st.query_params.get("face", _USUAL.face)))
    except BadInput:
        choose_face(identity, _USUAL.face)


def write_address(identity: str) -> None:
    """Put the choices for a clip into the address, those that are not the usual ones."""
    recipe = recipe_of(identity)
    for key, value, usual in (
        ("detector", recipe.detector, _USUAL.detector),
        ("precision", recipe.precision, _USUAL.precision),
        ("face", str(recipe.face), _USUAL.face),
    ):
        if value == usual:
            st.query_params.pop(key, None)
        elif st.query_params.get(key) != value:
            st.query_params[key] = value


def recipe_flags(recipe: LandmarkRecipe, *, as_68: bool = False) -> list[str]:
    """What the command `landmarks` needs for it; ``as_68``: the 68 points that pages go on with."""
    flags = [] if recipe.detector == _USUAL.detector else ["--detector", recipe.detector]
    flags += ["--precision", recipe.precision] if _coarser(recipe) else []
    flags += [] if recipe.face == _USUAL.face else ["--face", str(recipe.face)]
    other = DETECTORS[recipe.detector].scheme != "dlib68"
    return [*flags, "--as-68"] if as_68 and other else flags


def _coarser(recipe: LandmarkRecipe) -> bool:
    """Whether its precision is not the default one, of a detector that has the choice."""
    return DETECTORS[recipe.detector].fine and recipe.precision != _USUAL.precision


def face_words(face: FaceChoice) -> str:
    """A choice of face in words."""
    return _WORDS.get(str(face), f"face {face}")


def recipe_words(recipe: LandmarkRecipe) -> str:
    """What is not the usual choice, in words; '' where all is."""
    parts = [] if recipe.detector == _USUAL.detector else [f"landmarks by {recipe.detector}"]
    parts += [f"{recipe.precision} landmarks"] if _coarser(recipe) else []
    parts += [] if recipe.face == _USUAL.face else [face_words(recipe.face)]
    return ", ".join(parts)
