"""Files that the user brings: dropped, kept in the workspace, chosen and put away.

Which of them are chosen stands in the address (``?tracks=<id>,<id>&lanes=<id>``) and in the
session, for each clip. Videos of systems stand among the tracks. A track whose file holds no rate,
space or usual layout is chosen as ``<id>:<rate>:<space>:<assumption>+<assumption>``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePath
from typing import Any, BinaryIO, cast, get_args

import streamlit as st

from core.datasets.clips import VIDEO_SUFFIXES
from core.errors import BadInput, SpeechmarksError
from core.tracks.anatomy import ASSUMPTIONS, Assumption
from core.tracks.io import zip_texts
from core.tracks.track import Space
from core.workspace import Import, ImportKind
from ui.shared import state
from ui.shared.widgets import safe_text

__all__ = ["Choice", "choose", "chosen", "row", "upload"]

_PARAMETER: dict[ImportKind, str] = {"track": "tracks", "labels": "lanes"}


def _place(kind: ImportKind) -> str:
    """Where the session holds the chosen files: they belong to the clip that they were added to."""
    return f"brought {_PARAMETER[kind]} {st.session_state.get('clip', '')}"


@dataclass(frozen=True)
class Choice:
    """One chosen file, as it stands in the address."""

    id: str
    fps: float | None = None
    space: Space | None = None
    assume: tuple[Assumption, ...] = ()

    @classmethod
    def read(cls, text: str) -> Choice:
        identity, rate, space, assumed, *_ = (*text.split(":"), "", "", "")
        plain = rate.replace(".", "", 1)
        fps = float(rate) if plain.isascii() and plain.isdigit() and len(plain) < 9 else 0.0
        known = cast(Space, space) if space in get_args(Space) else None
        assume = tuple(cast(Assumption, a) for a in assumed.split("+") if a in ASSUMPTIONS)
        return cls(identity, fps if 1 <= fps <= 1000 else None, known, assume)

    def __str__(self) -> str:
        rate = "" if self.fps is None else f"{self.fps:g}"
        return f"{self.id}:{rate}:{self.space or ''}:{'+'.join(self.assume)}".rstrip(":")


def chosen(kind: ImportKind) -> list[Choice]:
    """The chosen files of the address, else of the session."""
    name = _PARAMETER[kind]
    text = st.query_params.get(name) or st.session_state.get(_place(kind), "")
    choices = {c.id: c for c in map(Choice.read, filter(None, text.split(",")))}
    choose(kind, list(choices.values()))
    return list(choices.values())


def choose(kind: ImportKind, choices: Sequence[Choice]) -> None:
    """Make these the chosen files, in the address and in the session."""
    name = _PARAMETER[kind]
    text = ",".join(map(str, choices))
    st.session_state[_place(kind)] = text
    if not text:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != text:
        st.query_params[name] = text


def upload(kind: ImportKind, label: str, hint: str, *, videos: bool = False) -> None:
    """A place to drop files; what is dropped is kept and chosen, what is refused is told.

    videos : whether videos are taken beside tracks.
    """
    turn, told = f"turn of {kind}", f"told of {kind}"
    number = st.session_state.setdefault(turn, 0)
    files = st.file_uploader(
        label, accept_multiple_files=True, help=hint, key=f"bring {kind} {number}"
    )
    for sentence in st.session_state.get(told, ()):
        st.error(safe_text(sentence), icon=":material/error:")
    if not files:
        return
    st.session_state[told] = []
    for source, name in _as_tracks(files) if kind == "track" else [(f, f.name) for f in files]:
        try:
            filmed = videos and PurePath(name).suffix.lower() in VIDEO_SUFFIXES
            imported = state.workspace().add_import(source, name, "video" if filmed else kind)
            if all(imported.id != choice.id for choice in chosen(kind)):
                choose(kind, [*chosen(kind), Choice(imported.id)])
        except SpeechmarksError as error:
            st.session_state[told].append(str(error))
    st.session_state[turn] = number + 1  # an empty place for the next files
    st.rerun()


def _as_tracks(files: Sequence[Any]) -> list[tuple[BinaryIO, str]]:
    """The files, of which all numbered texts together are one track."""
    texts = {f.name: f for f in files if f.name.lower().endswith(".txt")}
    tracks = [(f, f.name) for f in files if f.name not in texts]
    if texts:
        packed = zip_texts({name: file.getvalue() for name, file in texts.items()})
        tracks.append((BytesIO(packed), f"{len(texts)} text files.zip"))
    return tracks


def row(kind: ImportKind, choice: Choice, *, videos: bool = False) -> Import | None:
    """A chosen file by its name, with a button that puts it away; None where it is gone, and for a
    video where none are taken."""
    with st.container(horizontal=True, vertical_alignment="center"):
        found: Import | None = None
        try:
            found = state.workspace().get_import(choice.id)
            if found.kind == "video" and kind == "track" and not videos:
                return None
            if found.kind not in (kind, "video" if videos else kind):
                raise BadInput(f"{found.name!r} contains no {kind}; remove it.")
            st.markdown(safe_text(found.name))
        except SpeechmarksError as error:
            found = None
            st.warning(safe_text(str(error)), icon=":material/link_off:")
        if st.button("Remove", key=f"remove {kind} {choice.id}", icon=":material/close:"):
            choose(kind, [other for other in chosen(kind) if other.id != choice.id])
            st.rerun()
    return found
