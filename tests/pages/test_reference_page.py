"""The Reference page: rules, candidates, a frame by hand, and what hangs on it."""

from __future__ import annotations

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

from core.reference import (
    RULES,
    aligned_for_identity,
    closed_mouth,
    reference_sensitivity,
    remove_identity,
    rule_choices,
)
from core.render.player import unpack_player
from ui import state
from ui.plots import picked


def after(app: AppTest) -> NDArray[np.float64]:
    """The points of the last panel of the player."""
    return unpack_player(app.get("bidi_component")[0].proto.bytes).points[-1]


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
    app = open_page("reference", state.sample_clip(), rate="as filmed")
    in_order(app)
    lines = app.code[0].value.splitlines()
    assert "--to-fps" not in lines[1] and "--frame" in lines[-1]


def test_what_hangs_on_the_frame_is_the_sensitivity() -> None:
    app = open_page("reference", state.sample_clip(), look="What hangs on it")
    in_order(app)
    aligned = aligned_for_identity(state.landmarks(state.sample_clip()))
    frames = [int(k) for k in closed_mouth(aligned).candidates[:5]]
    expected = reference_sensitivity(aligned, frames, chosen=frames[0])
    table = app.dataframe[0].value
    assert list(table["frame"]) == frames
    np.testing.assert_array_equal(table["mouth"], [c.change["mouth"] for c in expected])
    app.selectbox[1].set_value(state.first_models()[0]).run()
    in_order(app)
    assert np.isfinite(app.dataframe[0].value["mouth_rmse"]).all()
    assert "--prediction generated/predicted.npy" in app.code[0].value


def test_the_made_up_clip_shows_pursed_lips() -> None:
    app = open_page("reference", state.sample_clip(), look="Why width matters")
    in_order(app)
    assert "frame **30**" in said(app)
    assert "--example --rules" in app.code[0].value


def test_a_threshold_that_keeps_nothing_is_told_in_a_sentence() -> None:
    app = open_page("reference", state.sample_clip(), rule="My own threshold")
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
