"""Published against corrected behaviour: the switch of the pages, and how far the two differ."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.align import Alignment, align_frames, face_size, shipped_template
from core.errors import MissingFile, SpeechmarksError
from core.evaluation.publications import score_track
from core.neutral import published_difference, published_template, remove_identity
from core.tracks.geometry import interocular
from core.tracks.track import LandmarkTrack
from ui.shared.widgets import safe_text

__all__ = [
    "identity_difference",
    "procrustes_difference",
    "published_scores",
    "published_switch",
]


def published_switch() -> bool:
    """Whether the page shows what the published programs do, defects included."""
    return st.toggle(
        "Published behaviour (Eskimez et al. 2018, 2020, and the replication)", key="published",
        bind="query-params",
        help="Exactly what the published programs do, defects included, beside the corrected "
        "behaviour of this program. Commands get the flag --published.",
    )  # fmt: skip


def procrustes_difference(track: LandmarkTrack, published: Alignment) -> LandmarkTrack:
    """The corrected Procrustes alignment, with a line on how far the published one is from it."""
    corrected = align_frames(track, "procrustes")
    mirrored = int((np.linalg.det(published.transform.rotation) < 0).sum())
    away = np.linalg.norm(published.track.points - corrected.track.points, axis=2)
    unit, name = face_size(np.nanmean(corrected.track.points, axis=0), track.layout)
    st.caption(
        f"The published Procrustes alignment may mirror a face; it mirrors **{mirrored}** of "
        f"{len(track)} frames of this clip. Largest distance of a point from the corrected "
        f"alignment: **{np.nanmax(away) / unit:.4f} {name}**. The other methods are the same."
    )
    return corrected.track


def _template() -> tuple[NDArray[np.float64], list[str], str]:
    """The template of both procedures, its flags, and a line on which it is."""
    try:
        return published_template(), [], "Both use the published template face."
    except MissingFile:
        flags = ["--template", "pretrained/template.npy"]
        return (
            shipped_template(),
            flags,
            (
                "Both use the shipped template face. The published one is not on this machine; "
                "'models get mean.npy' downloads it."
            ),
        )


def identity_difference(
    tracks: Mapping[str, LandmarkTrack], names: Mapping[str, str]
) -> tuple[dict[str, LandmarkTrack], list[str]]:
    """A table of how far published and corrected identity removal are apart on every clip.

    tracks : by clip. names : what each clip is called, by clip.

    Returns
    -------
    tracks : as published, by clip, where the published procedure works.
    flags : of the command `identity`.
    """
    template, flags, said = _template()
    rows, found = [], {}
    for key, track in tracks.items():
        try:
            both = published_difference(track, template)
        except SpeechmarksError as error:
            st.warning(safe_text(f"{names[key]}: {error}"), icon=":material/block:")
            continue
        found[key] = both.published
        first, second = both.references
        rows.append(
            {
                "clip": names[key],
                "reference, corrected": first,
                "reference, published": second,
                "duration, corrected": len(both.corrected) / 25,
                "duration, published": len(both.published) / 25,
                "difference": both.distance,
            }
        )
    number = st.column_config.NumberColumn
    seconds = {n: number(f"{n} (s)", format="%.2f") for n in list(rows[0])[1:5]} if rows else {}
    st.dataframe(
        pd.DataFrame(rows), hide_index=True,
        column_config={**seconds, "difference": number("difference (IOD)", format="%.4f")},
    )  # fmt: skip
    st.caption(
        "Published: crossed lip pairs, |z| < 0.1 for the mouth width, faces may be mirrored, and "
        "every clip is taken for 30 fps, so another rate changes the duration. *difference* is the "
        f"root mean square distance of the points at the same times. {said}"
    )
    return found, ["--published", *flags]


def published_scores(truth: LandmarkTrack, predictions: Mapping[str, LandmarkTrack]) -> list[str]:
    """A table of the published error of each prediction beside the corrected one.

    Published: identity removal of the ground truth and RMSE as the published programs compute
    them, frame by frame. Corrected: the RMSE of the table of scores.

    Returns
    -------
    list of str
        Flags of the command `identity` that makes the ground truth of the published error.
    """
    template, flags, said = _template()
    iod = interocular(template)
    rows = []
    try:
        free = remove_identity(truth, template=template, published=True)
    except SpeechmarksError as error:
        st.caption(safe_text(f"No published errors: {error}"))
        return ["--published", *flags]
    for name, track in predictions.items():
        try:
            published = score_track(free, track, published=True)[0]["rmse"].value / iod
            corrected = score_track(truth, track)[0]["rmse"].value
        except (SpeechmarksError, KeyError) as error:
            st.caption(safe_text(f"{name} has no published error: {error}"))
            continue
        rows.append(
            {
                "model": name,
                "RMSE, published": published,
                "RMSE, corrected": corrected,
                "difference": published - corrected,
            }
        )
    number = st.column_config.NumberColumn
    columns = {n: number(f"{n} (IOD)", format="%.4f") for n in list(rows[0])[1:]} if rows else {}
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=columns)
    st.caption(
        "Published: the ground truth after the published identity removal, frame k beside frame k "
        "of the prediction, all 68 points. Corrected: at the same times, after the corrected "
        f"identity removal of both. {said}"
    )
    return ["--published", *flags]
