"""The faces of the page Compare, with what the page says about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import streamlit as st

from core.errors import SpeechmarksError
from core.evaluation.publications import Score
from core.models import AdaptedModel, SpeechModel
from core.render import Style
from core.render.comparison import FaceComparison, Given, PointsOf, compare_faces
from core.render.player import Curve
from core.tracks.adapted import adapted_stretch
from core.tracks.track import LandmarkTrack
from core.workspace import Clip
from ui.shared import state
from ui.shared.edits import how_found
from ui.shared.importing import BroughtTrack
from ui.shared.widgets import safe_text

__all__ = ["TRUTH", "Made", "curves_of", "faces_of", "made_by_commands", "scores_of"]

TRUTH = "Ground truth"
_FOLDER = "compared"  # of the files that the printed commands make


def _points(schemes: Iterable[str]) -> PointsOf:
    """Whether only common points are drawn; a switch where schemes differ."""
    differ = len(set(schemes)) > 1
    own = differ and not st.toggle("Common points only", True, key="same points")
    return "own" if own else "common"


def _titles(imported: Iterable[BroughtTrack]) -> list[str]:
    """Titles of dropped tracks beside the ground truth and the models."""
    taken = {TRUTH, *(card.name for card in state.model_cards())}
    return [f"{one.name} (imported)" if one.name in taken else one.name for one in imported]


def faces_of(
    truth: LandmarkTrack | None,
    models: Mapping[str, LandmarkTrack],
    imported: Sequence[BroughtTrack],
    *,
    clip: str | None = None,
) -> FaceComparison:
    """Ground truth, predictions and dropped tracks, with a warning for each that cannot be drawn.

    clip : id of the clip of the ground truth.
    """
    others = [
        *(
            Given(name, track, "adapted" if adapted_stretch(track) else "from the audio")
            for name, track in models.items()
        ),
        *(
            Given(title, one.track, one.note)
            for title, one in zip(_titles(imported), imported, strict=True)
        ),
    ]
    first = None if truth is None else Given(TRUTH, truth, how_found(truth))
    schemes = [one.track.scheme for one in [*([] if first is None else [first]), *others]]
    found = compare_faces(
        first,
        others,
        order={card.name: card.order for card in state.model_cards()},
        points=_points(schemes),
        clip=clip,
    )
    for name, reason in found.left_out.items():
        st.warning(safe_text(f"{name} is not shown: {reason}"), icon=":material/face_6:")
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
) -> Made:
    """The command lines that make the faces of the page, in an empty folder with the clip and the
    dropped files.

    seconds : of the clip that adapted models are adapted to.
    """
    word, own = state.command_word(clip), f"{_FOLDER}/landmarks.npz"
    before = {TRUTH: state.landmark_line(clip, own)}
    files = {TRUTH: own}
    for name, model in models.items():
        adapted = isinstance(model, AdaptedModel) and seconds is not None
        flags = ["--adapt", word, "--adapt-seconds", f"{seconds:g}"] if adapted else []
        flags += ["--adapt-landmarks", own] if adapted else []
        before[name] = ["generate", "-i", word, "-m", name, "-o", f"{_FOLDER}/{name}", "-s", *flags]
        plain = model.fps == 25 and model.space == "template" and not adapted
        ending = ".npy" if plain else ".npz"  # an .npy holds neither
        files[name] = f"{_FOLDER}/{name}/{PurePath(word).name}/predicted{ending}"
    for title, one in zip(_titles(imported), imported, strict=True):
        files[title] = one.file
        if one.flags:
            files[title] = f"{_FOLDER}/{one.file}.npz"
            before[title] = ["convert", one.file, "-o", files[title], *one.flags]
    shown = [face.name for face in faces.faces]
    words = [files[name] for name in shown]
    words += [word for name in shown for word in ("--title", name)]
    words += ["--style", style]
    words += [] if faces.truth is not None else ["--ground-truth", "none"]
    words += ["--points", "own"] if st.session_state.get("same points") is False else []
    return Made(
        {name: files[name] for name in shown},
        [line for name, line in before.items() if name in shown],
        words,
    )
