"""A shape space from a file or from the workspace, and into both."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from core.errors import OutputExists, SpeechmarksError
from core.shape import ShapeSpace, keep_basis, kept_bases
from core.tracks.io import write_array
from ui.shared import state
from ui.shared.widgets import safe_text

__all__ = ["Imported", "imported", "save"]

_FILES = ("mean_shape.npy", "eigen_vectors.npy", "mean.npy", "components.npy")
_KEPT = "basis"
_ASKED = "basis to replace"


@dataclass(frozen=True, eq=False)
class Imported:
    """A shape space that was not fitted here, and how a command names it."""

    space: ShapeSpace
    word: str


def imported() -> Imported | None:
    """A shape space that the viewer drops here or has kept; what is none is told."""
    with st.popover("Load a basis", icon=":material/upload:"):
        kept = kept_bases(state.workspace().root)
        name = None
        if kept:
            name = st.selectbox(
                "Stored in the workspace", list(kept), None, key=_KEPT, bind="query-params",
                placeholder="none",
            )  # fmt: skip
        files = st.file_uploader(
            "A .npz, or the published pair mean_shape.npy and eigen_vectors.npy",
            ["npz", "npy"],
            accept_multiple_files=True,
        )
        try:
            if files:
                found = Imported(_dropped(files), "basis.npz")
            elif name is not None:
                found = Imported(ShapeSpace.load(kept[name]), name)
            else:
                return None
        except SpeechmarksError as error:
            st.error(safe_text(str(error)), icon=":material/error:")
            return None
        st.caption(
            f"{len(found.space.components)} components of {found.space.scheme}, in space "
            f"{found.space.space or 'unknown'}."
        )
        return found


def _dropped(files: Sequence[Any]) -> ShapeSpace:
    digest = hashlib.sha256(b"".join(file.getvalue() for file in files)).hexdigest()[:16]
    folder = state.scratch_file(f"basis {digest}")
    folder.mkdir(exist_ok=True)
    for file in files:
        name = "basis.npz" if file.name.lower().endswith(".npz") else file.name
        if name == "basis.npz" or name in _FILES:
            (folder / name).write_bytes(file.getvalue())
    single = folder / "basis.npz"
    return ShapeSpace.load(single if single.is_file() else folder)


def save(space: ShapeSpace) -> None:
    """The shape space as files: ours, the published pair, and one kept in the workspace."""
    path = state.scratch_file("basis.npz")
    space.save(path, force=True)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Store in the workspace as", placeholder="my lips", max_chars=40, width=220,
            key="basis name",
        )  # fmt: skip
        again = bool(name) and st.session_state.get(_ASKED) == name
        if st.button("Replace" if again else "Store", icon=":material/inventory_2:"):
            _keep(space, name, again)
        st.download_button("Save as basis.npz", path.read_bytes(), "basis.npz")
        for file, values in (
            ("mean_shape.npy", space.mean[np.newaxis]), ("eigen_vectors.npy", space.components),
        ):  # fmt: skip
            st.download_button(file, write_array(values), file, type="tertiary")
    st.caption(
        "A stored basis is listed under *Load a basis*, and its name works on the command "
        "line: `train lips --basis NAME`, `shape project --basis NAME`."
    )


def _keep(space: ShapeSpace, name: str, force: bool) -> None:
    try:
        keep_basis(state.workspace().root, name.strip(), space, force=force)
    except OutputExists:
        st.session_state[_ASKED] = name
        st.rerun()
    except SpeechmarksError as error:
        st.error(safe_text(str(error)), icon=":material/error:")
    else:
        st.session_state.pop(_ASKED, None)
        st.toast(f"Stored as {safe_text(name.strip())}.", icon=":material/check:")
