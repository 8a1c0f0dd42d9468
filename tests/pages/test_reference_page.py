"""The Reference page: rules, candidates, a frame by hand, and what hangs on it."""

from __future__ import annotations

from io import BytesIO
from pathlib import PurePath

import numpy as np
import pytest
import streamlit as st
from numpy.typing import NDArray
from streamlit.testing.v1 import AppTest
from test_pages import (  # noqa: F401 (fixtures of this module, too)
    in_order,
    open_page,
    panels,
    press,
    private_workspace,
    said,
)

from core.align import align
from core.neutral import (
    RULES,
    aligned_for_identity,
    closed_mouth,
    lip_gap,
    reference_sensitivity,
    remove_identity,
    rule_choices,
)
from core.render.player import unpack_player
from core.tracks.io import track_bytes
from core.tracks.track import LandmarkTrack
from ui.shared import state
from ui.shared.plots import picked


def after(app: AppTest) -> NDArray[np.float64]:
    """The points of the result; the last panel is that with an open mouth as the reference."""
    return unpack_player(app.get("bidi_component")[0].proto.bytes).points[-2]


def test_every_rule_is_in_the_table_with_what_it_takes() -> None:
    app = open_page("reference", state.sample_clip())
    in_order(app)
    expected = rule_choices(aligned_for_identity(state.landmarks(state.sample_clip())))
    table = app.dataframe[0].value
    assert list(table["rule"]) == [rule.title for rule in RULES.values()]
    assert list(table["frame"]) == [choice.frame for choice in expected]
    np.testing.assert_array_equal(table["gap"], [choice.gap for choice in expected])
    assert "--to-fps 25 --rules --frames 8" in app.code[0].value


@pytest.mark.parametrize("rule", RULES)
def test_the_chosen_rule_gives_the_frame_and_the_command(rule: str) -> None:
    app = open_page("reference", state.sample_clip(), rule=RULES[rule].title)
    in_order(app)
    aligned = aligned_for_identity(state.landmarks(state.sample_clip()))
    found = closed_mouth(aligned, z=RULES[rule].z, gap=RULES[rule].gap)
    assert f"Frame **{found.frame}**" in said(app)
    assert RULES[rule].says in said(app)
    assert ("--gap crossed" in app.code[0].value) == (RULES[rule].gap == "crossed")
    assert ("--z inf" in app.code[0].value) == np.isinf(RULES[rule].z)


@pytest.mark.parametrize("way", ["number", "picture"])
def test_a_frame_by_hand_becomes_the_reference(way: str) -> None:
    app = open_page("reference", state.sample_clip())
    aligned = aligned_for_identity(state.landmarks(state.sample_clip()))
    frame = int(closed_mouth(aligned).candidates[3])
    if way == "number":
        app.number_input[0].set_value(frame).run()
    else:
        press(app, f"frame {frame}")
    in_order(app)
    assert f"Frame **{frame}**" in said(app) and "by hand" in said(app)
    assert f"--frame {frame}" in app.code[0].value
    assert app.number_input[0].value == frame


def test_a_frame_as_filmed_is_found_again_at_the_rate_of_the_result() -> None:
    app = open_page("reference", state.sample_clip(), rate="original frame rate")
    in_order(app)
    lines = app.code[0].value.splitlines()
    assert "--to-fps" not in lines[1] and "--frame" in lines[-1]


def test_what_hangs_on_the_frame_is_the_sensitivity() -> None:
    app = open_page("reference", state.sample_clip(), look="Sensitivity")
    in_order(app)
    aligned = aligned_for_identity(state.landmarks(state.sample_clip()))
    frames = [int(k) for k in closed_mouth(aligned).candidates[:5]]
    expected = reference_sensitivity(aligned, frames, chosen=frames[0])
    table = app.dataframe[0].value
    assert list(table["frame"]) == frames
    np.testing.assert_array_equal(table["mouth"], [c.change["mouth"] for c in expected])
    box = next(b for b in app.selectbox if b.label == "Errors of a model")
    app = box.set_value(state.default_models()[0]).run()
    in_order(app)
    assert np.isfinite(app.dataframe[0].value["mouth_rmse"]).all()
    assert "--prediction generated/presenter.mp4/predicted.npy" in app.code[0].value


def test_the_made_up_clip_shows_pursed_lips() -> None:
    app = open_page("reference", state.sample_clip(), look="Why width matters")
    in_order(app)
    assert "frame **30**" in said(app)
    assert "--example --rules" in app.code[0].value


def test_a_threshold_that_keeps_nothing_is_told_in_a_sentence() -> None:
    app = open_page("reference", state.sample_clip(), rule="Own threshold")
    app.slider[0].set_value(0.05).run()
    in_order(app)
    assert panels(app) or app.error[0].value.endswith(".")


def test_a_clicked_dot_says_its_frame() -> None:
    for carried, frame in (([7], 7), (7, 7), (None, None)):
        points = [{"customdata": carried}]
        st.session_state["dots"] = {"selection": {"points": points}}
        assert picked("dots") == frame
    st.session_state["dots"] = {"selection": {"points": []}}
    assert picked("dots") is None


def test_the_result_in_the_player_is_identity_removal_with_that_frame() -> None:
    app = open_page("reference", state.sample_clip(), rule=RULES["crossed-1.3"].title)
    in_order(app)
    track = state.landmarks(state.sample_clip())
    frame = closed_mouth(aligned_for_identity(track), gap="crossed").frame
    expected = remove_identity(track, frame=frame).points
    np.testing.assert_allclose(after(app), expected, atol=1e-4)


def test_the_wrong_frame_beside_it_is_the_one_with_the_widest_gap() -> None:
    app = open_page("reference", state.sample_clip())
    in_order(app)
    aligned = aligned_for_identity(state.landmarks(state.sample_clip()))
    wrong = int(np.nanargmax(np.where(aligned.frame_valid, lip_gap(aligned), np.nan)))
    right = closed_mouth(aligned).frame
    assert panels(app) == [
        "Clip", "Aligned", f"Minus frame {right}", f"Open mouth, frame {wrong}",
    ]  # fmt: skip
    assert "Why this frame matters" in said(app)


def bring(name: str, track: LandmarkTrack) -> str:
    """Keep a track as one that the viewer brought; its id."""
    file = BytesIO(track_bytes(track, PurePath(name).suffix))
    return state.workspace().add_import(file, name, "track").id


def test_a_track_that_is_brought_takes_the_place_of_the_clip() -> None:
    track = state.landmarks(state.sample_clip())
    identity = bring("mine.npy", track)
    app = open_page("reference", state.sample_clip(), tracks=f"{identity}:30:pixel")
    app.selectbox(key="landmarks of").set_value("mine.npy").run()
    in_order(app)
    own = track.replace(times=np.arange(len(track)) / 30)
    found = closed_mouth(aligned_for_identity(own))
    assert f"Frame **{found.frame}**" in said(app)
    assert panels(app)[0] == "Aligned" and len(panels(app)) == 3
    lines = app.code[0].value.splitlines()
    assert len(lines) == 2 and all("mine.npy --source-fps 30" in line for line in lines)


def test_a_track_of_lips_is_refused_in_a_sentence() -> None:
    lips = align(state.landmarks(state.sample_clip()), "lips", mouth_only=True)
    identity = bring("lips.npz", lips)
    app = open_page("reference", state.sample_clip(), tracks=identity)
    app.selectbox(key="landmarks of").set_value("lips.npz").run()
    assert "20 points" in app.error[0].value and not app.exception
