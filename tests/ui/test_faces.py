"""Which faces a comparison shows, and what it says of those that it cannot show."""

from __future__ import annotations

import numpy as np
import pytest
from making import make_track
from streamlit.testing.v1 import AppTest

from core.align import align
from core.neutral import remove_identity
from core.samples import SAMPLE
from core.tracks.scheme import point_map
from core.tracks.track import select_points

FREE = remove_identity(SAMPLE.truth)
BROUGHT = {
    "flat.npz": FREE,
    "deep.npz": FREE.replace(points=np.dstack([FREE.points, 0.1 * FREE.points[..., 0]])),
    "lips.npz": select_points(SAMPLE.truth, point_map("dlib68", "lips20"), "lips20"),
    "hum.npz": align(SAMPLE.truth, "lips", mouth_only=True),
    "*empty*.npy": make_track(np.full((12, 68, 2), np.nan)),
    "zeros.npy": make_track(np.zeros((12, 68, 2))),
}


def page(tracks: dict) -> None:
    import streamlit as st

    from core.samples import SAMPLE
    from ui.compare.faces import curves_of, faces_of, scores_of
    from ui.shared.importing import BroughtTrack

    dropped = [BroughtTrack(name, t, "yours", name) for name, t in tracks.items()]
    faces = faces_of(SAMPLE.truth, {}, dropped)
    faces.panels("wireframe")
    curves_of(faces)
    st.session_state["faces"] = {face.name: face.track for face in faces.faces}
    st.session_state["scored"] = list(scores_of(faces))


def shown(*names: str) -> AppTest:
    kwargs = {"tracks": {name: BROUGHT[name] for name in names}}
    app = AppTest.from_function(page, kwargs=kwargs, default_timeout=60).run()
    assert not app.exception, [e.value for e in app.exception]
    return app


@pytest.mark.parametrize(
    ("name", "told"),
    [("*empty*.npy", "has a face"), ("zeros.npy", "an alignment cannot be determined")],
    ids=["no face in any frame", "all points in one place"],
)
def test_a_track_that_cannot_be_aligned_is_left_out_and_the_others_stay(
    name: str, told: str
) -> None:
    app = shown("flat.npz", name)
    assert list(app.session_state["faces"]) == ["Ground truth", "flat.npz"]
    (warning,) = app.warning
    text = warning.value.replace("\\", "")
    assert text.startswith(f"{name} is not shown: ") and told in text
    assert "*empty*" not in warning.value, "a name is shown as it is, never as markup"


def test_depth_stays_so_that_the_face_can_be_turned() -> None:
    app = shown("flat.npz", "deep.npz")
    faces = app.session_state["faces"]
    assert faces["deep.npz"].points.shape[2] == 3 and faces["flat.npz"].points.shape[2] == 2
    assert app.session_state["scored"] == ["flat.npz", "deep.npz"]


def test_what_was_mapped_is_said_once() -> None:
    app = shown("deep.npz", "lips.npz")
    first = app.caption[0].value.replace("\\", "")
    assert first.startswith("Ground truth: its 68 points were mapped to 20.")
    assert "deep.npz: its 68 points were mapped to 20, and its depth was left out." in first
    assert {t.points.shape[1] for t in app.session_state["faces"].values()} == {20}


def test_beside_lips_in_hums_space_every_face_becomes_lips_there() -> None:
    app = shown("hum.npz", "flat.npz")
    tracks = app.session_state["faces"]
    assert {(t.scheme, t.space) for t in tracks.values()} == {("lips20", "eye5")}
    assert "in space eye5" in "\n".join(c.value for c in app.caption)
    assert not any("No curves" in c.value for c in app.caption)
    one, two = (
        tracks[n].points for n in ("Ground truth", "hum.npz")
    )  # the same lips, by two roads
    np.testing.assert_allclose(one, two, atol=1e-9)
