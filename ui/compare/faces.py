"""The faces of the page Compare, with what the page says about them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import streamlit as st

from core.errors import SpeechmarksError
from core.evaluation.publications import Score
from core.models import AdaptedModel, SpeechModel
from core.render import Style
from core.render.comparison import FaceComparison, Given, IdentityOf, PointsOf, compare_faces
from core.render.palette import free_colours, model_colours
from core.render.player import Curve
from core.tracks.adapted import adapted_stretch
from core.tracks.track import LandmarkTrack
from core.workspace import Clip
from ui.compare.systems import Look, System
from ui.shared import state
from ui.shared.edits import how_found
from ui.shared.importing import BroughtTrack
from ui.shared.recipe import recipe_flags
from ui.shared.widgets import safe_text

__all__ = [
    "TRUTH",
    "Made",
    "curves_of",
    "faces_of",
    "made_by_commands",
    "scores_of",
    "systems_of",
]

TRUTH = "Ground truth"
_FOLDER = "compared"  # of the files that the printed commands make


def _points(schemes: Iterable[str]) -> PointsOf:
    """Whether only common points are drawn; a switch where schemes differ."""
    differ = len(set(schemes)) > 1
    own = differ and not st.toggle("Common points only", True, key="same points")
    return "own" if own else "common"


def systems_of(models: Iterable[str], imported: Iterable[BroughtTrack]) -> list[System]:
    """Models and imported systems before anything of them is changed."""
    order = {card.name: card.order for card in state.model_cards()}
    taken = {TRUTH, *order}
    names = list(models)
    colours = model_colours({name: order[name] for name in names})
    free = free_colours(colours.values())
    return [
        *(System(name, name, colours[name]) for name in names),
        *(
            System(
                one.id or one.name,
                f"{one.name} (imported)" if one.name in taken else one.name,
                next(free),
            )
            for one in imported
        ),
    ]


def _colours(systems: Sequence[System], plain: Sequence[System]) -> dict[str, str]:
    """Colours by shown name; empty where nothing was renamed, recoloured or moved, as they then
    follow from the names alone."""
    same = [one.key for one in systems] == [one.key for one in plain]
    if same and not any(one.look.name or one.look.colour for one in systems):
        return {}
    return {one.shown: one.look.colour or one.colour for one in systems}


def faces_of(
    truth: LandmarkTrack | None,
    models: Mapping[str, LandmarkTrack],
    imported: Sequence[BroughtTrack],
    *,
    systems: Sequence[System] | None = None,
    truth_look: Look = Look(),  # noqa: B008  (it is frozen)
    identity: IdentityOf = "removed",
    clip: str | None = None,
) -> FaceComparison:
    """Ground truth, predictions and imported systems, with a warning for each that cannot be drawn.

    systems : as they are shown, in this order; None: as they are. clip : id of the clip of the
    ground truth.
    """
    brought = {one.id or one.name: one for one in imported}
    shown = systems_of(models, imported) if systems is None else systems
    colours = _colours(shown, systems_of(models, imported))
    others = []
    for one in shown:
        colour = colours.get(one.shown, "")
        shift = one.look.shift / 1000
        if one.key in brought:
            file = brought[one.key]
            video = None if file.video is None else file.video.path
            others.append(Given(one.shown, file.track, file.note, video, shift, colour))
        else:
            track = models[one.key]
            note = "adapted" if adapted_stretch(track) else "from the audio"
            others.append(Given(one.shown, track, note, None, shift, colour))
    first = None
    if truth is not None:
        first = Given(TRUTH, truth, how_found(truth), shift=truth_look.shift / 1000)
    schemes = [
        one.track.scheme
        for one in [*([] if first is None else [first]), *others]
        if one.track is not None
    ]
    found = compare_faces(
        first,
        others,
        order={card.name: card.order for card in state.model_cards()},
        identity=identity,
        points=_points(schemes),
        clip=clip,
    )
    for name, reason in found.left_out.items():
        st.warning(safe_text(f"{name} is not shown: {reason}"), icon=":material/face_6:")
    for remark in found.lengths():
        st.warning(safe_text(remark), icon=":material/straighten:")
    if found.remarks:
        st.caption(safe_text(" ".join(found.remarks)))
    return found


def curves_of(faces: FaceComparison) -> list[Curve]:
    """Curves under the timeline; a remark where they cannot be taken."""
    try:
        return faces.curves()
    except SpeechmarksError as error:
        st.caption(safe_text(f"No curves: {error}"))
        return []


def scores_of(faces: FaceComparison) -> dict[str, dict[str, Score]]:
    """Scores against the ground truth; a remark for each that cannot be taken."""
    found, notes = faces.scores()
    for note in notes:
        st.caption(safe_text(note))
    return found


@dataclass(frozen=True)
class Made:
    """The comparison on a command line.

    Attributes
    ----------
    files : the file of every face, by its name
    before : command lines that make those files that the user does not have
    words : of the command `compare`: tracks, titles and choices
    """

    files: Mapping[str, str]
    before: Sequence[Sequence[str]]
    words: Sequence[str]


def made_by_commands(
    clip: Clip,
    faces: FaceComparison,
    models: Mapping[str, SpeechModel],
    imported: Sequence[BroughtTrack],
    style: Style,
    seconds: float | None = None,
    *,
    systems: Sequence[System] | None = None,
    identity: IdentityOf = "removed",
    audio_from: str | None = None,
    on_videos: str = "picture",
) -> Made:
    """The command lines that make the faces of the page, in an empty folder with the clip and the
    dropped files.

    seconds : of the clip that adapted models are adapted to. systems : as they are shown; None: as
    they are. audio_from : the system whose video is heard.
    """
    word, own = state.command_word(clip), f"{_FOLDER}/landmarks.npz"
    before = {TRUTH: state.landmark_line(clip, own)}
    files = {TRUTH: own}
    known = systems_of(models, imported) if systems is None else systems
    brought = {one.id or one.name: one for one in imported}
    for system in known:
        name = system.shown
        if system.key in brought:
            one = brought[system.key]
            files[name] = one.file
            if one.flags:
                files[name] = f"{_FOLDER}/{one.file}.npz"
                before[name] = ["convert", one.file, "-o", files[name], *one.flags]
            continue
        model = models[system.key]
        adapted = isinstance(model, AdaptedModel) and seconds is not None
        flags = ["--adapt", word, "--adapt-seconds", f"{seconds:g}"] if adapted else []
        flags += ["--adapt-landmarks", own] if adapted else []
        out = f"{_FOLDER}/{system.key}"
        before[name] = ["generate", "-i", word, "-m", system.key, "-o", out, "-s", *flags]
        plain = model.fps == 25 and model.space == "template" and not adapted
        ending = ".npy" if plain else ".npz"  # an .npy holds neither
        files[name] = f"{out}/{PurePath(word).name}/predicted{ending}"
    videos = [video.name for video in faces.videos]
    shown = [name for name in files if name in {*videos, *(face.name for face in faces.faces)}]
    shown = [name for name in shown if name != TRUTH or faces.truth is not None]
    words = [
        files[name] if PurePath(files[name]).stem == name else f"{name}={files[name]}"
        for name in shown
    ]
    moved = [(s.shown, s.look.shift) for s in known if s.look.shift]
    moved += [(TRUTH, 1000 * faces.truth.shift)] if faces.truth and faces.truth.shift else []
    words += [w for name, ms in moved if name in shown for w in ("--shift", f"{name}={ms:g}ms")]
    colours = _colours(known, systems_of(models, imported))
    words += [
        w for name, c in colours.items() if name in shown for w in ("--colour", f"{name}={c}")
    ]
    words += ["--style", style]
    words += [] if identity == "removed" else ["--identity", identity]
    words += [] if faces.truth is not None else ["--ground-truth", "none"]
    words += ["--points", "own"] if st.session_state.get("same points") is False else []
    words += [] if audio_from is None else ["--audio-from", audio_from]
    if videos:
        words += [] if on_videos == "picture" else ["--on-videos", on_videos]
        words += recipe_flags(dataclasses.replace(state.recipe(clip), face="first"))
    return Made(
        {name: files[name] for name in shown},
        [line for name, line in before.items() if name in shown],
        words,
    )
