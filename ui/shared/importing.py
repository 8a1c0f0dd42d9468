"""Tracks and lanes of labels that the user brings to a page, ready to be shown beside its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import get_args

import streamlit as st

from core.errors import NoFace, SpeechmarksError
from core.tracks.anatomy import ASSUMPTIONS, Assumption
from core.tracks.io import Contents, guess_space, read_contents, to_track
from core.tracks.labels import TimedLabel, read_label_tiers
from core.tracks.track import LandmarkTrack, Space
from core.workspace import Clip, Import
from ui.shared import state
from ui.shared.imported import Choice, choose, chosen, row, upload
from ui.shared.widgets import safe_text

__all__ = ["BroughtTrack", "import_labels", "import_systems", "import_tracks"]


Picture = tuple[int, int] | None
Assumed = tuple[Assumption, ...]


@st.cache_resource(max_entries=32, show_spinner="Reading the track ...")
def _contents(identity: str, path: str, assume: Assumed, picture: Picture) -> Contents:
    return read_contents(path, assume=assume, picture=picture)


@st.cache_resource(max_entries=32, show_spinner=False)
def _track(
    identity: str,
    path: str,
    fps: float | None,
    space: Space | None,
    assume: Assumed,
    picture: Picture,
) -> LandmarkTrack:
    imported = state.workspace().get_import(identity)
    contents = _contents(identity, path, assume, picture)
    return to_track(contents, imported.name, fps=fps, space=space)


def _offer(contents: Contents, choice: Choice) -> None:
    """A button that corrects a layout which is no face, and one that takes the correction back."""
    if choice.assume:
        told = " and ".join(ASSUMPTIONS[a] for a in choice.assume)
        if st.button(f"Undo: {told}", key=f"undo {choice.id}", icon=":material/undo:"):
            _choose_again(replace(choice, assume=()))
    elif contents.finding is not None and contents.finding.assume:
        told = " and ".join(ASSUMPTIONS[a] for a in contents.finding.assume)
        if st.button(f"Correct: {told}", key=f"correct {choice.id}", icon=":material/build:"):
            _choose_again(replace(choice, assume=contents.finding.assume))


def _choose_again(choice: Choice) -> None:
    choose("track", [choice if c.id == choice.id else c for c in chosen("track")])
    st.rerun()


def _usual_rate(contents: Contents, clip: Clip) -> float:
    """The clip's rate for a track of as many frames, else 25."""
    video = clip.info.video
    same = video is not None and video.n_frames == len(contents.points)
    return round(video.fps, 3) if video is not None and same else 25.0


def _settle(contents: Contents, choice: Choice, clip: Clip) -> Choice:
    """The choice, with fields for what the file does not say."""
    if contents.times is None:
        fps = st.number_input(
            "Frames per second",
            1.0,
            1000.0,
            choice.fps or _usual_rate(contents, clip),
            format="%.3f",
            key=f"rate {choice.id}",
        )
        choice = replace(choice, fps=fps)
    if contents.space is None:
        spaces: tuple[Space, ...] = get_args(Space)
        guess = choice.space or guess_space(contents.points)
        space = st.selectbox("Space", spaces, spaces.index(guess), key=f"space {choice.id}")
        choice = replace(choice, space=space)
    return choice


@dataclass(frozen=True, eq=False)
class BroughtTrack:
    """A track, or a system's video, that was dropped.

    Attributes
    ----------
    name : shown, untrusted text
    track : None as long as the landmarks of a video are not known
    note : points, frame rate and space
    file : how a command line names its file: its own name, below a folder where another file has
        the same name
    flags : what the file does not say: ``--source-fps`` and ``--space``
    id : of the file in the workspace
    video : the video as a clip of its own
    searched : whether the landmarks of the video were known when the page read them
    """

    name: str
    track: LandmarkTrack | None
    note: str
    file: str
    flags: tuple[str, ...] = ()
    id: str = ""
    video: Clip | None = None
    searched: bool = True


_TRACKS = (
    "NPY, NPZ, CSV (also OpenFace, DeepLabCut, SLEAP), JSON (also MediaPipe), H5, PTS, or numbered "
    "TXT (many, or a ZIP)"
)
_LABELS = "CSV, Praat TextGrid, ALIGN, JSON (WhisperX, Gentle), SRT, VTT, TXT (Audacity)"


