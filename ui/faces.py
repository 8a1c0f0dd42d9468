"""The faces of a comparison: what is compared, how it is drawn, how it scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import streamlit as st

from core.adapted import adapted_stretch
from core.align import comparable
from core.errors import SpeechmarksError
from core.metrics import Score, score_track
from core.reference import remove_lip_identity
from core.render import INK, Panel, Style, free_colours, model_colour
from core.render.curves import comparison_curves
from core.render.depth import template_motion
from core.render.player import Curve, PlayerPanel
from core.scheme import point_map
from core.track import LandmarkTrack, select_points
from ui import state
from ui.edits import how_found
from ui.widgets import safe_text

__all__ = ["TRUTH", "Face", "curves_of", "faces_of", "panels_of", "scores_of"]

TRUTH = "Ground truth"


@dataclass(frozen=True, eq=False)
class Face:
    """One face: ``raw`` landmarks as they came, ``track`` as it is drawn, where it is from."""

    name: str
    raw: LandmarkTrack
    track: LandmarkTrack
    colour: str
    note: str


def faces_of(
    truth: LandmarkTrack | None,
    models: Mapping[str, LandmarkTrack],
    brought: Iterable[tuple[str, LandmarkTrack, str]],
) -> list[Face]:
    """The truth, the models and what was brought, each with its colour and a name of its own.

    68-point faces are drawn as motion on the shipped template; one that cannot be put there is left
    out with a remark. Where schemes differ, the viewer chooses whether to see only the points that
    all of them have, and reads what was mapped.
    """
    colours = {card.name: model_colour(card.order) for card in state.model_cards()}
    found = [] if truth is None else [(TRUTH, truth, INK, how_found(truth))]
    found += [
        (n, t, colours[n], "adapted" if adapted_stretch(t) else "from the audio")
        for n, t in models.items()
    ]
    taken, free = {TRUTH, *colours}, free_colours(colours[n] for n in models)
    for name, track, note in brought:
        unique = f"{name} (imported)" if name in taken else name
        taken.add(unique)
        found.append((unique, track, next(free), note))
    drawn = {}
    for name, track, _, _ in found:
        try:
            drawn[name] = template_motion(track) if track.scheme == "dlib68" else track
        except SpeechmarksError as error:  # the others are compared without it
            st.warning(safe_text(f"{name} is not shown: {error}"), icon=":material/face_6:")
    if len({track.scheme for track in drawn.values()}) > 1 and st.toggle(
        "Common points only", True, key="same points"
    ):
        raw = {name: track for name, track, _, _ in found if name in drawn}
        drawn, remark = _same_points(raw, drawn)
        st.caption(safe_text(remark))
    return [Face(n, t, drawn[n], colour, note) for n, t, colour, note in found if n in drawn]


def _same_points(
    raw: Mapping[str, LandmarkTrack], drawn: Mapping[str, LandmarkTrack]
) -> tuple[dict[str, LandmarkTrack], str]:
    """Tracks with the same points, and what was done for it.

    Beside lips in space eye5 every face becomes lips there, free of identity, so that openings
    and distances can be compared; otherwise points are chosen as they are.
    """
    said: list[str] = []
    if any(t.scheme == "lips20" and t.space == "eye5" for t in drawn.values()):
        try:
            lips = {name: remove_lip_identity(_with_eyes(track)) for name, track in raw.items()}
            return lips, (
                "Lips only: each motion on the template's lips, in space eye5 (Humans project "
                "2021)."
            )
        except SpeechmarksError as error:
            said.append(f"Lips are shown without conversion: {error}")
    chosen, remarks = comparable(drawn)
    return chosen, " ".join([*said, *remarks])


def _with_eyes(track: LandmarkTrack) -> LandmarkTrack:
    """The 68 points of a denser face, for what rests on eyes and lips."""
    if track.scheme in ("dlib68", "lips20"):
        return track
    return select_points(track, point_map(track.scheme, "dlib68"), "dlib68")


def panels_of(faces: Iterable[Face], style: Style) -> tuple[list[PlayerPanel], list[Panel]]:
    """The same panels for the player and for movies."""
    shown, movie = [], []
    for face in faces:
        paintable = face.track.scheme == "dlib68" or style == "dots"
        drawn: Style = style if paintable else "wireframe"
        shown.append(
            PlayerPanel(
                face.name,
                style=drawn,
                colour=face.colour,
                track=face.track,
                caption=face.note,
                truth=face.name == TRUTH,
            )
        )
        movie.append(Panel(face.name, track=face.track, style=drawn, colour=face.colour))
    return shown, movie


def curves_of(faces: Iterable[Face]) -> list[Curve]:
    """Openings and distances under the timeline; a remark where they cannot be taken."""
    tracks = {face.name: (face.track, face.colour) for face in faces}
    try:
        known = TRUTH if TRUTH in tracks else None
        return comparison_curves(tracks, truth=known, identity_free=True)
    except SpeechmarksError as error:
        st.caption(safe_text(f"No curves: {error}"))
        return []


def scores_of(faces: Iterable[Face], *, clip: str | None = None) -> dict[str, dict[str, Score]]:
    """Scores of every face against the truth; a remark where one cannot be scored.

    clip : id of the clip of the truth: seconds of it that a model was adapted to are left out.
    """
    found: dict[str, dict[str, Score]] = {}
    truth = next((face.raw for face in faces if face.name == TRUTH), None)
    for face in faces:
        if truth is None or face.name == TRUTH:
            continue
        try:
            found[face.name] = score_track(truth, face.raw, clip=clip)[0]
        except SpeechmarksError as error:
            st.caption(safe_text(f"{face.name} cannot be scored: {error}"))
    return found
