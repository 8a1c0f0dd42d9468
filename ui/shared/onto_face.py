"""The same motion on another face: another template, or another speaker's mean lips."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.align import read_template, shipped_template
from core.errors import SpeechmarksError
from core.neutral import closed_face, mean_lips, remove_identity, template_face
from core.render import ACCENT, INK
from core.render.player import PlayerPanel
from core.shape import ShapeSpace, prepared_for
from core.shape.space import read_mean
from core.tracks.scheme import get_scheme
from core.tracks.track import LandmarkTrack, remembered
from core.workspace import Clip
from ui.player.component import show_clip
from ui.shared import face_plots, plots, state
from ui.shared.widgets import progress, safe_text

__all__ = ["other_mean", "other_template"]

Lines = list[list[str]]
_OWN, _FILE = "Of these speakers", "A file"


@remembered
def _closed(track: LandmarkTrack) -> NDArray[np.float64]:
    return closed_face(track)


def _unit(face: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = face - face.mean(axis=0)
    return np.asarray(centred / np.linalg.norm(centred))


def _uploaded(label: str, key: str, hint: str) -> str | None:
    """A .npy or .npz file that the viewer drops, as a file of this session."""
    file = st.file_uploader(label, ["npy", "npz"], key=key, help=hint)
    if file is None:
        return None
    content = file.getvalue()
    suffix = ".npz" if file.name.lower().endswith(".npz") else ".npy"
    path = state.scratch_file(f"{key} {hashlib.sha256(content).hexdigest()[:16]}{suffix}")
    path.write_bytes(content)
    return str(path)


def _side_by_side(panels: Sequence[PlayerPanel], clip: Clip, key: str) -> None:
    with progress("Preparing the clip for the browser") as report:
        media = state.media(clip, report)
    show_clip(panels, media, key=f"{key} {clip.id}")


def other_template(
    speakers: Mapping[str, Sequence[LandmarkTrack]],
    clips: Mapping[str, Clip],
    tracks: Mapping[str, LandmarkTrack],
    names: Mapping[str, str],
    files: Sequence[str],
) -> Lines:
    """The motion of a clip on the shipped template and on another; the command lines.

    names : landmark files of the clips, for the commands. files : the same with who speaks,
        NAME=FILE.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        which = st.segmented_control(
            "Another template", [_OWN, _FILE], default=_OWN, required=True, key="template of",
            bind="query-params",
        )  # fmt: skip
        one = st.selectbox(
            "Motion of", list(tracks), key="motion of", width=280,
            format_func=lambda i: clips[i].name,
        )  # fmt: skip
    made: NDArray[np.float64] | None
    first: Lines
    if which == _OWN:
        made, flags = _weighed(speakers)
        first = [["template", *files, "-o", "template.npy", *flags]]
    else:
        made, first = _brought_template(), []
    after = [["identity", names[one], "-o", "identity.npz", "--template", "template.npy"]]
    if made is None:
        return [*first, *after]
    track = tracks[one]
    try:
        free = remove_identity(track, template=made)
    except SpeechmarksError as error:
        st.error(safe_text(str(error)), icon=":material/error:")
        return [*first, *after]
    panels = [
        PlayerPanel("Clip", kind="video", style="overlay", colour=INK, track=track),
        PlayerPanel(
            "On the shipped template", style="wireframe", colour=INK, track=remove_identity(track)
        ),
        PlayerPanel("On the other template", style="wireframe", colour=ACCENT, track=free),
    ]
    _side_by_side(panels, clips[one], "other template")
    with st.container(horizontal=True, gap="large", vertical_alignment="center"):
        faces = {
            "shipped": (_unit(shipped_template()), plots.ink()),
            "other": (_unit(made), ACCENT),
        }
        with st.container(width=260):
            plots.show(face_plots.overlay(faces), height=260, key="template")
        st.markdown(
            "A template is the face to which identity removal adds the motion. The "
            "displacements of all points stay; only the face changes. With several speakers, "
            "the closed-mouth frames of each are averaged first, then the speakers by weight.",
            width=420,
        )
    return [*first, *after]