def import_tracks(clip: Clip) -> list[BroughtTrack]:
    """A place for tracks beside those of the page.

    A file without a rate has that of the clip where it has as many frames, else 25 a second.
    """
    with st.popover("Add tracks", icon=":material/add:"):
        upload("track", "Landmark tracks", _TRACKS)
        return _brought(clip, videos=False)


def import_systems(clip: Clip) -> list[BroughtTrack]:
    """A place for what other systems have made of the clip: landmark tracks and videos.

    The landmarks of videos are those that are known; none is detected here.
    """
    with st.popover("Add systems", icon=":material/add:"):
        upload("track", "Videos and landmark tracks", f"Videos, or {_TRACKS}", videos=True)
        return _brought(clip, videos=True)


@st.cache_resource(max_entries=64, show_spinner=False)
def _system(identity: str) -> Clip:
    return state.workspace().system_clip(identity)


def _filmed(imported: Import, name: str, file: str) -> BroughtTrack:
    """A system's video, with its landmarks where they are known."""
    identity = imported.id
    video = _system(identity)
    assert video.info.video is not None  # checked when it was added
    how = state.recipe(video)
    known = state.workspace().known_landmarks(identity, recipe=how) is not None
    track, note = None, "video"
    if known:
        try:
            track = state.landmarks(video)
        except NoFace as error:
            note = str(error)
    note = f"{note}, {video.info.video.fps:.4g} fps"
    return BroughtTrack(name, track, note, file, id=identity, video=video, searched=known)


def _brought(clip: Clip, *, videos: bool) -> list[BroughtTrack]:
    """The chosen files of the clip, each with its row."""
    shown: dict[str, BroughtTrack] = {}
    with st.container():
        for choice in chosen("track"):
            if (imported := row("track", choice, videos=videos)) is None:
                continue
            name = imported.name
            file = f"./{name}" if name.startswith("-") else name  # which would be read as a flag
            if name in shown:
                name, file = f"{name} {imported.id[:4]}", f"{imported.id[:4]}/{name}"
            if imported.kind == "video":
                shown[name] = _filmed(imported, name, file)
                continue
            try:
                size = clip.info.video.size if clip.info.video is not None else None
                contents = _contents(imported.id, str(imported.path), choice.assume, size)
                settled = _settle(contents, choice, clip)
                track = _track(
                    imported.id, str(imported.path), settled.fps, settled.space, choice.assume, size
                )
            except SpeechmarksError as error:
                st.error(safe_text(f"{imported.name}: {error}"), icon=":material/error:")
                continue
            choose("track", [settled if c.id == choice.id else c for c in chosen("track")])
            rate = "one frame" if track.fps is None else f"{track.fps:.4g} fps"
            note = f"{track.points.shape[1]} points, {rate}, {track.space}"
            said = " ".join(contents.remarks).replace(imported.path.name, imported.name)
            st.caption(safe_text(f"{note}. {said}".strip()))
            _offer(contents, settled)
            flags = [] if contents.times is not None else ["--source-fps", f"{settled.fps:.9g}"]
            flags += [] if contents.space is not None else ["--space", track.space]
            flags += [word for a in choice.assume for word in ("--assume", a)]
            if (
                size is not None
                and _contents(imported.id, str(imported.path), choice.assume, None).normalised
            ):
                flags += ["--picture", f"{size[0]}x{size[1]}"]
            shown[name] = BroughtTrack(name, track, note, file, tuple(flags), imported.id)
    return list(shown.values())


def import_labels(clip: Clip) -> dict[str, list[TimedLabel]]:
    """A place for words or phonemes in time: labels of the clip by lane (untrusted text)."""
    lanes: dict[str, list[TimedLabel]] = {}
    with st.popover("Add labels", icon=":material/label:"):
        upload("labels", "Words or phonemes", _LABELS)
        for choice in chosen("labels"):
            if (imported := row("labels", choice)) is None:
                continue
            try:
                found = read_label_tiers(imported.path, imported.name)
            except SpeechmarksError as error:
                st.error(safe_text(f"{imported.name}: {error}"), icon=":material/error:")
                continue
            late = 0
            for lane, labels in found.lanes.items():
                inside = [label for label in labels if label.start < clip.info.duration]
                lanes[lane if lane not in lanes else f"{lane} {imported.id[:4]}"] = inside
                late += len(labels) - len(inside)
            beyond = (f"Labels after the end of the clip: {late}.",) if late else ()
            if said := " ".join((*found.remarks, *beyond)):
                st.caption(safe_text(said))
    return lanes