def _weighed(
    speakers: Mapping[str, Sequence[LandmarkTrack]],
) -> tuple[NDArray[np.float64] | None, list[str]]:
    """A template of these speakers, and the flags of the command; None where nobody counts."""
    with progress("Finding the closed-mouth frames"):
        closed = {name: [_closed(t) for t in tracks] for name, tracks in speakers.items()}
    with st.container(horizontal=True):
        weights = {
            name: st.slider(safe_text(name), 0.0, 1.0, 1.0, 0.05, key=f"weight {name}", width=160)
            for name in speakers
        }
    flags = [(name, weight) for name, weight in weights.items() if weight != 1]
    words = list(chain.from_iterable(("--weight", f"{name}={w:g}") for name, w in flags))
    if not any(weights.values()):
        st.info("Give at least one speaker a weight above 0.", icon=":material/balance:")
        return None, words
    return template_face(closed, weights=weights).face, words


def _brought_template() -> NDArray[np.float64] | None:
    path = _uploaded(
        "A template face", "template file", "NPY with (68, 2), as the command 'template' writes."
    )
    if path is None:
        st.info(
            "Import a face: an output of the command template, or mean.npy of the published files.",
            icon=":material/upload:",
        )
        return None
    try:
        return read_template(path)
    except SpeechmarksError as error:
        st.error(safe_text(str(error)), icon=":material/error:")
        return None


def other_mean(
    space: ShapeSpace,
    clips: Mapping[str, Clip],
    tracks: Mapping[str, LandmarkTrack],
    names: Mapping[str, str],
    basis: str,
) -> Lines:
    """A clip from its few numbers, on the mean of the basis and on another speaker's mean lips.

    names : landmark files of the clips, for the commands. basis : that of the shape space.
    """
    if (space.scheme, space.space) != ("lips20", "eye5"):
        st.info(
            "This is for lips only. To change a whole face, use *Another template* on the page "
            "Identity.",
            icon=":material/face:",
        )
        return []
    with st.container(horizontal=True, vertical_alignment="bottom"):
        one = st.selectbox(
            "Motion of", list(tracks), key="adapted clip", width=280,
            format_func=lambda i: clips[i].name,
        )  # fmt: skip
        other = st.selectbox(
            "On the mean lips of", [*tracks, _FILE], key="mean lips of", width=280,
            index=min(1, len(tracks) - 1),
            format_func=lambda i: i if i == _FILE else clips[i].name,
        )  # fmt: skip
    lines = [] if other == _FILE else [
        ["shape", "fit", names[other], "-o", "mean.npz", "-k", "1", "--part", "lips"]
    ]  # fmt: skip
    mean_file = "mean.npy" if other == _FILE else "mean.npz"
    lines.append(
        ["shape", "reconstruct", names[one], "--basis", basis, "--mean", mean_file,
         "-o", "adapted.npz"]
    )  # fmt: skip
    if other == one:
        st.info(
            "The clip's own mean lips change little: choose another clip, or a file of mean lips.",
            icon=":material/group:",
        )
    if (mean := _mean(space, other, tracks)) is None:
        return lines
    ready = prepared_for(space, tracks[one])
    values = space.project(ready.points)
    adapted = replace(space, mean=mean.ravel())
    own, there = (ready.replace(points=s.reconstruct(values), score=None) for s in (space, adapted))
    panels = [
        PlayerPanel("Clip", kind="video", style="overlay", colour=INK, track=tracks[one]),
        PlayerPanel("On the mean of the basis", style="wireframe", colour=INK, track=own),
        PlayerPanel("On the other mean", style="wireframe", colour=ACCENT, track=there),
    ]
    _side_by_side(panels, clips[one], "other mean")
    with st.container(horizontal=True, gap="large", vertical_alignment="center"):
        lips = {
            "mean of the basis": (-space.mean.reshape(20, 2), plots.ink()),
            "other mean": (-mean, ACCENT),
        }  # that space is turned by 180 degrees
        with st.container(width=300):
            figure = face_plots.overlay(lips, get_scheme("lips20"))
            plots.show(figure, height=200, key="two means")
        st.markdown(
            f"The {len(space.components)} coefficients of every frame stay; the mean lips are "
            "another speaker's. The Humans project 2021 adapts a model to a new speaker this "
            "way: `generate --lip_mean` does it with a lips model.",
            width=420,
        )
    return lines


def _mean(
    space: ShapeSpace, other: str, tracks: Mapping[str, LandmarkTrack]
) -> NDArray[np.float64] | None:
    """Mean lips (20, 2) of a clip or of a file; None where there is no file yet."""
    try:
        if other != _FILE:
            return mean_lips(tracks[other])
        path = _uploaded(
            "Mean lips", "mean file", "NPY with (20, 2) in space eye5, or a basis NPZ of lips."
        )
        return None if path is None else read_mean(path, space)
    except SpeechmarksError as error:
        st.error(safe_text(str(error)), icon=":material/error:")
        return None
